# The only ways to add things: a layer, a test, cases of the command line.

# tallfit_add_layer(NAME USES libs... PRIVATE_USES libs...)
# One static library per folder src/NAME. What a layer does not USE it cannot link, so the order of the
# layers in DESIGN's table is kept by the link graph; tests/lint checks the includes.
function(tallfit_add_layer name)
  cmake_parse_arguments(L "" "" "USES;PRIVATE_USES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  file(GLOB headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/tallfit/${name}/*.hpp)
  add_library(tallfit_${name} STATIC ${sources})
  add_library(tallfit::${name} ALIAS tallfit_${name})
  set_target_properties(tallfit_${name} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON
                                                   VERIFY_INTERFACE_HEADER_SETS ON)
  target_sources(tallfit_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${headers})
  target_compile_features(tallfit_${name} PUBLIC cxx_std_20)
  target_link_libraries(tallfit_${name} PUBLIC ${L_USES} PRIVATE ${L_PRIVATE_USES} $<BUILD_INTERFACE:tallfit_warnings>)
  install(TARGETS tallfit_${name} EXPORT tallfitTargets FILE_SET HEADERS)
  set_property(GLOBAL APPEND PROPERTY TALLFIT_LAYERS ${name})  # tests/lint looks at what each links
endfunction()

set(TALLFIT_TEST_OPTIONS $<$<CONFIG:Release>:-O1>)  # -O3 takes a third longer, for nothing

# tallfit_add_test(NAME SOURCES files... USES libs... [NP ranks...] [LABELS labels...] [TIMEOUT s])
# Without NP: a plain test (label unit) that runs outside MPI. With NP: one CTest entry per rank count (label mpi). The
# folder, as a rule that of a layer, is a label too.
function(tallfit_add_test name)
  cmake_parse_arguments(T "" "TIMEOUT" "SOURCES;USES;NP;LABELS" ${ARGN})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 60)
  endif()
  add_executable(${name} ${T_SOURCES})
  target_link_libraries(${name} PRIVATE ${T_USES} tallfit_warnings tallfit_test_support)
  target_compile_options(${name} PRIVATE ${TALLFIT_TEST_OPTIONS})
  if(TARGET tallfit_test_headers)
    target_precompile_headers(${name} REUSE_FROM tallfit_test_headers)
  endif()
  cmake_path(GET CMAKE_CURRENT_SOURCE_DIR FILENAME layer)
  if(NOT T_NP)
    target_link_libraries(${name} PRIVATE GTest::gtest_main)
    add_test(NAME ${name} COMMAND ${name})
    tallfit_set_test_properties(${name} 1 ${T_TIMEOUT} "unit;${layer};${T_LABELS}")
    set_tests_properties(${name} PROPERTIES ENVIRONMENT_MODIFICATION "ASAN_OPTIONS=unset:")  # no MPI: leaks are ours
    return()
  endif()
  target_link_libraries(${name} PRIVATE tallfit_mpi_main)
  foreach(np IN LISTS T_NP)
    add_test(NAME ${name}.np${np} COMMAND bash ${PROJECT_SOURCE_DIR}/tests/support/mpiexec.sh
             ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${np} $<TARGET_FILE:${name}>)
    tallfit_set_test_properties(${name}.np${np} ${np} ${T_TIMEOUT} "mpi;np${np};${layer};${T_LABELS}")
  endforeach()
endfunction()

# tallfit_add_cli_cases(FOLDER)
# Runs of the program, each of which says what must happen: every FOLDER/*.toml in its first lines, and every [NAME] of
# FOLDER/*.cases in the lines below it. See tests/app/run_case.sh.
function(tallfit_add_cli_cases folder)
  file(GLOB cases CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.toml)
  file(GLOB lists CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cases)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${cases} ${lists})
  foreach(case IN LISTS cases)
    cmake_path(GET case STEM name)
    file(STRINGS ${case} ranks REGEX "^# ranks: ")
    string(REPLACE "# ranks: " "" ranks "${ranks}")
    tallfit_add_cli_case(${name} ${case} "${ranks}")
  endforeach()
  foreach(list IN LISTS lists)
    file(STRINGS ${list} lines REGEX "^(.[a-z0-9_]+]$|ranks: [0-9 ]+$)")
    set(name "")
    foreach(line IN LISTS lines ITEMS "[end]")
      if(line MATCHES "^ranks: (.*)")
        set(ranks ${CMAKE_MATCH_1})
        continue()
      endif()
      if(name)
        tallfit_add_cli_case(${name} ${list}:${name} "${ranks}")
      endif()
      string(REGEX REPLACE "^.(.*).$" "\\1" name "${line}")
      set(ranks "")
    endforeach()
  endforeach()
endfunction()

# One test for each number of ranks; 0: without mpiexec. Three are the fewest with a first, a middle and a last one.
function(tallfit_add_cli_case name case ranks)
  if(NOT ranks)
    set(ranks 3)
  endif()
  separate_arguments(ranks)
  foreach(np IN LISTS ranks)
    add_test(NAME cli_${name}.np${np}
             COMMAND bash ${PROJECT_SOURCE_DIR}/tests/app/run_case.sh ${case} ${np} $<TARGET_FILE:tallfit>
                     ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} $<TARGET_FILE:make_design>)
    tallfit_set_test_properties(cli_${name}.np${np} ${np} 60 "cli;np${np}")
    set_tests_properties(cli_${name}.np${np} PROPERTIES SKIP_RETURN_CODE 77)
  endforeach()
endfunction()

# PROCESSORS is what ctest -j counts, in half cores: tests/run.sh gives it two for each core. Ranks of small tests wait for
# each other half of their time, so that up to four of them count as one core; runs of the program wait most of theirs for
# mpiexec and count half of it.
function(tallfit_set_test_properties name np timeout labels)
  cmake_host_system_information(RESULT cores QUERY NUMBER_OF_LOGICAL_CORES)
  set(processors 2)
  if(np GREATER 4)
    math(EXPR processors "2 * ${cores}")
  elseif(labels MATCHES "cli|slurm")
    set(processors 1)
  endif()
  if(TALLFIT_SANITIZE)
    math(EXPR timeout "4 * ${timeout}")  # instrumented code on two cores
  endif()
  math(EXPR inner "${timeout} - 10")
  list(REMOVE_ITEM labels "")
  set_tests_properties(${name} PROPERTIES
    TIMEOUT ${timeout} PROCESSORS ${processors} LABELS "${labels}"
    FAIL_REGULAR_EXPRESSION "BLACS (WARNING|ERROR)|HDF5-DIAG"
    ENVIRONMENT "${TALLFIT_TEST_ENVIRONMENT};TALLFIT_TEST_LIMIT_S=${inner}")
endfunction()

# One BLAS thread per rank, more ranks than cores, and root in a container: what every MPI test here needs. ob1: half of the
# start of a job goes to the search for a fabric, which none of them has. Leaks are not looked for: Open MPI, its hwloc and
# PMIx keep memory to the end of the process, far more than ours could be.
set(TALLFIT_TEST_ENVIRONMENT GTEST_COLOR=no TALLFIT_DATA_DEFAULT=${PROJECT_SOURCE_DIR}/../shared/data
  OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 OMPI_MCA_pml=ob1 OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
  OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
  OMPI_MCA_hwloc_base_binding_policy=none ASAN_OPTIONS=detect_leaks=0)
