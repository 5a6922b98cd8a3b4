/// Least squares with a quadratic penalty: what ols and ridge share.
#pragma once

#include "tallfit/estimate/estimator.hpp"

namespace tallfit::estimate {

/// Minimises ‖W (A θ + c - b)‖² + λ ‖θ‖²; λ = 0 gives the solution of minimum norm.
///
/// Covariance: σ² (AᵀW²A + λ I)⁺ with σ² = residual_norm² / dof, dof = N - tr(H) (one less for an intercept).
/// Cost: O(K³ / 3) for the standard errors; TriangularSolver and, for λ > 0, augmented(). @collective
LinearFit fit_quadratic(const LeastSquaresSystem& system, double lambda, const EstimatorOptions& options);

/// The same for ‖W (A θ + c - b)‖² + λ ‖L (θ - μ)‖². Cost: a solve for each row of L that has more than one
/// entry, besides.
LinearFit fit_quadratic(const LeastSquaresSystem& system, double lambda, const Prior& prior,
                        const EstimatorOptions& options);

/// Sets the noise variance of a fit, and its degrees of freedom, from residual norm and effective_dof. Local.
void set_noise(LinearFit& fit, const LeastSquaresSystem& system, const EstimatorOptions& options);

/// Sets noise variance and standard errors of a fit from its residual norm and the diagonal of its
/// covariance. @collective over the grid
void set_uncertainty(LinearFit& fit, const LeastSquaresSystem& system, const EstimatorOptions& options);

/// Sets standard errors alone, from the noise variance and the diagonal of the covariance. @collective over
/// the grid
void set_standard_errors(LinearFit& fit);

/// S with S Sᵀ = covariance of (θ, c), K + 1 rows, the last of them zero without an intercept, on the grid of
/// the fit. Cost: K³ / (3 P) flops, two matrices beside the solver's. @collective
linalg::BlockCyclicMatrix covariance_factor(const LinearFit& fit);

/// The same where the variance of the noise is 1.
linalg::BlockCyclicMatrix covariance_root(const LinearFit& fit);

/// c for given θ. @return 0 where the system has no intercept
double best_intercept(const LeastSquaresSystem& system, const Eigen::VectorXd& coefficients);

}  // namespace tallfit::estimate
