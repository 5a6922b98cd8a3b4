# Runs one case of tests/app/cases and checks how every rank leaves and what is said.
#
#   cmake -DTALLFIT=program -DCASE=case.toml -DNP=ranks -DMPIEXEC=mpirun\;-n -DOUT=folder -P cli_case.cmake
#
# Comments at the top of the case say what to do; OUT stands for a folder of the build:
#   # run: fit unknown_key.toml -o OUT
#   # exit: 2
#   # says: a line of stderr                   (each must come exactly once, from whatever number of ranks)
get_filename_component(folder ${CASE} DIRECTORY)
file(STRINGS ${CASE} comments REGEX "^# (run|exit|says): ")
set(says "")
foreach(comment IN LISTS comments)
  string(REGEX MATCH "^# ([a-z]+): (.*)$" all "${comment}")
  if(CMAKE_MATCH_1 STREQUAL "says")
    list(APPEND says "${CMAKE_MATCH_2}")
  else()
    set(${CMAKE_MATCH_1} "${CMAKE_MATCH_2}")
  endif()
endforeach()
string(REPLACE "OUT" "${OUT}" run "${run}")

# The shell reports each rank's own exit code, of which mpirun would show only one.
set(command "${TALLFIT} ${run}; echo rank left with $?")
if(NP GREATER 0)
  set(launch ${MPIEXEC} ${NP})
  set(ranks ${NP})
else()
  set(launch "")
  set(ranks 1)
endif()
execute_process(COMMAND ${launch} sh -c "${command}" WORKING_DIRECTORY ${folder}
                OUTPUT_VARIABLE out ERROR_VARIABLE err)

string(REGEX MATCHALL "rank left with ${exit}\n" left "${out}")
list(LENGTH left count)
if(NOT count EQUAL ranks)
  message(FATAL_ERROR "expected ${ranks} ranks to leave with ${exit}, but:\n${out}${err}")
endif()
foreach(text IN LISTS says)
  string(REPLACE "${text}" "" without "${err}")
  string(LENGTH "${err}" before)
  string(LENGTH "${without}" after)
  string(LENGTH "${text}" length)
  math(EXPR times "(${before} - ${after}) / ${length}")
  if(NOT times EQUAL 1)
    message(FATAL_ERROR "expected once, but found ${times} times:\n  ${text}\nin:\n${err}")
  endif()
endforeach()
