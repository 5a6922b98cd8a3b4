/// Priors of scales: standard deviations of noise, of coefficients.
#pragma once

#include <string>

namespace tallfit::infer {

enum class ScalePriorKind {
  log_flat,     ///< 1/s, improper: equal odds for every decade
  flat,         ///< 1, improper
  half_cauchy,  ///< 2 / (π S (1 + s²/S²)): median S, heavy tails
  half_normal   ///< exp(-s² / (2 S²))
};

/// A prior of a scale s > 0, as a density of ln s.
struct ScalePrior {
  ScalePriorKind kind = ScalePriorKind::log_flat;
  double scale = 1.0;  ///< S; no meaning for improper ones

  /// ln p(ln s) = ln p(s) + ln s, up to a constant.
  double log_density(double log_s) const;
  /// Its derivative by ln s.
  double slope(double log_s) const;
  /// "half-Cauchy of scale 0.1", for fit.json.
  std::string describe() const;
};

}  // namespace tallfit::infer
