#!/usr/bin/env bash
# What else may befall a run: a full disk, a rank with little memory, a damaged checkpoint, a second run of the same output.
# Each must end at once with the exit code for it and leave no result, and what can go on must end with the same results.
# usage: faults.sh PROGRAM MPIEXEC NUMPROC_FLAG        A full disk needs the right to mount one, else it is left out.
set -eu
program=$1 mpiexec=$2 numproc_flag=$3
scratch=$(mktemp -d)
trap '! mountpoint -q "$scratch/disk" || umount "$scratch/disk"; rm -rf "$scratch"' EXIT
cd "$scratch"
"$program" generate matrix --generate.rows=60000 --generate.columns=60 --generate.groups=3 -o d.h5 > log 2>&1
sample=(sample d.h5 --sample.sampler=nuts --sample.warmup=300 --sample.draws=3000)

run() { "$mpiexec" "$numproc_flag" 2 "$@" > log 2>&1; }
ends_with() {  # ends_with CODE TEXT COMMAND...
  local code=0
  timeout 60 "$mpiexec" "$numproc_flag" 2 "${@:3}" > log 2>&1 || code=$?
  if [ "$code" = "$1" ] && grep -q "$2" log; then return 0; fi
  echo "exit $code, not $1, of: ${*:3}"
  cat log
  return 1
}
no_results() { [ -z "$(find "$1" -type f 2> /dev/null)" ] || { echo "results of a run that did not end:"; find "$1"; return 1; }; }
same() { cmp "$1/summary.csv" expected/summary.csv && cmp "$1/coefficients.csv" expected/coefficients.csv; }

run "$program" "${sample[@]}" -o expected || { cat log; exit 1; }

echo "--- a full disk"
mkdir disk
if mount -t tmpfs -o size=1m tallfit_test disk 2> /dev/null; then
  ends_with 4 "No space left" "$program" "${sample[@]}" -o disk/out --checkpoint.seconds=0.05
  no_results disk/out
  mount -o remount,size=200m disk
  run "$program" "${sample[@]}" -o disk/out --resume || { cat log; exit 1; }
  same disk/out
fi

echo "--- a rank with little memory"
failed=0
for limit in 250 350 600; do  # MiB of addresses: from less than libraries take to enough
  code=0
  # shellcheck disable=SC2016  # expanded on the ranks
  timeout 100 "$mpiexec" "$numproc_flag" 2 bash -c '[ "$OMPI_COMM_WORLD_RANK" != 1 ] || ulimit -v $(($1 * 1024)); exec "${@:2}"' \
    rank "$limit" "$program" "${sample[@]}" -o "limited$limit" --checkpoint.seconds=0.05 > log 2>&1 || code=$?
  if [ $code = 0 ]; then same "limited$limit"; continue; fi
  [ $code != 124 ] || { echo "hangs with $limit MiB"; cat log; exit 1; }
  failed=$((failed + 1))
  no_results "limited$limit"
  run "$program" "${sample[@]}" -o "limited$limit" --resume || { cat log; exit 1; }
  same "limited$limit"
done
[ $failed -gt 0 ] || { echo "no limit was too low"; exit 1; }

echo "--- a second run of the same output, and a damaged checkpoint"
setsid "$mpiexec" "$numproc_flag" 2 "$program" "${sample[@]}" --sample.draws=1000000 -o long --checkpoint.seconds=0.05 > long.log 2>&1 &
leader=$!
for _ in $(seq 200); do ! compgen -G "long.checkpoint/sample.*" > /dev/null || break; sleep 0.1; done
ends_with 2 "another run" "$program" "${sample[@]}" --sample.draws=1000000 -o long --resume
kill -9 "$(pgrep -P $leader | head -n 1)"
if wait $leader; then echo "a run without one of its ranks ended well"; exit 1; fi
part=$(compgen -G "long.checkpoint/sample.1.0")
truncate -s -8 "$part"
ends_with 2 "$part" "$program" "${sample[@]}" --sample.draws=1000000 -o long --resume
echo "all faults were met; $failed runs had too little memory"
