#!/usr/bin/env bash
# The dependency rule: an #include points to the same or a lower layer; foreign headers stay in the layer that wraps
# them; a folder is a namespace. usage: layers.sh [ROOT]; prints one line per violation.
set -u
cd "${1:-$(dirname "$0")/../..}" || exit 2

# The order of the layers is written once, in the top CMakeLists.txt.
layers=$(sed -n 's/^tallfit_add_layer(\([a-z]*\).*/\1/p' CMakeLists.txt | paste -sd' ')
[ -n "$layers" ] || { echo "no layers in $PWD/CMakeLists.txt"; exit 2; }

# shellcheck disable=SC2016  # awk's own variables
find src include/tallfit -name '*.[ch]pp' | sort | xargs awk -v layers="$layers" '
  BEGIN {
    n = split(layers, names, " ")
    for (i = 1; i <= n; ++i) level[names[i]] = i
  }

  function report(text) { printf "%s:%d: %s\n", FILENAME, FNR, text; bad = 1 }

  # Layers that may include a foreign header: "from X" X and all above, in headers too; "in X" the sources of X only.
  function rule(header) {
    if (header ~ /^mpi\.h$/) return "from comm"
    if (header ~ /^(Eigen|unsupported\/Eigen)\//) return "from linalg"
    if (header ~ /^(petsc|lapacke|cblas)/) return "in linalg"
    if (header ~ /^(hdf5|H5)/) return "in io"
    if (header ~ /^(toml\+\+|nlohmann)\//) return "in io"
    if (header ~ /^CLI\//) return "in app"
    if (header ~ /^(spdlog|Random123)\//) return "in base"
    if (header ~ /^(fmt|sys)\// || header ~ /^[a-z_0-9]+(\.h)?$/) return "anywhere"  # fmt, C++, C and POSIX
    return "nowhere"
  }

  function check_foreign(header,   r, owner) {
    r = rule(header)
    owner = r; sub(/^(from|in) /, "", owner)
    if (r == "nowhere") report("<" header "> is not in the table of tests/lint/layers.sh")
    else if (r ~ /^from/ && level[layer] < level[owner]) report("<" header "> is for layer " owner " and above")
    else if (r ~ /^in/ && layer != owner) report("<" header "> is for layer " owner " only")
    else if (r ~ /^in/ && public) report("<" header "> in a public header; keep it to .cpp files")
  }

  function finish() {
    if (file != "" && layer != "" && !named) { printf "%s:1: opens no namespace %s\n", file, space; bad = 1 }
  }

  FNR == 1 {
    finish()
    file = FILENAME
    public = file ~ /^include/
    layer = file; sub(/^(src|include\/tallfit)\//, "", layer)
    if (!sub(/\/.*/, "", layer)) layer = ""  # src/main.cpp stands above all layers
    space = layer == "base" ? "tallfit" : "tallfit::" layer
    named = 0
    if (layer != "" && !(layer in level)) { report("folder " layer " is no layer of CMakeLists.txt"); layer = "" }
  }
  layer == "" { next }
  $1 == "extern" && $2 == "\"C\"" { named = 1 }  # prototypes of foreign routines have no namespace
  $1 == "namespace" && ($2 == space || index($2, space "::") == 1) { named = 1 }
  /^ *# *include *"tallfit\// {
    other = $0; sub(/.*"tallfit\//, "", other); sub(/\/.*/, "", other)
    if (!(other in level)) report("no layer " other)
    else if (level[other] > level[layer]) report(layer " includes the later layer " other)
  }
  /^ *# *include *</ {
    header = $0; sub(/.*</, "", header); sub(/>.*/, "", header)
    check_foreign(header)
  }
  END { finish(); exit bad }
'
