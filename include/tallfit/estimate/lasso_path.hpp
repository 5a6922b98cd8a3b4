/// Lasso and elastic net along a path of penalties.
#pragma once

#include <Eigen/Core>

#include <vector>

#include "tallfit/estimate/coordinate_descent.hpp"
#include "tallfit/estimate/saved_search.hpp"

namespace tallfit::estimate {

/// Form of the penalty λ (l1_ratio Σ weight_j |θ_j| + (1 - l1_ratio)/2 ‖θ‖²).
struct LassoPenalty {
  double l1_ratio = 1.0;
  Eigen::VectorXd weights = {};  ///< K; empty: 1. Infinite: the coefficient is 0
};

/// The minimum at one λ.
struct LassoPoint {
  double lambda = 0.0;
  Eigen::VectorXd coefficients;
  double residual_norm = 0.0;
  double objective = 0.0;
  double duality_gap = 0.0;   ///< in the unit of the objective
  double relative_gap = 0.0;  ///< to that of no coefficients at all, up to a factor of 2: what tol is of
  Index iterations = 0;
  bool converged = false;

  void put(compress::NumberSink& sink) const;
  void read(compress::NumberSource& source);
};

/// Minimises scikit-learn's objective of Lasso and ElasticNet, with sample weights w² and S = Σ w²,
///
///   1/(2 S) ‖W (A θ + c - b)‖² + λ l1_ratio Σ weight_j |θ_j| + λ (1 - l1_ratio)/2 ‖θ‖²
///
/// for one λ after another, each from where the last one ended.
class LassoPath {
public:
  /// @param system  must outlive it. @collective over its grid
  LassoPath(const LeastSquaresSystem& system, LassoPenalty penalty,
            const CoordinateDescent::Options& options);

  /// The smallest λ at which all coefficients are 0; infinite for l1_ratio = 0.
  double largest_lambda() const { return largest_; }
  /// What RᵀR θ lacks to Rᵀz at the minimum, in a column whose coefficient is not zero: S λ l1_ratio
  /// weight_j.
  double pull(double lambda, Index j) const;
  /// S λ (1 - l1_ratio), the penalty of ‖θ‖²/2.
  double square(double lambda) const;

  /// Cost: CoordinateDescent's. @collective
  LassoPoint solve(double lambda, Index max_iter);
  /// The same by way of larger λ, each 0.7 times the one before, so that few columns come at a time: from the
  /// largest, or from where the last one ended. All share max_iter iterations.
  /// A milestone of @p saved at each. A run that goes on has a new path begin here.
  LassoPoint descend(double lambda, Index max_iter, SavedSearch& saved);

  /// What the next minimum depends on beside system and penalty. Cost: 2 K m + m² numbers for m columns that
  /// were in the support. Local.
  void put(compress::NumberSink& sink) const;
  void read(compress::NumberSource& source);

private:
  const LeastSquaresSystem& system_;
  LassoPenalty penalty_;
  ActiveColumns columns_;
  CoordinateDescent descent_;
  double largest_ = 0.0;
  double last_ = 0.0;  ///< λ of the last minimum; largest_ before the first
};

/// n values from largest down to eps times it, evenly in their logarithms: scikit-learn's grid of alphas.
std::vector<double> lambda_grid(double largest, Index n, double eps);

}  // namespace tallfit::estimate
