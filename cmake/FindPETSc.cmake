# PETSc::PETSc through its pkg-config file (PETSc.pc; petsc.pc in some distributions).
find_package(PkgConfig REQUIRED)
pkg_search_module(PC_PETSc QUIET IMPORTED_TARGET PETSc petsc)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(PETSc REQUIRED_VARS PC_PETSc_FOUND VERSION_VAR PC_PETSc_VERSION
  REASON_FAILURE_MESSAGE "install petsc-dev (Debian), petsc (Spack), or add its folder lib/pkgconfig to PKG_CONFIG_PATH")
if(PETSc_FOUND AND NOT TARGET PETSc::PETSc)
  add_library(PETSc::PETSc INTERFACE IMPORTED)
  target_link_libraries(PETSc::PETSc INTERFACE PkgConfig::PC_PETSc)
endif()
