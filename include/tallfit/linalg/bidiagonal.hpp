/// Reduction of a square matrix to two diagonals.
#pragma once

#include <Eigen/Core>

#include <string_view>
#include <vector>

#include "tallfit/linalg/block_cyclic_matrix.hpp"

namespace tallfit::linalg {

/// A = Q B Pᵀ with B upper bidiagonal; Q and P are kept as reflectors.
///
/// Half the work of a singular value decomposition, for those who need no singular vectors.
class Bidiagonal {
public:
  /// Cost: 8/3 K³ flops, half of them matrix-vector products. Pass the matrix with std::move to work in its
  /// memory. Local.
  /// @param a  K x K on a grid of one rank
  /// @throws Error{numerical} for NaN or Inf; Error{bug} unless it is square and on one rank
  /// @see LAPACK dgebrd.
  explicit Bidiagonal(BlockCyclicMatrix a, std::string_view what = "the matrix");

  const Eigen::VectorXd& diagonal() const { return diagonal_; }
  const Eigen::VectorXd& above() const { return above_; }  ///< K - 1
  /// Qᵀ x. Cost: 4 K² flops a column.
  Eigen::MatrixXd q_transposed_times(Eigen::MatrixXd x) const;
  /// P y. Cost: 4 K² flops a column.
  Eigen::MatrixXd p_times(Eigen::MatrixXd y) const;
  /// Of A, decreasing. Cost: O(K²).
  /// @throws Error{numerical} where they do not converge. @see LAPACK dbdsqr.
  Eigen::VectorXd singular_values() const;

private:
  Eigen::MatrixXd applied(const char* which, const char* op, const std::vector<double>& tau,
                          Eigen::MatrixXd x) const;

  BlockCyclicMatrix reflectors_;
  Eigen::VectorXd diagonal_;
  Eigen::VectorXd above_;
  std::vector<double> tau_q_;
  std::vector<double> tau_p_;
};

}  // namespace tallfit::linalg
