#!/usr/bin/env bash
# clang-tidy over the sources of the program, two jobs at a time. usage: tidy.sh BUILD_FOLDER [FILES...]
# Without FILES, the sources of a layer go through it as one: most of its time would go to their headers.
set -u
build=$(realpath "${1:?build folder}")
shift
cd "$(dirname "$0")/../.." || exit 2
root=$PWD
command -v clang-tidy > /dev/null || { echo "clang-tidy is not installed: skipped"; exit 77; }

# flags_of SOURCE: how the build compiles it for its layer; the simulation compiles some sources, too.
flags_of() {
  grep -F -- " -c $root/$1\"" "$build/compile_commands.json" | grep -F ' -o CMakeFiles/tallfit_' | sed -E 's|^ *"command": "[^ ]+ (.*) -o [^ ]+ -c [^ ]+$|\1|'
}

# Largest layers first. Kernels that are compiled for one instruction set each stay alone: a layer has the flags of its
# first source.
batches() {
  local layer batch first flags
  rm -rf "$build/tidy" && mkdir -p "$build/tidy"
  for layer in src/*/; do
    find "$layer" -name '*.cpp' ! -name 'fold_kernels_*' | sort | sed "s|.*|#include \"$root/&\"|" > "$build/tidy/$(basename "$layer").cpp"
  done
  find "$build/tidy" -name '*.cpp' -printf '%s %p\n' | sort -rn | cut -d ' ' -f 2 | while read -r batch; do
    first=$(head -n 1 "$batch" | cut -d '"' -f 2)
    flags=$(flags_of "${first#"$root/"}")
    [ -n "$flags" ] || { echo "no compile command of $first in $build"; exit 1; }
    echo "$batch -- $flags"
  done || return 1
  find src -name 'fold_kernels_*.cpp' -printf "%p -p $build\n"
}

if [ $# -gt 0 ]; then
  jobs=$(printf "%s -p $build\n" "$@")
else
  jobs=$(batches) || { echo "$jobs"; exit 1; }
fi
# The compiler of the build is GCC: its warning options mean nothing to clang, and it tells what shadows what.
xargs -P 2 -L 1 clang-tidy --config-file=.clang-tidy --quiet --extra-arg=-Wno-unknown-warning-option \
  --extra-arg=-Wno-shadow <<< "$jobs" 2>&1 |
  grep -vE '^[0-9]+ warnings? generated'
exit "$((PIPESTATUS[0] != 0))"
