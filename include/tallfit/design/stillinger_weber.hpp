/// The Stillinger-Weber potential of silicon: the labels of the embedded training set.
#pragma once

#include <array>
#include <vector>

#include "tallfit/design/periodic_atoms.hpp"

namespace tallfit::design {

/// Distance beyond which two silicon atoms do not feel each other: a sigma = 1.8 x 2.0951 Angstrom.
inline constexpr double stillinger_weber_cutoff = 1.80 * 2.0951;

/// What a first-principles code would say of a configuration.
struct AtomicLabels {
  double energy = 0.0;                ///< of the whole cell, eV; isolated atoms have 0
  std::vector<Vector3> forces;        ///< -dE/dx, eV/Angstrom
  std::array<double, 6> stress = {};  ///< -(dE/dstrain)/volume in voigt_axes order, bar; positive: compressed
};

/// Energy, forces and virial stress of silicon by Stillinger and Weber (1985).
///
///   E = sum_{i<j} A eps [B (s/r)^4 - 1] g(r; s)
///     + sum_i sum_{j<k} lambda eps (cos t_jik + 1/3)^2 g(r_ij; gamma s) g(r_ik; gamma s),
///   g(r; d) = exp(d / (r - a s)) for r < a s, else 0
///
/// The sign of the stress is that of a pressure, as in LAMMPS' `compute pressure virial` and FitSNAP's
/// targets. Cost: n_atoms x neighbours^2 / 2 triples, about 50 ns each. Local.
/// @see Stillinger, Weber, Phys. Rev. B 31, 5262 (1985), eqs. 2.3-2.6; eps as in LAMMPS' Si.sw.
AtomicLabels stillinger_weber(const PeriodicAtoms& atoms);

}  // namespace tallfit::design
