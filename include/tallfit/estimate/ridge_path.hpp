/// Figures of ridge regression along a path of penalties.
#pragma once

#include <string_view>

#include "tallfit/estimate/estimator.hpp"
#include "tallfit/estimate/ridge_spectrum.hpp"

namespace tallfit::estimate {

/// Columns of the figures of a ridge path.
enum class RidgeFigure : int {
  lambda,
  residual_norm,     ///< ‖W (A θ + c - b)‖
  coefficient_norm,  ///< ‖θ‖
  effective_dof,     ///< tr H
  gcv,               ///< N RSS / (N - tr H)²
  log_evidence,      ///< at the best noise precision
  l_curvature,       ///< of ln ‖θ‖ over ln ‖residual‖
  count
};

/// Penalties, logarithmically even from the square of the smallest singular value that is more than
/// rounding, or 1e-16 of the greatest, to 10 times the square of the greatest. Local.
Eigen::VectorXd ridge_lambdas(const RidgeSpectrum& spectrum, Index points);

/// All figures, and the coefficients of every λ; the intercepts are left at 0.
///
/// Cost: O(K) for the figures of a λ, 2 K² / P flops for its coefficients. @collective
/// @param n  n_observations()
/// @see Hansen, The L-curve and its use in the numerical treatment of inverse problems (2001), section 5,
/// for the curvature
Path ridge_path(const RidgeSpectrum& spectrum, const Eigen::VectorXd& lambdas, double n);

/// The point of the least gcv, the greatest evidence or the greatest curvature.
/// @param criterion  "gcv", "evidence" or "l_curve"
Index best_point(const Path& path, std::string_view criterion);

}  // namespace tallfit::estimate
