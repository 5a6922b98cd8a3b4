#include "tallfit/design/relax.hpp"

#include <algorithm>
#include <cmath>

#include "tallfit/base/error.hpp"
#include "tallfit/design/stillinger_weber.hpp"

namespace tallfit::design {

namespace {

/// One sweep. @return whether any two atoms were too close.
bool push_apart(PeriodicAtoms& atoms, double closest) {
  const NeighbourLists close = find_neighbours(atoms, closest);
  // Each end makes its own half of the move; a millionth more than needed, so that sweeps come to an end.
  const double wanted = closest * (1.0 + 1e-6);
  for (int i = 0; i < atoms.n_atoms(); ++i) {
    Vector3& position = atoms.positions[static_cast<std::size_t>(i)];
    for (const Neighbour& other : close.of(i)) {
      const double move = 0.5 * (wanted - other.distance) / other.distance;
      for (std::size_t x = 0; x < 3; ++x) position[x] -= move * other.to[x];
    }
  }
  return !close.all.empty();
}

}  // namespace

void separate_in_place(PeriodicAtoms& atoms, double closest) {
  for (int sweep = 0; sweep < 1000; ++sweep) {
    if (!push_apart(atoms, closest)) return;
  }
  fail(ErrorKind::bug, "{} atoms in {} cubic Angstrom cannot be kept {} Angstrom apart", atoms.n_atoms(),
       volume(atoms), closest);
}

void descend_in_place(PeriodicAtoms& atoms, int steps) {
  // The stiffest direction of crowded silicon has some 60 eV/Angstrom^2: 0.02 is below 2/60.
  constexpr double step = 0.02;         // Angstrom^2/eV
  constexpr double longest_move = 0.1;  // Angstrom
  for (int s = 0; s < steps; ++s) {
    const AtomicLabels labels = stillinger_weber(atoms);
    for (std::size_t i = 0; i < atoms.positions.size(); ++i) {
      const Vector3& force = labels.forces[i];
      const double move = std::min(step, longest_move / std::max(std::sqrt(dot(force, force)), 1e-300));
      for (std::size_t x = 0; x < 3; ++x) atoms.positions[i][x] += move * force[x];
    }
  }
}

}  // namespace tallfit::design
