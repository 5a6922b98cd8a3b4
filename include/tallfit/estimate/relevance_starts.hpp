/// Where a search for relevant columns starts, and MacKay's fixed point.
#pragma once

#include "tallfit/estimate/relevance_posterior.hpp"
#include "tallfit/estimate/saved_search.hpp"

namespace tallfit::estimate {

/// How to search.
struct RelevanceSearch {
  double tol = 1e-10;      ///< gain of the objective that is not worth a step
  Index max_iter = 10000;  ///< accepted steps of one ascent
  bool noise_is_known = false;
  double threshold = 1e12;  ///< precision from which on a column is pruned
  double rate = 0.0;        ///< κ of contribution()
};

/// Of targets of mean square 1. Rows without noise have a likelihood without a bound: below 1e-12 of the
/// targets noise is rounding.
inline constexpr double largest_noise_precision = 1e24;

/// All columns of one precision, that of ridge regression of greatest evidence, then MacKay's fixed point
/// λ <- γ / θ², α <- (N - Σ γ) / ‖y - E θ‖² until it slows down: all columns, or all that it has not pruned.
/// The evidence may fall on the way. A part of @p saved, with a milestone at each step. Cost: a
/// relevance_posterior() and m³ / 3 flops a step. @collective
/// @see MacKay, Neural Comput. 4 (1992) 415, section 4.
Relevance fixed_point_start(const ScaledSystem& system, const RelevanceSearch& search, double noise_precision,
                            SavedSearch& saved);

/// No column, and noise of a tenth of the target's variance, or the known one. Local.
Relevance empty_start(const ScaledSystem& system, const RelevanceSearch& search, double noise_precision);

/// Whether all columns share one precision.
enum class Tied { no, yes };

/// One step of the fixed point, of each column for itself or of all together; prunes beyond the threshold.
/// The evidence may fall. Local.
/// @param variances  diagonal of posterior_covariance()
Relevance fixed_point_step(const ScaledSystem& system, const RelevanceSearch& search, const Relevance& at,
                           const RelevancePosterior& posterior, const Eigen::VectorXd& variances, Tied tied);

}  // namespace tallfit::estimate
