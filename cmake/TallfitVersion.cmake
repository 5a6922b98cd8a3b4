# Gives tallfit_base the sources of version.hpp: the version, and the commit at build (not configure) time.
set(version_source ${PROJECT_BINARY_DIR}/generated/version.cpp)
add_custom_target(tallfit_version
  COMMAND ${CMAKE_COMMAND} -D SOURCE=${PROJECT_SOURCE_DIR} -D VERSION=${PROJECT_VERSION} -D OUTPUT=${version_source}
          -P ${PROJECT_SOURCE_DIR}/cmake/WriteVersion.cmake
  BYPRODUCTS ${version_source}
  COMMENT "Asking git for the revision" VERBATIM)
target_sources(tallfit_base PRIVATE ${version_source})
add_dependencies(tallfit_base tallfit_version)
