#!/usr/bin/env bash
# Words and sizes that the style forbids, in every file that git knows. usage: words.sh [ROOT]; prints one line per
# violation.
set -u
cd "${1:-$(dirname "$0")/../..}" || exit 2
git rev-parse --git-dir > /dev/null 2>&1 || { echo "not a git checkout: skipped"; exit 77; }
bad=0

# report MESSAGE: prints "file:line: MESSAGE" for each line "file:line:text" of the input.
report() {
  while IFS=: read -r file line _; do
    printf '%s:%s: %s\n' "$file" "$line" "$1"
    bad=1
  done
}

mapfile -t files < <(git ls-files --cached --others --exclude-standard | grep -v '^tests/lint/fixture/' |
                     while read -r f; do [ -f "$f" ] && echo "$f"; done)
mapfile -t code < <(printf '%s\n' "${files[@]}" | grep -E '\.[ch]pp$')
mapfile -t headers < <(printf '%s\n' "${files[@]}" | grep -E '\.hpp$')
mapfile -t library < <(printf '%s\n' "${files[@]}" | grep -E '^(src|include)/.*\.[ch]pp$' | grep -vE '^src/(app/|main\.cpp)')

# find_in PATTERN FILES...: /dev/null, because grep without files would read the terminal.
find_in() { grep -nHIE -- "$@" /dev/null; }

report "results go to files, messages to tallfit::log; only the command line may print" \
  < <(find_in 'std::cout|std::print|fmt::print|(^|[^a-z_:])(std::)?(printf|puts|putchar)\(' "${library[@]}")
report "'using namespace' in a header reaches everybody who includes it" \
  < <(find_in '^ *using namespace' "${headers[@]}")
report "no macros; if there is no other way, say why on the same line: // macro: reason" \
  < <(find_in '^ *# *define' "${code[@]}" | grep -v '// macro: ')
report "a path of one machine" \
  < <(find_in '(^|[^A-Za-z0-9_.}])/(work|tmp|root|home)/' "${files[@]}" | grep -v '^tests/lint/words.sh:')

for file in "${headers[@]}"; do
  # An umbrella header only includes others.
  if ! grep -qvE '^ *($|//|#)' "$file"; then report "an umbrella header: include what is used" <<< "$file:1:"; fi
done
for file in "${code[@]}"; do
  limit=400
  case $file in *.hpp) limit=300 ;; esac
  lines=$(wc -l < "$file")
  if [ "$lines" -gt $limit ] && ! grep -q '^// long: ' "$file"; then
    report "$lines lines, more than $limit: split it, or give a reason in a line '// long: reason'" <<< "$file:$lines:"
  fi
done
exit $bad
