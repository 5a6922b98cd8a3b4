/// The maximum of the evidence over the precisions of all columns and of the noise.
#pragma once

#include <vector>

#include "tallfit/estimate/relevance_moves.hpp"

namespace tallfit::estimate {

struct RelevanceSearch {
  double tol = 1e-10;      ///< gain of the objective that is not worth a step
  Index max_iter = 10000;  ///< accepted steps of one ascent
  bool noise_is_known = false;
  double threshold = 1e12;  ///< precision beyond which the fixed point prunes
  double rate = 0.0;        ///< κ of contribution()
};

/// A point on the way.
struct RelevanceStep {
  double log_evidence = 0.0;
  Index n_active = 0;
  double noise_precision = 0.0;
  Eigen::VectorXd coefficients;  ///< K, on the user's scale
};

/// Where a search ended.
struct RelevanceOptimum {
  Relevance relevance;
  RelevancePosterior posterior;  ///< with s and q of all columns
  double objective = 0.0;        ///< log evidence - κ/2 Σ 1/λ
  double gain_left = 0.0;        ///< that a step is expected to bring
  Index iterations = 0;
  bool converged = false;
  std::vector<RelevanceStep> history;
};

/// All columns of one precision, that of ridge regression of greatest evidence, then MacKay's fixed point
/// λ <- γ / θ², α <- (N - Σ γ) / ‖y - E θ‖² until it slows down: all columns, or all that it has not pruned.
/// The evidence may fall on the way. Cost: a relevance_posterior() and m³ / 3 flops a step. @collective
/// @see MacKay, Neural Comput. 4 (1992) 415, section 4.
Relevance fixed_point_start(const ScaledSystem& system, const RelevanceSearch& search,
                            double noise_precision);

/// No column, and noise of a tenth of the target's variance, or the known one. Local.
Relevance empty_start(const ScaledSystem& system, const RelevanceSearch& search, double noise_precision);

/// Steps that never lower the objective: columns are added or deleted, many at a time while that gains, else
/// the best alone, whose gain is certain; in turn with Newton steps of ln λ of active columns and ln α.
/// Ends where no column and no Newton step gains more than tol: then q² <= s for every pruned column.
/// Cost: a few relevance_posterior() and m³ flops a step. @collective
/// @see Tipping and Faul, AISTATS 2003.
RelevanceOptimum ascend(const ScaledSystem& system, const Relevance& start, const RelevanceSearch& search);

}  // namespace tallfit::estimate
