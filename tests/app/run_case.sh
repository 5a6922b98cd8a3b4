#!/usr/bin/env bash
# Runs one case of the command line and judges exit codes, what is said, and what is left. A case is a TOML file that
# begins with what must happen:
#   # expect: exit 2, unknown key 'alhpa'     exit code of every rank, and text on stderr, once (may be left out)
#   # command: predict                        default: fit; "fit CASE --fit.lambda=-1 -o OUT" where more is to be said
#   # ranks: 0 3                              read by CMake; default: 3; 0: without mpiexec
# or, as FILE.cases:NAME, the lines below [NAME] in FILE.cases, without the "# ". These may also say
#   input: design d.h5 weight:last=-1         commands that make the inputs, see below; each line is one
#   last: rm d.h5                             more commands, for the copy of the inputs that the last rank alone sees
#   check: holds metrics.csv ALL,energy       commands in the results' folder that must succeed, after exit 0
#   check: holds metrics.csv ALL,energy       commands in the results' folder that must succeed, where a run
#                                             fails in that of its not_converged; $in is the folder of the inputs, $said what went to stdout
# A failed run must leave nothing; of a successful one, no unfinished file.
# usage: run_case.sh CASE RANKS PROGRAM MPIEXEC NUMPROC_FLAG [MAKE_DESIGN]
# shellcheck disable=SC2034,SC2317  # what only cases use
set -u
tests=$(realpath "$(dirname "$0")/..")
case=$1 ranks=$2 program=$3 mpiexec=$4 numproc_flag=$5 make_design=${6:-}

# What inputs are made with.
design() { "$make_design" h5 "$@"; }
npy() { "$make_design" npy "$@"; }
csv() { "$make_design" csv "$@"; }
toml() { printf '%s\n' "${@:2}" > "$1"; }
tallfit() { "$program" "$@" > "$scratch/made" 2>&1; }
# The memory per rank, in MiB, that leaves COMMAND half of what its factors take; run as the case will be.
scarce_memory() {
  "${launch[@]}" "$program" "$@" 2>&1 | awk '
    /^  (program|row blocks|factors)/ { sub("rows x", ""); for (i = 1; i < NF; ++i) if ($(i + 1) == "MiB") m = $i
      sum += /factors/ ? m / 2 : m }
    END { printf "%.1fMiB", sum }'
}
# Reference data of real potentials are not part of the project.
reference() { data=${TALLFIT_DATA:-$TALLFIT_DATA_DEFAULT}/$1; [ -d "$data" ] || exit 77; }
# A full disk needs the right to mount one; without it the case is skipped.
disk() { mkdir "$1" && mount -t tmpfs -o "size=$2" tallfit_test "$1" 2> /dev/null || exit 77; mounted=$PWD/$1; }
fill() { cat /dev/zero > "$1/filler" 2> /dev/null; true; }

# What results are checked with: a line of a file has the text; the number in a field of a CSV line, +-1e-9 relative.
holds() { grep -qF -- "$2" "$1" || { echo "$1 lacks: $2"; cat "$1"; return 1; }; }
number() {
  awk -F, -v key="$2" -v field="$3" -v want="$4" 'index($0, key) == 1 {
    found = 1; d = $field - want; s = want < 0 ? -want : want; if (d < 0) d = -d; bad = d > 1e-9 * s + (s == 0) * 1e-15
    if (bad) print FILENAME ": " $0 ": expected " want }
    END { if (!found) print FILENAME " lacks " key; exit bad || !found }' "$1"
}

# Fields of two CSV files agree to 1e-9, relative: agree FIELD FILE OTHER; the last field is $NF.
agree() {
  awk -F, -v field="$1" 'function of() { return field == "NF" ? $NF : $field }
    FNR == NR { want[FNR] = of(); lines = FNR; next }
    FNR > 1 { s = want[FNR] < 0 ? -want[FNR] : want[FNR]; d = of() - want[FNR]; if (d < 0) d = -d
      if (!(d <= 1e-9 * s)) { print FILENAME ": " $0 ": expected " want[FNR]; bad = 1 } }
    END { exit bad || FNR != lines || FNR < 2 }' "$3" "$2"
}

