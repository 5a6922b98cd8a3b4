#include "disk.hpp"

#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "tallfit/base/error.hpp"
#include "tallfit/base/memory.hpp"
#include "tallfit/io/output_folder.hpp"

namespace tallfit::io {

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

void require_writable_folder(const std::string& folder) {
  std::error_code code;
  const auto status = std::filesystem::status(folder, code);
  require(std::filesystem::exists(status), ErrorKind::input, "folder '{}' does not exist; create it first",
          folder);
  require(std::filesystem::is_directory(status), ErrorKind::input, "'{}' is not a folder", folder);
  // Only trying tells: permissions do not speak of read-only file systems, nor bind root.
  std::string probe = folder + "/.tallfit_XXXXXX";
  const int descriptor = ::mkstemp(probe.data());
  const bool disk_full = descriptor < 0 && (errno == ENOSPC || errno == EDQUOT);  // not the folder's fault
  require(descriptor >= 0 || disk_full, ErrorKind::input, "folder '{}' is not writable: {}", folder,
          std::strerror(errno));
  if (disk_full) return;
  ::close(descriptor);
  ::unlink(probe.c_str());
}

void require_writable_file(const std::string& path) {
  std::error_code code;
  require(!std::filesystem::is_directory(path, code), ErrorKind::input, "'{}' is a folder; name a file",
          path);
  require_writable_folder(folder_of(path));
}

void require_free_space(const std::string& folder, Index bytes, const std::string& for_what) {
  struct statvfs disk = {};
  if (statvfs(folder.c_str(), &disk) != 0)
    return;  // some file systems do not say; the write itself is checked
  const Index free = static_cast<Index>(disk.f_bavail) * static_cast<Index>(disk.f_frsize);
  require(free >= bytes, ErrorKind::resource,
          "{} needs {} in folder '{}', where only {} are free.\n  Make room, or write to another disk.",
          for_what, format_bytes(bytes), folder, format_bytes(free));
}

void rename_file(const std::string& from, const std::string& to) {
  std::error_code code;
  std::filesystem::rename(from, to, code);
  require(!code, ErrorKind::resource, "'{}' cannot be renamed to '{}': {}", from, to, code.message());
}

void remove_quietly(const std::string& path) noexcept {
  std::error_code code;
  std::filesystem::remove(path, code);
}

}  // namespace tallfit::io
