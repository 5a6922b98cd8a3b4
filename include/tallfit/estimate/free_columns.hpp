/// Columns that no penalty touches and no rule drops, beside any estimator: a constant for each element, say.
#pragma once

#include <Eigen/Core>

#include <memory>
#include <string>
#include <vector>

#include "tallfit/estimate/least_squares_system.hpp"

namespace tallfit::estimate {

class Estimator;
struct LinearFit;

/// Columns of a design that are always fitted, without penalty.
struct FreeColumns {
  std::vector<Index> columns;      ///< each once, in increasing order
  std::vector<std::string> names;  ///< of all columns, for messages; may be empty

  bool any() const { return !columns.empty(); }
};

/// The columns that match one of some patterns of fit.unpenalised. Local.
/// @throws Error{input} for a pattern that no name matches, and where no column is left to an estimator.
FreeColumns free_columns(const std::vector<std::string>& names, const std::vector<std::string>& patterns);

/// What is left of the equations of free columns u: R u = z - coupling [θ; c].
struct FreeRows {
  std::vector<Index> columns;  ///< m, of u
  Eigen::MatrixXd r;           ///< m x m upper triangular
  Eigen::MatrixXd coupling;    ///< m x (columns of θ + 1), the last of the constant
  Eigen::VectorXd z;           ///< m

  /// u where θ and c are known.
  Eigen::VectorXd solve(const Eigen::VectorXd& theta, double constant) const;
};

/// A system without its free columns, as the estimators see it, and what brings them back.
struct SystemWithoutFree {
  LeastSquaresSystem rest;     ///< of the other columns, in their order; n_free more were taken out
  std::vector<Index> columns;  ///< of the rest
  FreeRows rows;
};

/// Takes free columns out of a system as the constant is taken out: QR with the free columns first,
///
///   [U 1 P b] = Q [R_u . . .; 0 r11 r12 z1; 0 0 R z; 0 0 0 ρ],
///
/// so that ‖R θ - z‖² + ρ² is what rows leave of their squares at the best u and c (Frisch, Waugh, Lovell).
/// What is left of a column that depends on free ones to rounding is set to 0.
/// Cost: (4/3) K³ / P flops, one more matrix. m (K + 2) numbers on every rank. @collective over the grid
/// @throws Error{input} on all ranks naming the first free column that depends on those before it, or, with
/// an intercept, on a constant; a column of zeros does.
SystemWithoutFree without_free_columns(const LeastSquaresSystem& system, const FreeColumns& free,
                                       double rcond);

/// Whatever an estimator makes of the other columns, and the free ones at their best beside it. Standard
/// errors are exact for what the estimator's are: Cov u = R_u⁻¹ (σ² I + coupling Cov [θ; c] couplingᵀ) R_u⁻ᵀ.
/// A path has the free coefficients at each point. It has no penalty(): refinement and the iterative engine
/// know one λ for all columns.
std::unique_ptr<Estimator> with_free_columns(std::unique_ptr<Estimator> estimator, FreeColumns free,
                                             double rcond);

}  // namespace tallfit::estimate
