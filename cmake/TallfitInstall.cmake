# The installed package: libraries and headers (from tallfit_add_layer), the program, and what find_package reads.
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/tallfit)
configure_package_config_file(cmake/tallfitConfig.cmake.in ${PROJECT_BINARY_DIR}/tallfitConfig.cmake
                              INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tallfitConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(TARGETS tallfit)
install(EXPORT tallfitTargets NAMESPACE tallfit:: DESTINATION ${package_folder})
install(FILES ${PROJECT_BINARY_DIR}/tallfitConfig.cmake ${PROJECT_BINARY_DIR}/tallfitConfigVersion.cmake
              cmake/TallfitDependencies.cmake cmake/FindPETSc.cmake cmake/FindParallelHDF5.cmake
              cmake/FindRandom123.cmake cmake/FindScaLAPACK.cmake
        DESTINATION ${package_folder})
