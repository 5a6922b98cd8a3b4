#!/usr/bin/env bash
# Runs the commands of the README as its readers would: every ```sh block that follows a line "<!-- run -->", in order, in
# one scratch folder. "<!-- run: NAME -->" marks a block for the files of the data set NAME, which are put beside it; it is
# left out where they are missing. Any command that fails fails the test.
# usage: run_readme.sh README.md PROGRAM MPIEXEC DATA_FOLDER; the environment's TALLFIT_DATA wins over the last
set -eu
readme=$(realpath "$1") program=$(realpath "$2") mpiexec=$3 data=${TALLFIT_DATA:-$4}
# Commands of the README say tallfit and mpirun.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/bin" "$scratch/work"
ln -s "$program" "$scratch/bin/tallfit"
printf '#!/bin/sh\nexec "%s" "$@"\n' "$mpiexec" > "$scratch/bin/mpirun"
chmod +x "$scratch/bin/mpirun"
export PATH=$scratch/bin:$PATH
cd "$scratch/work"

# Cuts the marked blocks out: block.N, and in block.N.needs the data set that it needs, if any.
awk -v to="$scratch/block" '
  /^<!-- run(: [a-z_]+)? -->$/ { marked = 1; needs = $3 == "-->" ? "" : $3; next }
  marked && /^```sh$/          { file = to "." sprintf("%02d", ++n); print needs > (file ".needs"); inside = 1; marked = 0; next }
  marked && /./                { print FILENAME ":" FNR ": no ```sh block follows the mark" > "/dev/stderr"; exit 1 }
  /^```$/                      { inside = 0 }
  inside                       { print > file }
' "$readme"
[ -e "$scratch/block.01" ] || { echo "$readme: has no marked block"; exit 1; }

# FitSNAP's dump of the data set, and the headers of the potential pair that it writes beside it.
prepare_ta_linear() {
  local file
  for file in Descriptors.npy Truth-Ref.npy Weights.npy configs.csv columns.csv; do cp "$data/ta_linear/$file" .; done
  printf 'rcutfac 4.67637\ntwojmax 6\nrfac0 0.99363\nrmin0 0\nbzeroflag 0\nquadraticflag 0\n' > Ta_pot.snapparam
  { printf '# fitsnap\n\n1 31\nTa 0.5 1\n'; yes 0.0 2> /dev/null | head -n 31; } > Ta_pot.snapcoeff
}

for needs in "$scratch"/block.*.needs; do
  block=${needs%.needs}
  set_name=$(cat "$needs")
  set_name=${set_name%:}
  if [ -n "$set_name" ]; then
    if [ ! -d "$data/$set_name" ]; then
      echo "left out, no $data/$set_name: set TALLFIT_DATA"
      continue
    fi
    "prepare_$set_name"
  fi
  echo "--- $(basename "$block")"
  bash -eux "$block" || { echo "a command of $readme failed: the last one above"; exit 1; }
done
left=$(find . -name '*.partial')
[ -z "$left" ] || { echo "left behind: $left"; exit 1; }
