/// Ways to move atoms by a little, for the derivatives of everything that depends on them.
#pragma once

#include <cmath>
#include <cstddef>

#include "tallfit/design/periodic_atoms.hpp"
#include "tallfit/design/silicon_configurations.hpp"

namespace tallfit::design::test {

/// Configuration of the named group that comes first in the sequence of seed 1.
inline PeriodicAtoms example(std::string_view group) {
  for (Index g = 0; g < n_silicon_groups; ++g) {
    if (silicon_groups[static_cast<std::size_t>(g)].name == group) return silicon_configuration(g, 1);
  }
  return {};
}

/// Diamond as the crystallographer's cube of eight atoms.
inline PeriodicAtoms perfect_diamond(double a) {
  PeriodicAtoms atoms;
  atoms.cell = {{{a, 0, 0}, {0, a, 0}, {0, 0, a}}};
  for (const Vector3& f :
       {Vector3{0, 0, 0}, Vector3{0, 0.5, 0.5}, Vector3{0.5, 0, 0.5}, Vector3{0.5, 0.5, 0}}) {
    atoms.positions.push_back({a * f[0], a * f[1], a * f[2]});
    atoms.positions.push_back({a * (f[0] + 0.25), a * (f[1] + 0.25), a * (f[2] + 0.25)});
  }
  return atoms;
}

inline PeriodicAtoms moved(PeriodicAtoms atoms, std::size_t atom, std::size_t axis, double by) {
  atoms.positions[atom][axis] += by;
  return atoms;
}

/// One component of a symmetric strain, in voigt_axes order; off the diagonal half of it on either side.
inline PeriodicAtoms strained(const PeriodicAtoms& atoms, std::size_t component, double by) {
  const auto [a, b] = voigt_axes[component];
  Matrix3 strain = {};
  strain[a][b] += 0.5 * by;
  strain[b][a] += 0.5 * by;
  return deformed(atoms, strain);
}

/// A rotation about (1, 1, 1) followed by one about z: no symmetry of any cell here.
inline Vector3 rotated(const Vector3& v) {
  const double c = std::cos(0.7);
  const double s = std::sin(0.7);
  return {c * v[2] - s * v[0], s * v[2] + c * v[0], v[1]};
}

inline PeriodicAtoms rotated(PeriodicAtoms atoms) {
  for (Vector3& v : atoms.cell) v = rotated(v);
  for (Vector3& v : atoms.positions) v = rotated(v);
  return atoms;
}

}  // namespace tallfit::design::test
