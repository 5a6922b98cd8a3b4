#!/usr/bin/env bash
# clang-tidy over the sources of the program, two files at a time. usage: tidy.sh BUILD_FOLDER [FILES...]
set -u
build=$(realpath "${1:?build folder}")
shift
cd "$(dirname "$0")/../.." || exit 2
command -v clang-tidy > /dev/null || { echo "clang-tidy is not installed: skipped"; exit 77; }
[ $# -gt 0 ] || mapfile -t files < <(find src -name '*.cpp' | sort)
# The compiler of the build is GCC: its warning options mean nothing to clang.
printf '%s\n' "${@:-${files[@]}}" |
  xargs -P 2 -n 1 clang-tidy -p "$build" --quiet --extra-arg=-Wno-unknown-warning-option 2>&1 |
  grep -vE '^[0-9]+ warnings? generated'
exit "$((PIPESTATUS[1] != 0))"
