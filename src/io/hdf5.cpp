#include "hdf5.hpp"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <utility>

namespace tallfit::io::hdf5 {

namespace {

// HDF5 that starts after MPI_Init hooks itself into MPI_Finalize (and atexit), and would there close,
// collectively, the files that a failed write made us abandon: on a full disk that hangs or crashes. Starting
// it before main, and so before MPI, leaves both hooks out. Nobody else may print its error stack either.
const bool started_before_mpi = [] {
  H5dont_atexit();
  H5open();
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  return true;
}();

std::recursive_mutex& mutex() {
  static std::recursive_mutex the_mutex;
  return the_mutex;
}

herr_t collect_reason(unsigned /*depth*/, const H5E_error2_t* error, void* reasons) {
  const std::string reason = error->desc != nullptr ? error->desc : "";
  auto& list = *static_cast<std::vector<std::string>*>(reasons);
  if (!reason.empty() && std::find(list.begin(), list.end(), reason) == list.end()) list.push_back(reason);
  return 0;
}

void require_readable(const std::string& path) {
  std::error_code code;
  const auto status = std::filesystem::status(path, code);
  require(std::filesystem::exists(status), ErrorKind::input, "{}: no such file", path);
  require(!std::filesystem::is_directory(status), ErrorKind::input, "{}: is a folder, not an HDF5 file",
          path);
}

}  // namespace

std::unique_lock<std::recursive_mutex> lock() { return std::unique_lock(mutex()); }

std::string take_error_stack() {
  const auto guard = lock();
  std::vector<std::string> reasons;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, collect_reason, &reasons);
  H5Eclear2(H5E_DEFAULT);
  constexpr std::size_t enough = 3;  // the outer ones only repeat that something failed
  std::string line;
  for (std::size_t i = 0; i < std::min(enough, reasons.size()); ++i) line += (i > 0 ? "; " : "") + reasons[i];
  return line.empty() ? "HDF5 gives no reason" : line;
}

Handle::Handle(Handle&& other) noexcept
    : id_(std::exchange(other.id_, H5I_INVALID_HID)), closer_(other.closer_), sharing_(other.sharing_) {}

Handle& Handle::operator=(Handle&& other) noexcept {
  if (this != &other) {
    close_silently();
    id_ = std::exchange(other.id_, H5I_INVALID_HID);
    closer_ = other.closer_;
    sharing_ = other.sharing_;
  }
  return *this;
}

Handle::~Handle() { close_silently(); }

void Handle::close_silently() noexcept {
  if (id_ < 0 || closer_ == nullptr) return;
  if (sharing_ == Sharing::shared && std::uncaught_exceptions() > 0) return;
  const auto guard = lock();
  if (closer_(id_) < 0) H5Eclear2(H5E_DEFAULT);
  id_ = H5I_INVALID_HID;
}

void Handle::close(const std::string& what) {
  if (id_ < 0 || closer_ == nullptr) return;
  const auto guard = lock();
  const hid_t id = std::exchange(id_, H5I_INVALID_HID);
  check(closer_(id), ErrorKind::resource, what + ": cannot be closed, its last data may not be on disk");
}

File File::open(const std::string& path) {
  require_readable(path);
  const auto guard = lock();
  const htri_t is_hdf5 = H5Fis_hdf5(path.c_str());
  check(is_hdf5, ErrorKind::input, path + ": cannot be read");
  require(is_hdf5 > 0, ErrorKind::input, "{}: is not an HDF5 file, or its beginning is damaged", path);
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_file_locking(access.get(), false, true);
  const hid_t id = check(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), ErrorKind::input,
                         path + ": cannot be opened as HDF5; was it copied or written completely?");
  return {path, Handle(id, H5Fclose)};
}

File File::create(const std::string& path) {
  const auto guard = lock();
  const hid_t id = check(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), ErrorKind::input,
                         path + ": cannot be created");
  return {path, Handle(id, H5Fclose)};
}

File File::create_shared(const std::string& path, const comm::Communicator& comm) {
  const auto guard = lock();
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  check(H5Pset_fapl_mpio(access.get(), comm.get(), MPI_INFO_NULL), ErrorKind::bug,
        path + ": no MPI-IO driver");
  const hid_t id = check(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), ErrorKind::input,
                         path + ": cannot be created");
  return {path, Handle(id, H5Fclose, Sharing::shared), comm.is_root()};
}

bool File::has(const std::string& name) const {
  const auto guard = lock();
  for (std::size_t end = name.find('/', 1);; end = name.find('/', end + 1)) {
    const std::string part = name.substr(0, end);  // HDF5 wants every link on the way to exist
    if (part != "/" && H5Lexists(get(), part.c_str(), H5P_DEFAULT) <= 0) {
      H5Eclear2(H5E_DEFAULT);
      return false;
    }
    if (end == std::string::npos) return true;
  }
}

void File::create_group(const std::string& name) {
  const auto guard = lock();
  Handle group(check(H5Gcreate2(get(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                     ErrorKind::resource, path_ + ": group '" + name + "' cannot be created"),
               H5Gclose, sharing());
  group.close(path_);
}

}  // namespace tallfit::io::hdf5
