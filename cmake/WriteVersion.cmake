# cmake -D SOURCE=folder -D VERSION=x.y.z -D OUTPUT=file.cpp -P WriteVersion.cmake
# Runs at every build; the file is touched only when its text changes, so nothing is rebuilt without need.
set(TALLFIT_VERSION ${VERSION})
set(TALLFIT_GIT_REVISION "unknown")
find_package(Git QUIET)
if(Git_FOUND AND EXISTS ${SOURCE}/.git)  # not the repository of somebody who unpacked a tarball inside it
  execute_process(COMMAND ${GIT_EXECUTABLE} -C ${SOURCE} rev-parse HEAD
                  OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    execute_process(COMMAND ${GIT_EXECUTABLE} -C ${SOURCE} diff-index --quiet HEAD -- RESULT_VARIABLE dirty ERROR_QUIET)
    set(TALLFIT_GIT_REVISION ${revision})
    if(dirty)
      string(APPEND TALLFIT_GIT_REVISION "-dirty")
    endif()
  endif()
endif()
configure_file(${CMAKE_CURRENT_LIST_DIR}/version.cpp.in ${OUTPUT} @ONLY)
