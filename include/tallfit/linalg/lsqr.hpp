/// Least squares by products with A and Aᵀ alone.
#pragma once

#include <Eigen/Core>

#include <functional>

#include "tallfit/linalg/row_matrix.hpp"

namespace tallfit::linalg {

/// x = N y, for the unknowns y of an easier problem. Vectors are whole on every rank; calls are collective.
struct ChangeOfVariables {
  Index n_unknowns = 0;  ///< length of y
  std::function<Eigen::VectorXd(const Eigen::VectorXd&)> apply;
  std::function<Eigen::VectorXd(const Eigen::VectorXd&)> apply_transposed;
};

/// min over y of ‖A N y - r‖² + ‖D N y - s‖².
struct LsqrProblem {
  const RowMatrix& a;
  const Eigen::VectorXd& residual;            ///< r: this rank's part
  const Eigen::VectorXd& penalty;             ///< D, a diagonal, K numbers on every rank; empty: none
  const Eigen::VectorXd& penalty_residual;    ///< s, K numbers on every rank; empty as D is
  const ChangeOfVariables* change = nullptr;  ///< N; null: x = y
};

/// Where to stop.
struct LsqrStop {
  double gradient_below = 0.0;  ///< ‖Bᵀ r‖ for B = [A; D] N and the present residual r, as LSQR estimates it
  double residual_below = 0.0;  ///< ‖r‖
  double ratio_below = 0.0;     ///< ‖Bᵀ r‖ / ‖r‖
  Index max_iterations = 0;
};

struct LsqrResult {
  Eigen::VectorXd x;  ///< N y, on every rank
  Index iterations = 0;
  bool reached = false;  ///< one of the goals
};

/// PETSc's KSPLSQR from y = 0 on.
///
/// Options of PETSc's database hold (-ksp_monitor, -ksp_view). Where A is sparse, N is the identity and
/// -pc_type is set, that preconditioner of Bᵀ B is taken, which is formed for it; gradients are then measured
/// in its norm. Cost of an iteration: 4 flops an entry of A, two N, one sum of K numbers. @collective
/// @throws what N throws.
/// @see Paige and Saunders, "LSQR", ACM TOMS 8 (1982) 43.
LsqrResult lsqr(const LsqrProblem& problem, const LsqrStop& stop);

}  // namespace tallfit::linalg
