#!/usr/bin/env bash
# A layer's library links earlier layers only. usage: link_graph.sh GRAPH
# GRAPH: "layers: NAMES in order", then a line "NAME: libraries it links" for each (written by CMakeLists.txt here).
set -u
awk -F': ' '
  $1 == "layers" { n = split($2, names, " "); for (i = 1; i <= n; ++i) level[names[i]] = i; next }
  {
    ++seen
    m = split($2, libraries, " ")
    for (i = 1; i <= m; ++i) {
      if (libraries[i] !~ /^tallfit::/) continue
      other = substr(libraries[i], 10)
      if (!(other in level) || level[other] >= level[$1]) { print $1 " links the later layer " other; bad = 1 }
    }
  }
  END { if (!n || seen != n) { print "the graph is incomplete"; bad = 1 } exit bad }
' "$1"
