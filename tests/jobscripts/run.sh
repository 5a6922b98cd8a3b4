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
same() { cmp "$1" "$2" || { echo "$1 and $2 differ"; return 1; }; }
submit() { sbatch --parsable --ntasks=2 --time=5 "$@"; }

by_hand tallfit generate matrix --generate.rows=30000 --generate.columns=40 --generate.noise=0.1 -o design.h5
for config in fit bag sample; do printf '[data]\ndesign = "design.h5"\n' > $config.toml; done
printf '[sample]\nsampler = "nuts"\nwarmup = 500\ndraws = 25000\n[checkpoint]\nseconds = 0\n' >> sample.toml

echo "--- fit"
job=$(submit "$scripts/fit.sbatch")
await "$job" 60 COMPLETED
by_hand tallfit fit fit.toml -o fit_by_hand
same results/tallfit/coefficients.csv fit_by_hand/coefficients.csv

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

echo "--- chains that are requeued"
job=$(submit "$scripts/sample_requeue.sbatch")
await "$job" 60 RUNNING
sleep 3
scancel --signal=USR1 --batch "$job"  # what --signal=B:USR1@120 sends before the time is over
for _ in $(seq 100); do [ -z "$(ls results/sample.checkpoint/sample.1.* 2> /dev/null)" ] || break; sleep 0.1; done
await "$job" 120 COMPLETED
grep -q "stopped by a signal" sample-"$job".log
grep -q "resumes from" sample-"$job".log
by_hand tallfit sample sample.toml -o sample_by_hand
same results/sample/summary.csv sample_by_hand/summary.csv

echo "--- a job that is cancelled, one whose node goes down"
job=$(submit --job-name=cancelled --nodelist=n1 "$scripts/sample_requeue.sbatch")
await "$job" 60 RUNNING
scancel "$job"
await "$job" 30 CANCELLED
[ ! -e results/cancelled/coefficients.csv ]
job=$(submit --job-name=moved "$scripts/sample_requeue.sbatch")
await "$job" 60 RUNNING
node=$(squeue -h -j "$job" -o %N)
scontrol update nodename="$node" state=down reason=test
await "$job" 120 COMPLETED
same results/moved/summary.csv sample_by_hand/summary.csv
[ -z "$(find results -name '*.partial' -o -name '*.checkpoint')" ]
echo "all job scripts gave the results of runs by hand"
