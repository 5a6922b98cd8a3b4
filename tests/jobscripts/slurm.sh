#!/usr/bin/env bash
# A SLURM of its own, of two nodes on this machine: slurm.sh start FOLDER, then ". FOLDER/env.sh"; slurm.sh stop FOLDER.
# Nothing outside FOLDER is touched. Exit code 77: it cannot run here.
set -eu
action=$1 folder=$(realpath -m "$2")
nodes=2
PATH=$PATH:/usr/sbin:/sbin

stop() {
  local file pid
  for file in "$folder"/run/*.pid; do
    [ -s "$file" ] || continue
    pid=$(cat "$file")
    # a number may have gone to another process since
    if grep -qaE 'slurm|munge' "/proc/$pid/cmdline" 2> /dev/null; then kill "$pid"; fi
    for _ in $(seq 50); do kill -0 "$pid" 2> /dev/null || break; sleep 0.1; done
  done
}

start() {
  for tool in munged slurmctld slurmd sbatch mpirun; do
    command -v "$tool" > /dev/null || { echo "no SLURM here ($tool is missing): skipped"; exit 77; }
  done
  local me host socket=$folder/munge/socket
  me=$(id -un) host=$(hostname -s)
  mkdir -p "$folder"/{munge,state,log,run} && chmod 755 "$folder" "$folder/munge"
  head -c 128 /dev/urandom > "$folder/munge/key" && chmod 400 "$folder/munge/key"
  munged --key-file="$folder/munge/key" --socket="$socket" --pid-file="$folder/run/munged.pid" \
    --log-file="$folder/log/munged.log" --seed-file="$folder/munge/seed" --num-threads=2
  # Nodes share this machine's name and memory. Jobs that are requeued wait for their credentials to expire.
  cat > "$folder/slurm.conf" << EOF
ClusterName=tests
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmUser=$me
SlurmdUser=$me
AuthType=auth/munge
AuthInfo=socket=$socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
TmpFS=$folder/tmp/%n
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmdPidFile=$folder/run/slurmd.%n.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.%n.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SlurmdTimeout=30
KillWait=5
MinJobAge=600
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmctldParameters=preempt_send_user_signal
JobRequeue=1
PropagateResourceLimits=NONE
NodeName=n[1-$nodes] NodeHostname=$host NodeAddr=127.0.0.1 Port=[17001-$((17000 + nodes))] CPUs=8 RealMemory=1000
PartitionName=batch Nodes=ALL Default=YES MaxTime=60 State=UP PriorityTier=1 GraceTime=20
PartitionName=urgent Nodes=ALL MaxTime=60 State=UP PriorityTier=2 PreemptMode=OFF
EOF
  echo 'CgroupPlugin=cgroup/v1' > "$folder/cgroup.conf"
  echo 'PMIxDirectConn=false' > "$folder/mpi.conf"  # with it, ranks of several nodes crash at random as MPI begins
  # Nodes on one machine must not meet in shared memory that each takes for its own.
  cat > "$folder/env.sh" << EOF
export SLURM_CONF=$folder/slurm.conf PATH=\$PATH:/usr/sbin
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_btl=tcp,self OMPI_MCA_btl_tcp_if_include=lo
EOF
  # shellcheck source=/dev/null
  . "$folder/env.sh"
  slurmctld -f "$SLURM_CONF"
  for i in $(seq "$nodes"); do
    mkdir -p "$folder/spool/n$i" "$folder/tmp/n$i"
    slurmd -f "$SLURM_CONF" -N "n$i"
  done
  for _ in $(seq 300); do
    [ "$(sinfo -h -N -t idle -o %N 2> /dev/null | sort -u | wc -l)" = "$nodes" ] && return 0
    sleep 0.1
  done
  echo "SLURM does not start here: skipped"
  tail -n 5 "$folder"/log/*.log
  stop
  exit 77
}

"$action"
