#!/usr/bin/env bash
# Runs one case of the command line: a TOML file that begins with what must happen.
#   # expect: exit 2, unknown key 'alhpa'     exit code of every rank, and text on stderr, once (may be left out)
#   # command: predict                        default: fit; "fit CASE --fit.lambda=-1 -o OUT" where more is to be said
#   # ranks: 0 3                              read by CMake; default: 1 3; 0: without mpiexec
# usage: run_case.sh CASE.toml RANKS PROGRAM MPIEXEC NUMPROC_FLAG
set -u
case_file=$1 ranks=$2 program=$3 mpiexec=$4 numproc_flag=$5

header() { sed -n "s/^# $1: //p" "$case_file" | head -1; }
expect=$(header expect)
code=$(sed -n 's/^exit \([0-9]*\).*/\1/p' <<< "$expect")
text=$(sed -n 's/^exit [0-9]*, //p' <<< "$expect")
command=$(header command)
case $command in *' '*) ;; *) command="${command:-fit} CASE -o OUT" ;; esac
[ -n "$code" ] || { echo "$case_file: the first line must be '# expect: exit N, text'"; exit 1; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/out"
read -ra arguments <<< "$command"
arguments=("${arguments[@]/#CASE/$(basename "$case_file")}")
arguments=("${arguments[@]/#OUT/$scratch/out/result}")
launch=("$mpiexec" "$numproc_flag" "$ranks")
if [ "$ranks" = 0 ]; then launch=() ranks=1; fi
cd "$(dirname "$case_file")" || exit 1

# Each rank runs under a shell that notes its exit code and itself exits with 0, so that all codes are seen.
# shellcheck disable=SC2016  # expanded by the shell of the rank
timeout --kill-after=5 "${TALLFIT_TEST_LIMIT_S:-50}" \
  "${launch[@]}" bash -c '"$@"; echo $? >> "$0"' "$scratch/codes" "$program" "${arguments[@]}" \
  > "$scratch/stdout" 2> "$scratch/stderr"
launch_code=$?

bad=0
complain() { echo "$(basename "$case_file"), $ranks ranks: $1"; bad=1; }
[ $launch_code != 124 ] || complain "no end after ${TALLFIT_TEST_LIMIT_S:-50} s: some rank hangs"
codes=$(sort "$scratch/codes" 2> /dev/null | uniq -c | awk '{print $1 " x " $2}' | paste -sd, -)
[ "$codes" = "$ranks x $code" ] || complain "exit codes $codes, expected $ranks x $code"
times=$(grep -cF -- "$text" "$scratch/stderr")
[ -z "$text" ] || [ "$times" = 1 ] || complain "on stderr $times times, expected once: $text"
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
