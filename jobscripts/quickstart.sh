#!/usr/bin/env bash
# From a clean clone to a first fit: sets up, builds, makes a training set of silicon configurations labelled by the
# Stillinger-Weber potential, fits a linear model to it on two ranks, and shows the result. Again: under half a minute.
set -eu
cd "$(dirname "$0")/.."
bash jobscripts/setup.sh

build=build/release
# Tests are not needed here; a folder that tests/run.sh has configured keeps its own choice.
[ -f $build/build.ninja ] || cmake --preset release -DTALLFIT_TESTS=OFF
cmake --build $build --target tallfit --parallel "$(nproc)"

export OMP_NUM_THREADS=1  # one rank per core: threads of the BLAS would compete with the ranks
if [ "$(id -u)" = 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1  # containers
fi
two_ranks=(mpirun -n 2)
if mpirun --version 2>&1 | grep -q 'Open MPI\|OpenRTE'; then two_ranks+=(--oversubscribe); fi  # also on one core

mkdir -p results
[ -f results/silicon.h5 ] ||
  $build/tallfit generate atoms -o results/silicon.h5 --generate.order=3 --generate.test_fraction=0.1
"${two_ranks[@]}" $build/tallfit fit results/silicon.h5 -o results/fit

cat <<'EOF'

All of it is in results/fit: coefficients.csv, metrics.csv (the table above), fit.json (what ran, how fast, how well
conditioned) and fit.h5 (coefficients with their covariance). The training set is results/silicon.h5.
EOF
