/// The maximum of the evidence over the precisions of all columns and of the noise.
#pragma once

#include <vector>

#include "tallfit/estimate/relevance_moves.hpp"
#include "tallfit/estimate/relevance_starts.hpp"

namespace tallfit::estimate {

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
  RelevancePosterior posterior;  ///< with s and q of pruned columns
  double objective = 0.0;        ///< log evidence - κ/2 Σ 1/λ
  double gain_left = 0.0;        ///< that a step is expected to bring
  double worth = 0.0;  ///< the gain below which none is taken: tol, or the rounding of the objective
  Index iterations = 0;
  bool converged = false;
  std::vector<RelevanceStep> history;
};

/// Steps that do not lower the objective beyond rounding: columns are added or deleted, many at a time while
/// that gains, else the best alone, whose gain is certain; in turn with Newton steps of ln λ of active
/// columns and ln α. Where none is left, columns beyond search.threshold are pruned for good, whatever they
/// were worth, and the search goes on. Ends where no column and no Newton step gains more than tol: then q²
/// <= s for every other pruned column. A part of @p saved, with a milestone at each step. Cost: a few
/// relevance_posterior() and m³ flops a step. @collective
/// @see Tipping and Faul, AISTATS 2003.
RelevanceOptimum ascend(const ScaledSystem& system, const Relevance& start, const RelevanceSearch& search,
                        SavedSearch& saved);

}  // namespace tallfit::estimate
