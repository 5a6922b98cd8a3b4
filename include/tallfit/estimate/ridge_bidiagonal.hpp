/// Coefficients of ridge regression for many penalties, from one reduction to two diagonals.
#pragma once

#include <Eigen/Core>

#include "tallfit/estimate/least_squares_system.hpp"
#include "tallfit/linalg/bidiagonal.hpp"

namespace tallfit::estimate {

/// R = Q B Pᵀ: with θ = P y, ‖R θ - z‖² + λ ‖θ‖² = ‖B y - Qᵀ z‖² + λ ‖y‖², which 2 K rotations solve for each
/// λ. Half the work of RidgeSpectrum, which knows more than coefficients; as accurate. One rank.
/// @see Eldén, BIT 17 (1977) 134
class RidgeBidiagonal {
public:
  /// Cost: 8/3 K³ flops, one further K x K matrix. Local.
  explicit RidgeBidiagonal(const LeastSquaresSystem& system);

  /// Singular values of R, decreasing.
  const Eigen::VectorXd& values() const { return values_; }
  /// θ of several λ > 0, a column each. Cost: 4 K² flops a column. Local.
  Eigen::MatrixXd coefficients(const Eigen::VectorXd& lambdas) const;

private:
  linalg::Bidiagonal reduced_;
  Eigen::VectorXd target_;  ///< Qᵀ z
  Eigen::VectorXd values_;
};

}  // namespace tallfit::estimate
