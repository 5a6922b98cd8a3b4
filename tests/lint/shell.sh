#!/usr/bin/env bash
# All shell scripts pass shellcheck.
set -u
cd "$(dirname "$0")/../.." || exit 2
command -v shellcheck > /dev/null || { echo "shellcheck is not installed: skipped"; exit 77; }
git ls-files '*.sh' '*.sbatch' .ci/run | xargs shellcheck -x -P SCRIPTDIR
