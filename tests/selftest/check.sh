#!/usr/bin/env bash
# Runs one of harness_cases.cpp on 3 ranks and checks what it prints and how every rank exits.
# usage: check.sh CASE EXIT TEXT -- COMMAND...      (TEXT: lines that must all appear)
set -u
name=$1 expected=$2 texts=$3
shift 4
exits=$(mktemp)
trap 'rm -f "$exits"' EXIT

# Each rank runs under a shell that notes its exit code and itself exits with 0, so that mpiexec does not end the
# job at the first bad one and all three are seen.
# shellcheck disable=SC2016  # expanded by the shell of the rank
output=$("${@:1:$#-1}" bash -c '"$1" --gtest_filter="*.$2"; echo $? >> "$0"' "$exits" "${@: -1}" "$name" 2>&1)

bad=0
while IFS= read -r text; do
  grep -qF -- "$text" <<< "$output" || { echo "missing: $text"; bad=1; }
done <<< "$texts"
got=$(sort "$exits" | uniq -c | awk '{print $1 " x " $2}' | paste -sd, -)
# A job that the watchdog ends (86) is taken down by mpiexec at the first exit, so later ranks may leave no code.
case "$got, expected $expected" in
  "3 x $expected, "* | [12]" x 86, expected 86") ;;
  *) echo "exit codes: $got, expected 3 x $expected"; bad=1 ;;
esac
# Rank 0 alone reports a test.
[ "$(grep -c "\[ RUN      \] .*$name" <<< "$output")" = 1 ] || { echo "not reported exactly once"; bad=1; }
[ $bad = 0 ] || printf 'output of %s:\n%s\n' "$name" "$output"
exit $bad
