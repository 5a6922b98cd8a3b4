/// What the evidence (marginal likelihood) of a model counts.
#pragma once

#include "tallfit/estimate/estimator.hpp"

namespace tallfit::estimate {

/// Number of observations N of ln p(b | α, λ) = ½ (N ln α - ...): rows, or Σ w² for EvidenceRows::weights;
/// one less where an intercept with a flat prior takes one of them. Local.
double n_observations(const LeastSquaresSystem& system, const EstimatorOptions& options);

}  // namespace tallfit::estimate
