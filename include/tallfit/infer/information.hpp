/// What labels tell of a linear model, before and while configurations are chosen.
#pragma once

#include <Eigen/Core>

#include "tallfit/infer/whitening.hpp"

namespace tallfit::infer {

/// S with S Sᵀ = M0⁺, where the information M0 is s² times the inverse covariance of a fit, or of the members
/// of a committee: in units of rows of weight 1 and noise variance s².
///
/// @param covariance_factor  (K + 1) x c, with the covariance F Fᵀ; its last row is the intercept's, 0
/// without
///   one
/// @param noise_variance     s² of weighted rows
/// @return a root of as many columns as the covariance has directions, min(c, K + 1) at most
/// Cost: 2 K² c flops where c > K + 1. Local.
/// @throws Error{input} where the noise variance is not above 0, or there is no covariance.
Whitening information_of_covariance(const Eigen::MatrixXd& covariance_factor, double noise_variance);

/// The same for M0 = FᵀF + λ diag(d) of the rows F.
///
/// @param rows       F: any rows, of K coefficients and the intercept; without one the last column is 0
/// @param penalties  λ d, K + 1; may be 0
/// @param rcond      columns depend on each other below this
/// @return columns without any row or penalty have no part in it
/// Cost: 2 K² (rows + 4 K / 3) flops. Local.
/// @throws Error{input} where columns depend on each other.
Whitening information_of_rows(const Eigen::MatrixXd& rows, const Eigen::VectorXd& penalties, double rcond);

/// The information in coordinates in which it began as I: T = I + Σ QᵀQ over the chosen blocks of rows Q.
///
/// Kept as the factor U of T = UᵀU: each block is folded in by QR, so that nothing is squared or subtracted
/// and errors do not add up. Memory: 2 n² numbers.
class Information {
public:
  explicit Information(Index n);

  Index size() const { return factor_.rows(); }
  /// Adds a block, n x m: columns are its rows in the coordinates of the start. Cost: 2 n² (m + 2 n / 3)
  /// flops.
  void add(const Eigen::MatrixXd& block);
  /// Columns in coordinates in which the present information is I: U⁻ᵀ X. Cost: n² flops a column.
  Eigen::MatrixXd whitened(const Eigen::MatrixXd& block) const;
  /// F U⁻¹: rows of the same kind, for functionals F θ. Cost: n² flops a row.
  Eigen::MatrixXd functionals(const Eigen::MatrixXd& rows) const;
  /// log det T. Cost: n.
  double log_det() const;

private:
  Eigen::MatrixXd factor_;   ///< U
  Eigen::MatrixXd inverse_;  ///< U⁻¹
};

}  // namespace tallfit::infer
