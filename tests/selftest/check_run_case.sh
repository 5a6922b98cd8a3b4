#!/usr/bin/env bash
# tests/app/run_case.sh accepts what a case expects and nothing else: a stand-in for the program misbehaves on demand.
# usage: check_run_case.sh MPIEXEC NUMPROC_FLAG
# shellcheck disable=SC2016  # expanded by the stand-in
set -u
run_case=$(realpath "$(dirname "$0")/../app/run_case.sh")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1

# usage as the program's: COMMAND CASE.toml -o OUT; the case's second line is what it does
cat > program <<'EOF'
#!/usr/bin/env bash
out=$4
eval "$(sed -n 2p "$2")"
EOF
chmod +x program

failures=0
# judge VERDICT BEHAVIOUR: run_case.sh must exit with VERDICT when the program behaves so.
judge() {
  printf "# expect: exit 2, unknown key\n%s\n" "$2" > case.toml
  rm -rf said odd
  TALLFIT_TEST_LIMIT_S=3 bash "$run_case" "$scratch/case.toml" 3 "$scratch/program" "${mpi[@]}" > log 2>&1
  [ $? = "$1" ] || { echo "expected verdict $1 for: $2"; cat log; failures=1; }
}
mpi=("$@")
# Rank 0 alone speaks: only the first of the three may make this folder.
say='mkdir said 2> /dev/null && echo "unknown key" >&2; '
judge 0 "$say"'exit 2'
judge 1 "$say"'exit 3'
judge 1 'echo "unknown key" >&2; exit 2'                # every rank speaks
judge 1 'echo "unknown word" >&2; exit 2'
judge 1 "$say"'exit 0'
judge 1 "$say"'touch "$out"; exit 2'                    # something is left behind
judge 1 "$say"'mkdir odd 2> /dev/null && exit 1; exit 2'     # one rank differs
judge 1 "$say"'mkdir odd 2> /dev/null && sleep 60; exit 2'   # one rank hangs

# A case from a list: inputs are made, the last rank sees its own, results are checked.
cat > list.cases <<'EOF'
[other]
expect: exit 2, never run
[listed]
input: echo shared > input
last: echo own > input
command: run input -o OUT
expect: exit 0
check: [ "$(sort result | paste -sd,)" = own,shared,shared ] && CHECK
EOF
cat > program <<'EOF'
#!/usr/bin/env bash
cat "$2" >> "$4"
EOF
for check in true false; do
  sed "s/CHECK/$check/" list.cases > now.cases
  bash "$run_case" "$scratch/now.cases:listed" 3 "$scratch/program" "${mpi[@]}" > log 2>&1
  [ $? = "$($check; echo $?)" ] || { echo "expected $check from a listed case"; cat log; failures=1; }
done
exit $failures
