#!/usr/bin/env bash
# Every C++ file is as .clang-format says (version 14). usage: format.sh [--fix]
set -u
cd "$(dirname "$0")/../.." || exit 2
command -v clang-format > /dev/null || { echo "clang-format is not installed: skipped"; exit 77; }
mode=(--dry-run --Werror)
[ "${1:-}" = --fix ] && mode=(-i)
git ls-files --cached --others --exclude-standard '*.cpp' '*.hpp' '*.cpp.in' ':!tests/lint/fixture' |
  while read -r file; do [ -f "$file" ] && echo "$file"; done |
  xargs clang-format --style=file "${mode[@]}"
