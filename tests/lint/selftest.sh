#!/usr/bin/env bash
# The lint finds every violation planted in fixture/, and nothing else there.
set -u
cd "$(dirname "$0")" || exit 2
found=$(mktemp)
trap 'rm -f "$found"' EXIT
{ bash layers.sh fixture && echo "layers.sh found nothing"
  bash words.sh fixture && echo "words.sh found nothing"
  printf 'layers: base comm\nbase: tallfit::comm\ncomm: tallfit::base MPI::MPI_CXX\n' |
    bash link_graph.sh /dev/stdin && echo "link_graph.sh found nothing"
} > "$found"
diff fixture/expected.txt "$found"
