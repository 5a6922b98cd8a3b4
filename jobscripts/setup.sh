#!/usr/bin/env bash
# Installs what cmake/apt-packages.txt lists and this machine lacks; does nothing, at once, where nothing is missing.
# Where it may not install (a cluster, no root) it says what to load, and leaves it to CMake to find what is there.
set -eu
cd "$(dirname "$0")/.."

say_what_to_load() {
  cat << EOF
Cannot install packages here ($1). Needed, under their Debian names:
  $2
On a cluster load modules for: a C++20 compiler, CMake >= 3.25, Ninja, MPI, a BLAS/LAPACK, ScaLAPACK, PETSc, HDF5 with
MPI, Eigen, fmt, spdlog, CLI11, toml++, nlohmann-json, Random123 and GoogleTest. With Spack:
  spack install cmake ninja openmpi openblas netlib-scalapack petsc~hypre hdf5+mpi eigen fmt spdlog cli11 \\
                tomlplusplus nlohmann-json random123 googletest
Going on: CMake names what it does not find.
EOF
}

mapfile -t wanted < <(grep -v '^#' cmake/apt-packages.txt)
if ! command -v dpkg-query > /dev/null; then
  say_what_to_load "not a Debian system" "${wanted[*]}"
  exit 0
fi

installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${wanted[@]}" 2> /dev/null | sed -n 's/^installed //p' || true)
mapfile -t missing < <(printf '%s\n' "${wanted[@]}" | grep -vxF -f <(printf '%s\n' "$installed") || true)
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
  if ! sudo -n true 2> /dev/null; then
    say_what_to_load "neither root nor sudo without a password" "${missing[*]}"
    exit 0
  fi
  as_root=(sudo -n)
fi
echo "Installing: ${missing[*]}"
# Recommended packages stay out: they would bring a second BLAS flavour, and which one is used would be chance.
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
"${apt[@]}" update
"${apt[@]}" install -y --no-install-recommends "${missing[@]}" > /dev/null
