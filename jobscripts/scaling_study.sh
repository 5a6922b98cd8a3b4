#!/bin/bash
# A scaling study: one job for each number of nodes, ranks on a node and cores of a rank, and one at the end that draws the
# curves, fits the cost model and extrapolates it:  bash jobscripts/scaling_study.sh
# Edit: the sizes, the design, the modules.
nodes=${NODES:-1 2 4 8}                       # 1. what is swept
ranks_per_node=${RANKS_PER_NODE:-32 64}
cores_per_rank=${CORES_PER_RANK:-1}           #    more than 1 leaves cores idle: a rank has one thread that computes
columns=${COLUMNS_OF_DESIGN:-1000}            # 2. columns, rows for each column (of a rank, where scaling is weak), cells
rows_per_column=${ROWS_PER_COLUMN:-1000}
cells=${CELLS:-10}
minutes=${MINUTES:-30}                        # 3. of a job
folder=${FOLDER:-results/scaling}             # 4. where the records go, and the page: FOLDER/report/report.html
before=                                       # 5. what a job does first, as "module load gcc openmpi"

set -eu
mkdir -p "$folder"
jobs=()
for n in $nodes; do
  for ranks in $ranks_per_node; do
    for cores in $cores_per_rank; do
      name=scaling-$n-$ranks-$cores
      job=$(sbatch --parsable --exclusive --job-name="$name" --output="$folder/$name.log" --time="$minutes" \
        --nodes="$n" --ntasks-per-node="$ranks" --cpus-per-task="$cores" --wrap "${before:+$before; }
          export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
          exec ${TALLFIT_LAUNCH:-mpirun} tallfit bench --scaling --bench.fewer_ranks=false --bench.columns=$columns \
            --bench.rows_per_column=$rows_per_column --bench.cells=$cells -o $folder/$name")
      jobs+=("${job%%;*}")
    done
  done
done
joined=$(IFS=:; echo "${jobs[*]}")
# jobs that could not run are left out of the page
sbatch --dependency=afterany:"$joined" --ntasks=1 --time="$minutes" --job-name=scaling-report \
  --output="$folder/report.log" --wrap "${before:+$before; }exec tallfit report $folder/scaling-*/ -o $folder/report"
