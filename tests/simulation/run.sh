#!/usr/bin/env bash
# The tall engine on simulated fat trees.
# usage: run.sh PROGRAM            the test: 16 and 64 ranks, checked against the cost model and the bound of volume
#        run.sh PROGRAM RANKS...   the tables of docs/scaling.md (1,024 ranks: some minutes a line)
set -euo pipefail
program=$1
shift
if [ -z "$program" ] || ! command -v smpirun > /dev/null; then
  echo "not built without SimGrid's MPI (Debian: libsimgrid-dev), or with sanitizers: skipped"
  exit 77
fi
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export TMPDIR=$scratch OPENBLAS_NUM_THREADS=1  # not by smpirun's own option -tmpdir, which 3.32 takes and forgets

# SMPI's defaults are those of a cluster of 2010 with Gigabit Ethernet, whose small messages take twice the latency and
# whose collectives are linear. Time passes where the program says so, not by the clock of this machine.
settings=(--cfg=smpi/coll-selector:ompi --cfg=smpi/bw-factor:0:1 --cfg=smpi/lat-factor:0:1 --cfg=smpi/os:0:0:0
  --cfg=smpi/ois:0:0:0 --cfg=smpi/or:0:0:0 --cfg=network/bandwidth-factor:1 --cfg=network/latency-factor:1
  --cfg=smpi/test:1e-8 --cfg=smpi/iprobe:1e-8 --cfg=smpi/simulate-computation:no --log=root.thres:error)

# smpi RANKS GB/S MICROSECONDS KEY=VALUE...; more settings in the variable extra
extra=()
smpi() {
  local ranks=$1
  bash "$here/platform.sh" "$ranks" "$2" "$3" > "$scratch/platform.xml"
  seq -f 'node-%.0f' 0 $((ranks - 1)) > "$scratch/hosts"
  shift 3
  smpirun -np "$ranks" -platform "$scratch/platform.xml" -hostfile "$scratch/hosts" "${settings[@]}" "${extra[@]}" \
    "$program" "$@"
}

# simulate RANKS GB/S MICROSECONDS COLUMNS KEY=VALUE...
# Factors have 50 columns instead of K + 2. So that they take their time, the network is slower by the ratio of their
# sizes; the survey, whose messages are what they are, runs on the whole one.
simulate() {
  local ranks=$1 gbs=$2 latency=$3 columns=$4 survey slower
  shift 4
  survey=$(smpi "$ranks" "$gbs" "$latency" columns="$columns" "$@" survey_only=1)
  slower=$(awk "BEGIN { printf \"%.9g\", $gbs * 50 * 51 / (($columns + 2) * ($columns + 3)) }")
  # Now the survey is not timed, and may gather by fewer messages: P^2 of them are most of the work of simulating.
  local extra=(--cfg=smpi/allgather:GB --cfg=smpi/allgatherv:GB)
  smpi "$ranks" "$slower" "$latency" columns="$columns" "$@" survey_s="$survey" network_gbs="$gbs" latency_us="$latency"
}

head='ranks      rows columns cells      |   survey     pass     tree     rest |    total efficy |    model efficy | triangles sent'
echo "$head"
if [ $# = 0 ]; then
  # The same rows on 16 and on 64 ranks: the same bits.
  for ranks in 16 64; do simulate $ranks 12.5 1 1000 rows=6.4e6 check=0.02 | tee -a "$scratch/lines"; done
  [ "$(grep -o '0x.*' "$scratch/lines" | sort -u | wc -l)" = 1 ] || { echo "the factors differ"; exit 1; }
  exit 0
fi
for ranks in "$@"; do
  least=0
  [ "$ranks" -lt 1024 ] || least=0.85
  simulate "$ranks" 12.5 1 1000 rows="${ranks}e5" check=0.02 least_efficiency=$least
  simulate "$ranks" 12.5 1 1000 rows="${ranks}e5" plain=1
  simulate "$ranks" 1.25 20 1000 rows="${ranks}e5"
  for cells in 10 1; do
    simulate "$ranks" 12.5 1 1000 rows=1e8 cells=$cells
    simulate "$ranks" 12.5 1 10000 rows=1e8 cells=$cells
  done
done
