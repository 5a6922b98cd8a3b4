/// Sparse Gaussian processes: the factor of kernel rows in, posterior and evidence out.
#pragma once

#include <memory>

#include "tallfit/estimate/estimator.hpp"

namespace tallfit::estimate {

/// Known to make_estimator() beside the registry, whose estimators fit any columns.
inline constexpr const char* gaussian_process_name = "gpr";

/// What a system of kernel rows says of the variances.
struct ProcessEvidence {
  double variance = 1.0;      ///< s
  double noise_level = 0.0;   ///< σ²
  double log_evidence = 0.0;  ///< ln of the density of the targets, weights counted as known
  double bound = 0.0;         ///< of the log evidence of the process without basis, from below
};

/// The σ² of the greatest bound, and with it the s, by a scan of ln(σ² / s) and Brent's method on one SVD:
///
///   bound = -1/2 [N ln 2πσ² + Σ ln(1 + s e_i / σ²) + Q / σ² + s T / σ²],
///   Q = min ‖W (Φ v - b)‖² + σ²/s ‖v‖²,  T = Σ w² (k(x, x) - ‖φ(x)‖²),
///
/// e_i the squares of the singular values. Without T it is the log evidence, of which an intercept takes one
/// row. Cost: 22 M³ flops. @collective over the grid
/// @throws Error{numerical} where the bound grows without end: the targets have no noise to speak of
/// @see Titsias, AISTATS 2009
ProcessEvidence best_variances(const LeastSquaresSystem& system, const EstimatorOptions& options);

/// Fits the rows of design::KernelSource: f(x) = φ(x) v + c with independent v of variance s, noise of
/// variance σ²/w². It is ridge regression by augmented QR with the penalty σ²/s and a noise that is known: s
/// and σ² are options.prior_variance and options.lambda, or what best_variances() finds.
///
/// The last column, the part of f outside of the basis, gets the coefficient 0 and the variance s: so errors
/// of predictions are those of the deterministic training conditional with the exact variance of f(x).
/// @throws Error{input} unless s > 0 and σ² > 0
/// @see Quiñonero-Candela and Rasmussen, JMLR 6 (2005) 1939; Foster et al., JMLR 10 (2009) 857
std::unique_ptr<Estimator> make_gaussian_process(const EstimatorOptions& options);

}  // namespace tallfit::estimate