case $case in
  *.toml) name=$(basename "$case") && lines=$(sed -n 's/^# \([a-z]*: \)/\1/p' "$case") && folder=$(dirname "$case") ;;
  *) name=${case##*:} && folder='' && lines=$(awk -v name="[$name]" '/^\[/ { on = $0 == name } on' "${case%:*}") ;;
esac
header() { sed -n "s/^$1: //p" <<< "$lines"; }
expect=$(header expect | head -1)
code=$(sed -n 's/^exit \([0-9]*\).*/\1/p' <<< "$expect")
text=$(sed -n 's/^exit [0-9]*, //p' <<< "$expect")
command=$(header command | head -1)
case $command in *' '*) ;; *) command="${command:-fit} CASE -o OUT" ;; esac
[ -n "$code" ] || { echo "$case: the first line must be '# expect: exit N, text'"; exit 1; }

scratch=$(mktemp -d)
mounted=''
trap '[ -z "$mounted" ] || umount "$mounted"; rm -rf "$scratch"' EXIT
mkdir "$scratch/out" "$scratch/in"
launch=(bash "$tests/support/mpiexec.sh" "$mpiexec" "$numproc_flag" "$ranks")
if [ "$ranks" = 0 ]; then launch=() ranks=1; fi
cd "${folder:-$scratch/in}" || exit 1
while read -r make; do
  [ -z "$make" ] || eval "$make" || { echo "$name: cannot make the input: $make"; cat "$scratch/made"; exit 1; }
done <<< "$(header input)"
if [ -n "$(header last)" ]; then
  cp -r "$scratch/in" "$scratch/last" && (cd "$scratch/last" && eval "$(header last)") || exit 1
fi
before=$(find "$scratch/in" | sort)

eval "command=\"${command//OUT/$scratch/out/result}\""
read -ra arguments <<< "$command"
arguments=("${arguments[@]/#CASE/$name}")

# Each rank runs under a shell that notes its exit code and itself exits with 0, so that all codes are seen. Open MPI
# and MPICH tell it its rank.
last=none
[ ! -d "$scratch/last" ] || last=$((ranks - 1))
# shellcheck disable=SC2016  # expanded by the shell of the rank
timeout --kill-after=5 "${TALLFIT_TEST_LIMIT_S:-50}" \
  "${launch[@]}" bash -c 'rank=${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-0}}; [ "$rank" != "$1" ] || cd "$0/last" || exit 1
    "${@:2}"; echo $? > "$0/code.$rank"' "$scratch" "$last" "$program" "${arguments[@]}" \
  > "$scratch/stdout" 2> "$scratch/stderr"
launch_code=$?

bad=0
complain() { echo "$name, $ranks ranks: $1"; bad=1; }
[ $launch_code != 124 ] || complain "no end after ${TALLFIT_TEST_LIMIT_S:-50} s: some rank hangs"
codes=$(sort "$scratch"/code.* 2> /dev/null | uniq -c | awk '{print $1 " x " $2}' | paste -sd, -)
[ "$codes" = "$ranks x $code" ] || complain "exit codes $codes, expected $ranks x $code"
times=$(grep -cF -- "$text" "$scratch/stderr")
[ -z "$text" ] || [ "$times" = 1 ] || { [ "$code" = 0 ] && [ "$times" -gt 1 ]; } ||
  complain "on stderr $times times, expected once: $text"
iterate=$scratch/out/result/not_converged
if [ "$code" = 0 ]; then
  left=$(find "$scratch/out" -name '*.partial')
else
  left=$(find "$scratch/out" -mindepth 1 -not -path '*/not_converged*')
  [ ! -d "$iterate" ] || left=${left/#"$scratch/out/result"/}
fi
left+=$(find "$scratch/in" | sort | comm -3 - <(echo "$before"))
[ -z "$left" ] || complain "left behind: ${left//$scratch\/out\//}"
if [ $bad = 0 ] && [ -n "$(header check)" ]; then
  in=$scratch/in said=$scratch/stdout
  cd "$scratch/out/result" 2> /dev/null || cd "$scratch/out" || exit 1
  while read -r check; do
    eval "$check" || complain "fails: $check"
  done <<< "$(header check)"
fi
if [ $bad = 1 ]; then
  sed 's/^/stdout: /' "$scratch/stdout"
  sed 's/^/stderr: /' "$scratch/stderr"
fi
exit $bad
