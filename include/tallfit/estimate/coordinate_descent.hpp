/// Least squares with an absolute-value penalty.
#pragma once

#include <Eigen/Core>

#include <vector>

#include "tallfit/estimate/support_step.hpp"

namespace tallfit::estimate {

/// Minimises ½ ‖E y - z‖² + Σ absolute_j |y_j| + ½ Σ square_j y_j² for one penalty after another, each from
/// where the last one ended.
///
/// An iteration is a sweep of coordinate descent with covariance updates over the columns that screening
/// left, then a SupportStep. Columns are screened by the sequential strong rule; the gradient of all columns
/// is formed after every iteration, and those that violate the conditions of the minimum come back. It ends
/// where the duality gap is below tol and an iteration leaves the support as it was: then the last digits are
/// those of QR.
///
/// The gap, with g = Eᵀ(z - E y) - square y, s = min(1, min_j absolute_j / |g_j|) and ρ² = what no
/// coefficients explain, is without cancellation
///
///   ½ (1 - s)² (‖E y - z‖² + ρ² + Σ square_j y_j²) + Σ_j (absolute_j |y_j| - s g_j y_j)
/// where |g_j| counts as absolute_j as long as rounding explains the difference, K ε ‖E_j‖ ‖z, ρ‖.
///
/// Cost: O(K m) for an iteration with m active columns, 2 K² / P for the gradient, and
/// ActiveColumns::fetch(). All ranks of the grid compute the same.
/// @see Friedman, Hastie, Tibshirani, J. Stat. Softw. 33 (2010) 1; Tibshirani et al., JRSSB 74 (2012) 245
class CoordinateDescent {
public:
  struct Options {
    double tol = 1e-10;    ///< of the gap, relative to ‖z‖² + ρ²
    double rcond = 1e-13;  ///< at which columns count as dependent
  };
  struct Result {
    Index iterations = 0;
    double gap = 0.0;
    bool converged = false;
  };

  /// @param columns  must outlive it
  CoordinateDescent(ActiveColumns& columns, const Options& options);

  /// @param max_iter  0: judges where it stands. @collective over the grid of the columns
  Result minimise(const SparsePenalty& penalty, Index max_iter);

  /// y, of the scaled columns.
  const Eigen::VectorXd& solution() const { return y_; }
  /// ‖E y - z‖² + ρ²
  double squared_residual() const { return squared_residual_; }
  /// ‖z‖² + ρ²: what the gap is compared with.
  double squared_target() const;

  /// What the next minimum depends on beside columns and penalty. Local.
  void put(compress::NumberSink& sink) const;
  void read(compress::NumberSource& source);

private:
  bool is_usable(Index j) const;
  bool exceeds(Index j, double gradient) const;
  void screen(const SparsePenalty& next);
  void admit_violators();
  void sweep();
  void step_on_support();
  double gap() const;

  ActiveColumns& columns_;
  Options options_;
  SparsePenalty penalty_;  ///< empty before the first
  Eigen::VectorXd y_;
  SupportStep step_;
  Eigen::VectorXd correlations_;  ///< Eᵀ(z - E y)
  double squared_residual_ = 0.0;
  double noise_ = 0.0;  ///< rounding of a correlation with a column of norm 1
  std::vector<bool> is_working_;
  std::vector<Index> working_;  ///< columns that sweeps go over
};

}  // namespace tallfit::estimate
