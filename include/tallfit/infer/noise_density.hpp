/// Densities of noise with heavy tails.
#pragma once

#include <Eigen/Core>

#include <string>

namespace tallfit::infer {

enum class NoiseKind {
  student_t,  ///< -ln p(z) = (ν + 1)/2 ln(1 + z²/ν)
  huber       ///< -ln p(z) = z²/2 for |z| < ε, else ε |z| - ε²/2
};

/// The density of a residual in units of its scale, up to a constant factor.
struct NoiseDensity {
  NoiseKind kind = NoiseKind::student_t;
  double constant = 4.0;  ///< ν or ε

  /// Σ -ln p(z_i). Cost: a few flops each: logarithms are taken of products.
  double cost(const Eigen::Ref<const Eigen::VectorXd>& z) const;
  /// What Σ -ln p(z_i) lacks for each z: p times its exponential integrates to 1.
  double log_normaliser() const;
  /// The derivative of -ln p by each z.
  Eigen::VectorXd slopes(const Eigen::VectorXd& z) const;
};

}  // namespace tallfit::infer
