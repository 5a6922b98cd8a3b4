/// Akaike's and Bayes' information criteria of models of different size.
#pragma once

#include "tallfit/estimate/estimator.hpp"

namespace tallfit::estimate {

/// N ln(2 π σ²) + ‖W (A θ + c - b)‖² / σ² + f d, with f = 2 (aic) or ln N (bic) and d degrees of freedom
/// beside the intercept. σ² is that of least squares on all columns: scikit-learn's LassoLarsIC.
class InformationCriterion {
public:
  /// @throws Error{input} where least squares leaves no degrees of freedom to estimate σ² from, or no
  /// residual. Cost: TriangularSolver's for the rank. @collective over the grid of the system
  InformationCriterion(const LeastSquaresSystem& system, const EstimatorOptions& options);

  double noise_variance() const { return noise_variance_; }
  double value(double residual_norm, double degrees_of_freedom) const;

private:
  double n_ = 0.0;
  double factor_ = 0.0;
  double noise_variance_ = 0.0;
};

}  // namespace tallfit::estimate
