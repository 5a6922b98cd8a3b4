#!/usr/bin/env bash
# Kills runs at random moments and resumes them, on other numbers of ranks, until they end: the results must have the
# bytes of runs that nothing disturbed, and nothing may stay behind.
# usage: kill_and_resume.sh TRIALS PROGRAM MPIEXEC NUMPROC_FLAG
# shellcheck disable=SC2034  # arguments are read through their names
set -eu
trials=$1 program=$2 mpiexec=$3 numproc_flag=$4
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

"$program" generate matrix --generate.rows=60000 --generate.columns=60 --generate.groups=3 --generate.noise=0.1 \
  -o d.h5 > log 2>&1 || { cat log; exit 1; }
"$program" generate matrix --generate.rows=3000 --generate.columns=250 --generate.noise=0.1 -o wide.h5 > log 2>&1 \
  || { cat log; exit 1; }

# What is run, and what of it is compared: numbers only, for fit.json tells of times.
arguments_compress=(compress d.h5 --compress.folds=4)
arguments_ard=(fit wide.h5 --fit.estimator=ard)
arguments_lasso_path=(fit wide.h5 --fit.estimator=lasso_path)
arguments_robust=(fit d.h5 --fit.estimator=huber --fit.residuals=true)
arguments_leverages=(fit d.h5 --fit.leverages=true)
arguments_bag=(bag d.h5 --bag.replicas=40)
arguments_sample=(sample d.h5 --sample.sampler=nuts --sample.warmup=300 --sample.draws=400)
compared_compress() { "$program" fit "$1" -o "$1.fit" > /dev/null 2>&1 && cat "$1.fit/coefficients.csv" "$1.fit/metrics.csv"; }
compared_ard() { cat "$1/coefficients.csv" "$1/path.csv"; }
compared_lasso_path() { compared_ard "$1"; }
compared_robust() { cat "$1/coefficients.csv" "$1/metrics.csv" "$1/residuals.h5"; }
compared_leverages() { cat "$1/coefficients.csv" "$1/metrics.csv" "$1/leverages.h5"; }
compared_bag() { cat "$1/coefficients.csv" "$1/replicas.csv"; }
compared_sample() { cat "$1/coefficients.csv" "$1/summary.csv"; }
output_of() { [ "$1" = compress ] && echo "$2.tallfit.h5" || echo "$2"; }

# A run of NAME on RANKS with more arguments, in the background as a group of its own, that $! leads.
start() {
  local name=$1 ranks=$2
  local -n arguments=arguments_$name
  shift 2
  setsid "$mpiexec" "$numproc_flag" "$ranks" "$program" "${arguments[@]}" --checkpoint.seconds=1e-6 "$@" > log 2>&1 &
}

# The start of a search is its first milestone: on the way there rows are compressed, as by others.
has_begun() {
  grep -q '^engine' log || return 1
  case $1 in ard | lasso_path) compgen -G "$2.checkpoint/search.*" > /dev/null ;; esac
}

names=(compress robust leverages ard lasso_path bag sample)
kills=0 searches=0
for name in "${names[@]}"; do
  begin=$(date +%s%N)
  start "$name" 2 -o "$(output_of "$name" expected)"
  wait $! || { echo "$name fails undisturbed"; cat log; exit 1; }
  milliseconds=$((($(date +%s%N) - begin) / 1000000))
  "compared_$name" "$(output_of "$name" expected)" > expected.txt
  for trial in $(seq "$trials"); do
    out=$(output_of "$name" "$name$trial")
    resume=()
    for attempt in 1 2 3 4 5 6 7 8 9; do
      start "$name" $((1 + (trial + attempt) % 3)) -o "$out" "${resume[@]}"
      leader=$!
      if [ "$attempt" -lt 3 ]; then  # later attempts may end
        # mpiexec itself may hang for ever when a rank dies before it has connected (Open MPI 4.1.4)
        for _ in $(seq 200); do has_begun "$name" "$out" || ! kill -0 "$leader" 2> /dev/null && break; sleep 0.05; done
        sleep "$(awk -v ms="$milliseconds" -v seed="$RANDOM" 'BEGIN { srand(seed); print rand() * ms / 2000 }')"
        victims=$(pgrep -P "$leader" || true)
        # one rank, at random; mpiexec ends the others
        victim=$(shuf -n 1 <<< "$victims")
        [ -z "$victim" ] || { kill -9 "$victim" 2> /dev/null && kills=$((kills + 1)); } || true
      fi
      if wait "$leader"; then break; fi
      if compgen -G "$out.checkpoint/search.*" > /dev/null; then searches=$((searches + 1)); fi
      resume=(--resume)
      [ "$attempt" -lt 9 ] || { echo "$name: trial $trial did not end"; cat log; exit 1; }
    done
    if ! "compared_$name" "$out" | cmp - expected.txt; then
      echo "$name: trial $trial gives other results"; exit 1
    fi
    left=$(find . -name '*.partial' -o -name '*.checkpoint')
    [ -z "$left" ] || { echo "$name: trial $trial leaves $left"; exit 1; }
    rm -rf "$out" "$out.fit"
  done
done
echo "$kills ranks killed in $((${#names[@]} * trials)) trials, $searches times in a search on a factor, all of which ended with the same results"
[ "$kills" -gt 0 ]
