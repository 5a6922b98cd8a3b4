#!/usr/bin/env bash
# mpiexec for tests: once more where only the launcher failed. A rank of Open MPI that leaves waits two seconds for an
# answer of mpiexec; where the machine holds mpiexec up for longer, it takes the rank for crashed and ends the others. A
# program that really leaves without finalising does it again. usage: mpiexec.sh MPIEXEC ARGUMENTS...
set -u
said=$(mktemp)
trap 'cat "$said" >&2; rm -f "$said"' EXIT
"$@" 2> "$said"
code=$?
if [ $code != 0 ] && grep -qF 'exited without calling "finalize"' "$said"; then
  "$@" 2> "$said"
  code=$?
fi
exit $code
