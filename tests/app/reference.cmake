# docs/reference.md is what `tallfit reference` prints: cmake -DTALLFIT=program -DREFERENCE=file -P reference.cmake
execute_process(COMMAND ${TALLFIT} reference OUTPUT_VARIABLE now RESULT_VARIABLE code)
file(READ ${REFERENCE} stored)
if(NOT code EQUAL 0 OR NOT now STREQUAL stored)
  message(FATAL_ERROR "${REFERENCE} is out of date. Run: tallfit reference > docs/reference.md")
endif()
