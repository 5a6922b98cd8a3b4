#!/usr/bin/env bash
# Runs over hosts of their own addresses, which are namespaces of this machine: one dies, or its cable is pulled, and the
# run must end soon, leave no process behind, and go on from its checkpoint to the same results. It tells how soon: 12 s on a
# machine with nothing else to do.
# usage: hosts.sh PROGRAM        Exit code 77: namespaces cannot be made here (root, iproute2).
set -eu
program=$(realpath "$1")
scratch=$(mktemp -d)
net=10.78.$((RANDOM % 200))  # others may test at the same time
bridge=tf$$
cd "$scratch"

finish() {
  for file in "$scratch"/n*.init; do [ ! -s "$file" ] || kill -9 "$(cat "$file")" 2> /dev/null || true; done
  for link in "${bridge}v1" "${bridge}v2" "${bridge}v3" "$bridge"; do ip link del "$link" 2> /dev/null || true; done
  rm -rf "$scratch"
}
trap finish EXIT

# Starts host nI; all its processes die with the first one.
boot() {
  local host=n$1
  rm -f "$host.init"
  setsid unshare --net --uts --mount --pid --ipc --fork --kill-child --mount-proc bash -c "
    hostname $host && mount --bind '$scratch/names' /etc/hosts && mount -t tmpfs tmpfs /dev/shm && touch '$scratch/$host.up'
    trap : CHLD; while :; do sleep 3600 & wait; done" < /dev/null > "$host.log" 2>&1 &
  for _ in $(seq 300); do [ ! -e "$host.up" ] || break; sleep 0.1; done
  rm "$host.up" || { cat "$host.log"; return 1; } >&2
  pgrep -P $! > "$host.init"
  ip link add "${bridge}v$1" type veth peer name eth0 netns "$(cat "$host.init")" &&
    ip link set "${bridge}v$1" master "$bridge" up &&
    inside "$1" ip link set lo up && inside "$1" ip addr add "$net.$1/24" dev eth0 && inside "$1" ip link set eth0 up
}
inside() { local host=n$1; shift; nsenter -t "$(cat "$scratch/$host.init")" -n -u -m -p -i -- "$@"; }

{ echo "127.0.0.1 localhost"; for i in 1 2 3; do echo "$net.$i n$i"; done; echo "$net.254 $(hostname -s)"; } > names
if ! { command -v ip unshare nsenter > /dev/null && ip link add "$bridge" type bridge &&
  ip addr add "$net.254/24" dev "$bridge" && ip link set "$bridge" up && boot 1 && boot 2 && boot 3; } 2> why; then
  echo "no namespaces here: skipped"
  cat why
  exit 77
fi
# shellcheck disable=SC2016  # expanded when it runs
printf '#!/bin/bash\nhost=$1; shift\nexec nsenter -t "$(cat "%s/$host.init")" -n -u -m -p -i -- bash -c "$*"\n' "$scratch" > rsh
chmod +x rsh

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_plm_rsh_agent=$scratch/rsh OMPI_MCA_plm_rsh_no_tree_spawn=1
export OMPI_MCA_btl=tcp,self OMPI_MCA_btl_tcp_if_include=$net.0/24 OMPI_MCA_oob_tcp_if_include=$net.0/24
export OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_orte_keep_fqdn_hostnames=1
# as the job scripts have them: without these a cable that is pulled is never noticed
export OMPI_MCA_oob_tcp_keepalive_time=5 OMPI_MCA_oob_tcp_keepalive_intvl=2 OMPI_MCA_oob_tcp_keepalive_probes=3

"$program" generate matrix --generate.rows=20000 --generate.columns=40 --generate.noise=0.1 -o d.h5 > log 2>&1
# Chains on the hosts of a list: chains HOSTS OUTPUT [--resume]
chains() {
  mpirun --host "$1" -x OPENBLAS_NUM_THREADS=1 "$program" sample "$scratch/d.h5" --sample.sampler=nuts --sample.warmup=500 \
    --sample.draws=30000 --checkpoint.seconds=0.1 -o "$scratch/$2" "${@:3}" > "$2.log" 2>&1
}
same() { cmp "$1/summary.csv" expected/summary.csv && cmp "$1/coefficients.csv" expected/coefficients.csv; }
# Runs on all hosts, does something to the last one when there is a checkpoint, and looks at what is left: fault NAME COMMAND
fault() {
  local name=$1 begin
  shift
  chains n1,n2,n3 "$name" &
  local run=$!
  for _ in $(seq 200); do ! compgen -G "$name.checkpoint/sample.*" > /dev/null || break; sleep 0.1; done
  "$@"
  begin=$SECONDS
  for _ in $(seq 400); do kill -0 $run 2> /dev/null || break; sleep 0.1; done
  if kill -0 $run 2> /dev/null; then echo "$name: the run has not ended after 40 s"; kill -9 $run; return 1; fi
  ! wait $run || { echo "$name: the run ended before"; return 1; }
  echo "$name: ended after $((SECONDS - begin)) s"
  sleep 1
  for i in 1 2; do
    ! inside "$i" pgrep -x tallfit || { echo "$name: processes are left on n$i"; return 1; }
  done
  [ -z "$(find "$name" -type f ! -name '*.partial')" ] || { echo "$name: results of a run that did not end"; return 1; }
  chains n1,n2 "$name" --resume || { cat "$name.log"; return 1; }
  grep -q "resumes from" "$name.log"
  same "$name"
}

chains n1,n2,n3 expected || { cat expected.log; exit 1; }
fault host_killed kill -9 "$(cat n3.init)"
rm -f n3.init
ip link del "${bridge}v3" 2> /dev/null || true
boot 3
fault cable_pulled ip link set "${bridge}v3" down
echo "both runs ended, and went on to the same results"
