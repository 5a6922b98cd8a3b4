# cmake -DPROGRAM=one_rank_fails -DMPIEXEC=mpirun\;-n -P one_rank_fails.cmake
execute_process(COMMAND ${MPIEXEC} 3 ${PROGRAM} RESULT_VARIABLE code ERROR_VARIABLE err OUTPUT_VARIABLE out TIMEOUT 30)
if(NOT code EQUAL 3 OR NOT err MATCHES "\\[rank 1\\] error: only rank 1 knows")
  message(FATAL_ERROR "expected exit code 3 and the message of rank 1, but ${code}:\n${out}${err}")
endif()
