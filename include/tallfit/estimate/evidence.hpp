/// The marginal likelihood of a ridge prior, as a function of one number.
#pragma once

#include "tallfit/estimate/estimator.hpp"
#include "tallfit/estimate/ridge_spectrum.hpp"

namespace tallfit::estimate {

/// N of the noise: rows or Σ w², one less for an intercept and for each free column, which take their own.
double n_observations(const LeastSquaresSystem& system, const EstimatorOptions& options);

/// ln p(b) of targets with noise of precision α and coefficients of precision λ α, at the best α:
///
///   1/2 [Σ ln(λ / (λ + s²)) + N ln(N / 2πQ) - N],  Q = ρ² + Σ u² λ / (λ + s²),  α = N / Q,
///
/// the flat prior of an intercept left out with its infinite constant, and weights counted as known. O(K).
/// @param n  n_observations()
/// @see MacKay, Neural Comput. 4 (1992) 415
struct RidgeEvidence {
  double log_evidence = 0.0;
  double noise_precision = 0.0;  ///< α
};
RidgeEvidence ridge_evidence(const RidgeSpectrum& spectrum, double n, double lambda);

/// The λ of the greatest evidence, to 1e-12 of its size: a scan of ln λ over all decades in which singular
/// values lie, then Newton's method within an interval that holds the maximum. The scan finds the best of
/// several maxima.
/// @return nothing where the evidence grows without bound: no more observations than the rank
std::optional<double> best_lambda(const RidgeSpectrum& spectrum, double n);

}  // namespace tallfit::estimate
