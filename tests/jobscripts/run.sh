#!/usr/bin/env bash
# Submits every job script to a SLURM of its own, and compares what comes out with runs by hand. usage: run.sh PROGRAM
set -eu
program=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
scripts=$(cd "$here/../../jobscripts" && pwd)
scratch=$(mktemp -d)
finish() {
  local code=$?
  [ $code = 0 ] || tail -n 20 "$scratch"/jobs/*.log
  bash "$here/slurm.sh" stop "$scratch/slurm" && rm -rf "$scratch"
}
trap finish EXIT
chmod 755 "$scratch"
bash "$here/slurm.sh" start "$scratch/slurm"
# shellcheck source=/dev/null
. "$scratch/slurm/env.sh"
mkdir "$scratch/bin" "$scratch/jobs"
ln -s "$program" "$scratch/bin/tallfit"
export PATH=$scratch/bin:$PATH TALLFIT_LAUNCH="mpirun -n 2" OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
cd "$scratch/jobs"

by_hand() { "$@" > by_hand.log 2>&1 || { cat by_hand.log; return 1; }; }
state_of() { scontrol show job "$1" 2> /dev/null | sed -n 's/.*JobState=\([A-Z_]*\).*/\1/p' | sort -u | tr '\n' ' '; }
# Waits until a job, or all of an array, has ended: await JOB SECONDS STATE
await() {
  for _ in $(seq $(($2 * 5))); do
    [ "$(state_of "$1")" != "$3 " ] || return 0
    sleep 0.2
  done
  echo "job $1 is $(state_of "$1")after $2 s, not $3"
  cat ./*.log
  return 1
}
# Waits for the line of a job's log that says that its chains have begun: begun JOB NAME
begun() {
  for _ in $(seq 300); do
    ! grep -qs "steps of warm-up" "$2-$1.log" || return 0
    sleep 0.2
  done
  echo "job $1 has no chains after 60 s"
  return 1
}
# The processes of the program that a job started: their environment says which.
ranks_of() {
  local id
  for id in $(pgrep -x tallfit); do
    if { tr '\0' '\n' < "/proc/$id/environ"; } 2> /dev/null | grep -qx "SLURM_JOB_ID=$1"; then echo "$id"; fi
  done
}
same() { cmp "$1" "$2" || { echo "$1 and $2 differ"; return 1; }; }
# Lets a process that stands still go on when SIGUSR1 (10, of the signals that wait for it) has come: wake_when_asked ID
wake_when_asked() {
  local waiting
  while waiting=$(sed -n 's/^ShdPnd:\t//p' "/proc/$1/status" 2> /dev/null) && [ -n "$waiting" ]; do
    [ $((0x$waiting >> 9 & 1)) = 0 ] || { kill -CONT "$1"; return; }
    sleep 0.2
  done
}
# That a job was stopped by a signal, went on, and ended as the run by hand: resumed JOB NAME
resumed() {
  grep -q "stopped by a signal" "$2-$1.log"
  grep -q "resumes from" "$2-$1.log"
  same "results/$2/summary.csv" sample_by_hand/summary.csv
}
# That a job that was ended by force left no result; its folder may be there.
no_results() { [ -z "$(find "results/$1" -type f ! -name '*.partial' 2> /dev/null)" ]; }
submit() { sbatch --parsable --ntasks=2 --time=5 "$@"; }

by_hand tallfit generate matrix --generate.rows=30000 --generate.columns=40 --generate.noise=0.1 -o design.h5
for config in fit bag sample; do printf '[data]\ndesign = "design.h5"\n' > $config.toml; done
printf '[data]\ndesign = "results/compressed.tallfit.h5"\n[fit]\nestimator = "ridge"\n[cv]\nlambda = "logspace(-4, 4, 9)"\n' > cv.toml
printf '[sample]\nsampler = "nuts"\nwarmup = 500\ndraws = 25000\n[checkpoint]\nseconds = 0\n' >> sample.toml

echo "--- two jobs whose time will be over while their ranks stand still; one of them is woken to save its chains"
limited=$(submit --time=1 --job-name=limited --nodelist=n1 "$scripts/sample_requeue.sbatch")
overdue=$(submit --time=1 --job-name=overdue --nodelist=n1 "$scripts/sample_requeue.sbatch")
begun "$limited" limited
for id in $(ranks_of "$limited"); do
  kill -STOP "$id"
  wake_when_asked "$id" &
done
begun "$overdue" overdue
for id in $(ranks_of "$overdue"); do kill -STOP "$id"; done

echo "--- fit, by mpirun and by srun"
job=$(submit "$scripts/fit.sbatch")
await "$job" 60 COMPLETED
by_hand tallfit fit fit.toml -o fit_by_hand
same results/tallfit/coefficients.csv fit_by_hand/coefficients.csv
job=$(TALLFIT_LAUNCH="srun --mpi=pmix" submit --nodes=2 --job-name=srun "$scripts/fit.sbatch")
await "$job" 60 COMPLETED
same results/srun/coefficients.csv fit_by_hand/coefficients.csv
echo "--- compress, then fits that wait for it"
job=$(submit "$scripts/compress_then_fit.sbatch")
await "$job" 60 COMPLETED
n=0
for estimator in ols ridge bayesian_ridge; do
  await "$(sed -n 's/Submitted batch job //p' compress-"$job".log | sed -n "$((++n))p")" 60 COMPLETED
  by_hand tallfit fit results/compressed.tallfit.h5 --fit.estimator=$estimator -o ${estimator}_by_hand
  same results/$estimator/coefficients.csv ${estimator}_by_hand/coefficients.csv
done

echo "--- an array of bags"
job=$(REPLICAS_PER_JOB=5 submit --array=1-3 "$scripts/bag_array.sbatch")
collect=$(submit --dependency=afterok:"$job" --wrap 'tallfit bag --collect results/bag_part_* -o results/bag')
await "$collect" 90 COMPLETED
by_hand tallfit bag bag.toml --bag.replicas=15 -o bag_by_hand
same results/bag/replicas.csv bag_by_hand/replicas.csv

echo "--- an array of folds"
job=$(submit --ntasks=1 "$scripts/cv_array.sbatch")
collect=$(submit --dependency=afterok:"$job" --wrap 'tallfit cv cv.toml --collect results/cv_part_* -o results/cv')
await "$collect" 90 COMPLETED
by_hand tallfit cv cv.toml -o cv_by_hand
same results/cv/cv.csv cv_by_hand/cv.csv
same results/cv/coefficients.csv cv_by_hand/coefficients.csv

echo "--- chains that are requeued"
by_hand tallfit sample sample.toml -o sample_by_hand
job=$(submit "$scripts/sample_requeue.sbatch")
begun "$job" sample
scancel --signal=USR1 --batch "$job"  # what --signal=B:USR1@120 sends before the time is over
await "$job" 120 COMPLETED
resumed "$job" sample

echo "--- a job that makes room for another"
job=$(submit --job-name=preempted --nodelist=n2 "$scripts/sample_requeue.sbatch")
begun "$job" preempted
await "$(sbatch --parsable --partition=urgent --nodelist=n2 --exclusive --time=5 --wrap true)" 60 COMPLETED
await "$job" 120 COMPLETED
resumed "$job" preempted

echo "--- a job that is cancelled"
job=$(submit --job-name=cancelled --nodelist=n2 "$scripts/sample_requeue.sbatch")
begun "$job" cancelled
scancel "$job"
await "$job" 30 CANCELLED
no_results cancelled

echo "--- time limits"
await "$limited" 120 COMPLETED
resumed "$limited" limited
await "$overdue" 120 TIMEOUT
no_results overdue
job=$(submit --job-name=overdue "$scripts/sample_requeue.sbatch")
await "$job" 60 COMPLETED
same results/overdue/summary.csv sample_by_hand/summary.csv

echo "--- a scaling study"
NODES="1 2" RANKS_PER_NODE="1 2" COLUMNS_OF_DESIGN=60 ROWS_PER_COLUMN=100 CELLS=4 MINUTES=5 TALLFIT_LAUNCH=mpirun \
  by_hand bash "$scripts/scaling_study.sh"
await "$(sed -n 's/Submitted batch job //p' by_hand.log)" 120 COMPLETED
[ "$(find results/scaling -name "scaling_weak_*.json" | wc -l)" = 4 ]
[ -s results/scaling/report/report.html ]

echo "--- a node goes down"
job=$(submit --job-name=moved "$scripts/sample_requeue.sbatch")
begun "$job" moved
node=$(squeue -h -j "$job" -o %N)
scontrol update nodename="$node" state=down reason=test
await "$job" 120 COMPLETED
same results/moved/summary.csv sample_by_hand/summary.csv
rm -rf results/cancelled results/cancelled.checkpoint  # what it had saved
[ -z "$(find results -name '*.partial' -o -name '*.checkpoint')" ]
echo "all job scripts gave the results of runs by hand"
