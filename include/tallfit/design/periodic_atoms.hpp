/// Atoms of one element in a periodic cell, and the neighbours that each of them sees.
#pragma once

#include <array>
#include <span>
#include <vector>

namespace tallfit::design {

using Vector3 = std::array<double, 3>;
using Matrix3 = std::array<Vector3, 3>;

/// Order of the six stresses, as FitSNAP and LAMMPS write them: xx yy zz yz xz xy.
inline constexpr std::array<std::array<std::size_t, 2>, 6> voigt_axes = {
    {{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}}};

/// 1 eV/Angstrom^3 in bar.
inline constexpr double bar_per_ev_per_a3 = 1.602176634e6;

/// Atoms that repeat with a cell of any shape and any size, also smaller than an interaction's reach.
struct PeriodicAtoms {
  Matrix3 cell = {};               ///< its rows are the lattice vectors, Angstrom
  std::vector<Vector3> positions;  ///< Cartesian, Angstrom; need not lie inside the cell

  int n_atoms() const { return static_cast<int>(positions.size()); }
};

/// @return |a . (b x c)| of the lattice vectors, Angstrom^3.
double volume(const PeriodicAtoms& atoms);

/// @return the atoms and their cell after x -> (1 + strain) x.
PeriodicAtoms deformed(PeriodicAtoms atoms, const Matrix3& strain);

/// What an atom sees: another atom, or an image of one (or of itself).
struct Neighbour {
  int atom = 0;
  Vector3 to = {};        ///< from the atom to this neighbour, Angstrom
  double distance = 0.0;  ///< length of `to`
};

/// The neighbours of every atom, one atom after the other.
struct NeighbourLists {
  std::vector<std::size_t> begin;  ///< length n_atoms + 1
  std::vector<Neighbour> all;

  std::span<const Neighbour> of(int atom) const {
    const auto i = static_cast<std::size_t>(atom);
    return {all.data() + begin[i], begin[i + 1] - begin[i]};
  }
};

/// Every (atom, image) closer than @p cutoff, each pair from both of its ends.
/// Cost: n_atoms^2 distances times the images within reach; meant for tens of atoms.
NeighbourLists find_neighbours(const PeriodicAtoms& atoms, double cutoff);

inline double dot(const Vector3& a, const Vector3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

}  // namespace tallfit::design
