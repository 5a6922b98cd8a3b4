#!/usr/bin/env bash
# Runs one case of the command line: a TOML file that begins with what must happen.
#   # expect: exit 2, unknown key 'alhpa'     exit code of every rank, and text on stderr (may be left out)
#   # says: Did you mean                      more text that must be on stderr; any number of lines
#   # run: fit CASE -o OUT                    default; CASE is this file, OUT a path that may be created
#   # ranks: 1 3                              read by CMake; default: 1 3
# usage: run_case.sh CASE.toml RANKS PROGRAM MPIEXEC NUMPROC_FLAG
set -u
case_file=$1 ranks=$2 program=$3 mpiexec=$4 numproc_flag=$5

header() { sed -n "s/^# $1: //p" "$case_file"; }
expect=$(header expect | head -1)
code=$(sed -n 's/^exit \([0-9]*\).*/\1/p' <<< "$expect")
[ -n "$code" ] || { echo "$case_file: the first line must be '# expect: exit N, text'"; exit 1; }
run=$(header run)
run=${run:-fit CASE -o OUT}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/out"
cd "$(dirname "$case_file")" || exit 1
read -ra arguments <<< "${run//CASE/$(basename "$case_file")}"
arguments=("${arguments[@]//OUT/$scratch/out/result}")

# Each rank runs under a shell that notes its exit code and itself exits with 0, so that all codes are seen.
# shellcheck disable=SC2016  # expanded by the shell of the rank
timeout --kill-after=5 "${TALLFIT_TEST_LIMIT_S:-50}" \
  "$mpiexec" "$numproc_flag" "$ranks" bash -c '"$@"; echo $? >> "$0"' "$scratch/codes" \
  "$program" "${arguments[@]}" > "$scratch/stdout" 2> "$scratch/stderr"
mpiexec_code=$?

bad=0
complain() { echo "$(basename "$case_file"), $ranks ranks: $1"; bad=1; }
[ $mpiexec_code != 124 ] || complain "no end after ${TALLFIT_TEST_LIMIT_S:-50} s: some rank hangs"
codes=$(sort "$scratch/codes" 2> /dev/null | uniq -c | awk '{print $1 " x " $2}' | paste -sd, -)
[ "$codes" = "$ranks x $code" ] || complain "exit codes $codes, expected $ranks x $code"
while read -r text; do
  grep -qF -- "$text" "$scratch/stderr" || complain "stderr lacks: $text"
done < <(sed -n 's/^exit [0-9]*, //p' <<< "$expect"; header says)
if [ "$code" = 0 ]; then
  left=$(find "$scratch/out" -name '*.partial')
else
  left=$(find "$scratch/out" -mindepth 1 -not -path '*/not_converged*')
fi
[ -z "$left" ] || complain "left behind: ${left//$scratch\/out\//}"
if [ $bad = 1 ]; then
  sed 's/^/stdout: /' "$scratch/stdout"
  sed 's/^/stderr: /' "$scratch/stderr"
fi
exit $bad
