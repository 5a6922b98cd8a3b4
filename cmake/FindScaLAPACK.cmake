# ScaLAPACK::ScaLAPACK. Debian names the library after its MPI, Spack and most modules do not; a library that
# does not link is no library, so a call is linked before the package counts as found.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_search_module(PC_ScaLAPACK QUIET scalapack-openmpi scalapack-mpich scalapack)
endif()
find_library(ScaLAPACK_LIBRARY NAMES scalapack-openmpi scalapack-mpich scalapack mkl_scalapack_lp64
             HINTS ${PC_ScaLAPACK_LIBRARY_DIRS})
if(ScaLAPACK_LIBRARY)
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_LIBRARIES ${ScaLAPACK_LIBRARY} LAPACK::LAPACK MPI::MPI_CXX)
  check_cxx_source_compiles("extern \"C\" void pdgeqrf_(); int main() { pdgeqrf_(); }" ScaLAPACK_LINKS)
  unset(CMAKE_REQUIRED_LIBRARIES)
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ScaLAPACK REQUIRED_VARS ScaLAPACK_LIBRARY ScaLAPACK_LINKS
  REASON_FAILURE_MESSAGE "install libscalapack-openmpi-dev (Debian), netlib-scalapack (Spack), or set ScaLAPACK_ROOT")
if(ScaLAPACK_FOUND AND NOT TARGET ScaLAPACK::ScaLAPACK)
  add_library(ScaLAPACK::ScaLAPACK UNKNOWN IMPORTED)
  set_target_properties(ScaLAPACK::ScaLAPACK PROPERTIES IMPORTED_LOCATION ${ScaLAPACK_LIBRARY}
                        INTERFACE_LINK_LIBRARIES "LAPACK::LAPACK;MPI::MPI_CXX")
endif()
mark_as_advanced(ScaLAPACK_LIBRARY)
