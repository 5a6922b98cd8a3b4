#!/usr/bin/env bash
# Installs the build to a fresh place, builds the consumer against that alone, and runs it.
# usage: check.sh CMAKE BUILD_FOLDER VERSION [CMAKE_ARGUMENTS...]
set -eu
cmake=$1 build=$2 version=$3
shift 3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$cmake" --install "$build" --prefix "$scratch/prefix" > "$scratch/log" || { cat "$scratch/log"; exit 1; }
"$cmake" -S "$(dirname "$0")/consumer" -B "$scratch/build" -D CMAKE_PREFIX_PATH="$scratch/prefix" "$@"
"$cmake" --build "$scratch/build"
said=$("$scratch/build/consumer")
[ "$said" = "tallfit $version" ] || { echo "the consumer said '$said', not 'tallfit $version'"; exit 1; }
[ -x "$scratch/prefix/bin/tallfit" ] || { echo "the program was not installed"; exit 1; }
# Nothing installed may point back into the tree it came from.
! grep -rlI -e "$(realpath "$(dirname "$0")/../..")/" "$scratch/prefix" || { echo "^ name the source tree"; exit 1; }
