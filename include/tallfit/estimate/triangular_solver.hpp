/// Rank, condition and solutions of a least-squares system.
#pragma once

#include <Eigen/Core>

#include <optional>
#include <string>
#include <vector>

#include "tallfit/estimate/least_squares_system.hpp"

namespace tallfit::estimate {

enum class Algorithm {
  automatic,  ///< triangular solve; the SVD where the condition estimate gives cause for suspicion
  qr,         ///< triangular solve, whatever the condition; an exactly singular factor still takes the SVD
  svd         ///< always the SVD
};

/// Norms of the factor's columns, 0 where the data do not tell a column from zero or, beside an intercept,
/// from a constant: what is left of such a column when its mean is taken out is rounding, and must not be
/// scaled up. @collective over the grid
Eigen::VectorXd significant_column_norms(const LeastSquaresSystem& system, double rcond);

/// Solves min ‖R θ - z‖ for the θ of minimum norm.
///
/// Columns are equilibrated by powers of two (exact), E = R D. The numerical rank is the number of singular
/// values of E above rcond times the largest; the SVD is only taken where an estimate of the condition number
/// allows a deficient rank. Where the rank is deficient, null vectors of E are mapped to null vectors of R
/// and projected out, so that the norm that is smallest is that of the user's coefficients, not of the scaled
/// ones. Cost: O(K²) where the rank is full beyond doubt, else about 22 K³ / P flops, and K (K - rank)
/// numbers on every rank. @collective over the grid
class TriangularSolver {
public:
  struct Options {
    Algorithm algorithm = Algorithm::automatic;
    double rcond = 1e-13;  ///< in (0, 1)
  };

  TriangularSolver(const LeastSquaresSystem& system, const Options& options);

  /// θ of minimum norm, on every rank.
  const Eigen::VectorXd& coefficients() const { return coefficients_; }
  /// N y and Nᵀ g, for an N of rank() columns with N Nᵀ = (RᵀR)⁺: a change of variables in which R has
  /// orthonormal columns. Cost: a triangular solve. @collective
  Eigen::VectorXd apply_root(const Eigen::VectorXd& y) const;
  Eigen::VectorXd apply_root_transposed(const Eigen::VectorXd& g) const;
  /// (RᵀR)⁺ g: the correction that a gradient g asks for.
  Eigen::VectorXd solve_normal(const Eigen::VectorXd& g) const;
  /// Diagonal of (RᵀR)⁺, on every rank. Cost: K³ / (3 P) flops where the rank is full, one more matrix on the
  /// grid. @collective
  Eigen::VectorXd covariance_diagonal() const;
  /// sqrt(vᵀ (RᵀR)⁺ v): the standard error of v . θ where that of the data is 1. Cost: a solve. @collective
  double deviation_along(const Eigen::VectorXd& v) const;
  /// S with S Sᵀ = (RᵀR)⁺, K x rank, on the grid. Cost: as covariance_diagonal(). @collective
  linalg::BlockCyclicMatrix covariance_factor() const;

  Index rank() const { return rank_; }
  /// Of the equilibrated factor: ratio of extreme singular values where the SVD ran (infinite when the last
  /// is 0), else the estimate in the 1-norm.
  double condition() const { return condition_; }
  /// Columns that are linear combinations of the others (zero columns among them), in increasing order.
  const std::vector<Index>& dependent_columns() const { return dependent_; }
  /// "qr" or "svd", and why.
  const std::string& algorithm() const { return algorithm_; }
  const std::string& reason() const { return reason_; }

private:
  void solve_by_svd(const LeastSquaresSystem& system, const Options& options);

  linalg::BlockCyclicMatrix equilibrated_;
  Eigen::VectorXd scale_;  ///< D
  Eigen::VectorXd coefficients_;
  std::optional<linalg::BlockCyclicMatrix>
      range_;  ///< where the rank is deficient: the projected D V_r Σ_r⁻¹, K x rank
  Index rank_ = 0;
  double condition_ = 1.0;
  std::vector<Index> dependent_;
  std::string algorithm_ = "qr";
  std::string reason_;
};

/// (RᵀR)⁺ g for θ and the intercept together: g has K + 1 entries, the last for the intercept, and so has the
/// result; without an intercept the last is not read and 0. @collective over the grid
Eigen::VectorXd solve_normal(const TriangularSolver& solver, const std::optional<InterceptRow>& intercept,
                             const Eigen::VectorXd& g);

}  // namespace tallfit::estimate
