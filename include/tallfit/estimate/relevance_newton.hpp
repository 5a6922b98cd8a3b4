/// The evidence as a smooth function of ln λ of active columns and ln α.
#pragma once

#include <optional>

#include "tallfit/estimate/relevance_posterior.hpp"

namespace tallfit::estimate {

/// Gradient and negative Hessian of log evidence - κ/2 Σ 1/λ in (ln λ, ln α).
struct RelevanceCurvature {
  Eigen::VectorXd gradient;               ///< m + 1, the noise last
  linalg::BlockCyclicMatrix neg_hessian;  ///< m + 1 square, on the grid
};

/// With T and the mean v of u: ∂/∂ ln λ_i = ½ (1 - T_ii - v_i²), ∂/∂ ln α = ½ (N - α ‖y - E θ‖² - m + tr T);
/// -∂²/∂ ln λ_i ∂ ln λ_j = ½ (δ_ij (T_ii + v_i²) - T_ij² - 2 v_i v_j T_ij), and as much for α.
/// @param covariance  T   Cost: O(m²) / P. @collective
RelevanceCurvature curvature(const ScaledSystem& system, const RelevancePosterior& posterior,
                             const linalg::BlockCyclicMatrix& covariance, const Relevance& relevance,
                             double rate);

/// (-H + shift I)⁻¹ g, nothing where that is not positive definite. Where the noise is known its component is
/// 0. Cost: m³ / (3 P) flops. @collective
std::optional<Eigen::VectorXd> newton_step(const RelevanceCurvature& at, double shift, bool noise_is_known);

}  // namespace tallfit::estimate
