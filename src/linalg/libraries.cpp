#include "tallfit/linalg/libraries.hpp"

#include <dlfcn.h>
#include <mpi.h>
#include <sys/mman.h>

#include <array>

#include "tallfit/base/error.hpp"
#include "tallfit/linalg/machine_rates.hpp"
#include "tallfit/linalg/petsc_session.hpp"

namespace tallfit::linalg {

namespace {

// A function of a library that may or may not be loaded: which BLAS is chosen at run time.
template <class Function>
Function* find_function(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string mpi_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  return MPI_Get_library_version(text.data(), &length) == MPI_SUCCESS ? first_line(text.data()) : "unknown";
}

std::string blas_version() {
  if (auto* config = find_function<char*()>("openblas_get_config")) return config();
  if (auto* mkl_version = find_function<void(char*, int)>("MKL_Get_Version_String")) {
    std::array<char, 200> text{};
    mkl_version(text.data(), static_cast<int>(text.size()) - 1);
    return text.data();
  }
  if (auto* version = find_function<const char*()>("bli_info_get_version_str")) {
    return std::string("BLIS ") + version();
  }
  return "unknown";
}

// How one library sets and reads its threads.
struct ThreadSwitch {
  const char* set;
  const char* get;
};

constexpr std::array<ThreadSwitch, 2> thread_switches = {{
    {"openblas_set_num_threads", "openblas_get_num_threads"},
    {"MKL_Set_Num_Threads", "MKL_Get_Max_Threads"},
}};

}  // namespace

std::vector<std::pair<std::string, std::string>> library_versions() {
  return {{"PETSc", petsc_version()}, {"BLAS", blas_version()}, {"MPI", mpi_version()}};
}

std::optional<int> set_blas_threads(int n_threads) {
  require(n_threads >= 1, ErrorKind::bug, "BLAS cannot run {} threads", n_threads);
  for (const ThreadSwitch& library : thread_switches) {
    auto* set = find_function<void(int)>(library.set);
    auto* get = find_function<int()>(library.get);
    if (set == nullptr || get == nullptr) continue;
    set(n_threads);
    return get();
  }
  return std::nullopt;
}

void claim_blas_memory() {
  constexpr std::size_t needed = std::size_t{160} << 20U;  // and what goes with it
  constexpr Index beyond_small_kernels = 256;
  void* const addresses =
      mmap(nullptr, needed, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  require(
      addresses != MAP_FAILED, ErrorKind::resource,
      "BLAS cannot have {} MiB of addresses for its kernels: this process may not have so many. Raise its "
      "limit (ulimit -v)",
      needed >> 20U);
  munmap(addresses, needed);
  dgemm_gflops(beyond_small_kernels, 1);
}

}  // namespace tallfit::linalg
