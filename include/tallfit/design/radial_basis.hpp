/// Chebyshev polynomials of a mapped distance that fade smoothly at a cutoff.
#pragma once

#include <span>

namespace tallfit::design {

/// R_n(r) = T_n(x(r)) (1 - r/cutoff)^3, with x linear in exp(-r/decay): -1 at the cutoff, 1 at the inner
/// distance.
///
/// R_n and its first two derivatives are continuous everywhere, also below `inner`, where T_n leaves [-1, 1].
struct RadialBasis {
  double inner;   ///< Angstrom; no distance of interest is shorter
  double cutoff;  ///< Angstrom
  double decay;   ///< Angstrom; small: fine resolution of short distances

  /// R_0 .. and dR_0/dr .. at 0 < r < cutoff; both spans have the same length. Cost: 1 exp and 9 flops a
  /// function.
  void evaluate(double r, std::span<double> values, std::span<double> slopes) const;
};

}  // namespace tallfit::design
