#!/usr/bin/env bash
# Sets up, builds (build/release) and runs all tests. Arguments go to ctest: bash tests/run.sh -R comm
set -eu
cd "$(dirname "$0")/.."
bash jobscripts/setup.sh
cores=$(nproc)
# TALLFIT_CMAKE_ARGS: more -D options, separated by spaces (.ci/run sets -DTALLFIT_WERROR=ON)
read -ra options <<< "${TALLFIT_CMAKE_ARGS:-}"
cmake --preset release -DTALLFIT_TESTS=ON "${options[@]}"
cmake --build --preset release --parallel "$cores"
exec ctest --preset release --parallel $((2 * cores)) --no-tests=error "$@"
