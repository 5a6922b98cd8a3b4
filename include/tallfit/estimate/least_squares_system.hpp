/// The least-squares problem that a merged factor stands for.
#pragma once

#include <Eigen/Core>

#include <optional>
#include <span>

#include "tallfit/base/numeric.hpp"
#include "tallfit/compress/compressed_design.hpp"
#include "tallfit/estimate/prior.hpp"
#include "tallfit/linalg/block_cyclic_matrix.hpp"

namespace tallfit::estimate {

/// What is left of the intercept's equation: r11 c = z1 - r12 . θ.
struct InterceptRow {
  double r11 = 1.0;
  Eigen::VectorXd r12;
  double z1 = 0.0;
};

/// Σ w² (b - a θ - c)² = ‖R θ - z‖² + ρ², with the best intercept c where there is one.
struct LeastSquaresSystem {
  linalg::BlockCyclicMatrix r;  ///< K x K upper triangular
  Eigen::VectorXd z;            ///< K, on every rank of the grid
  double rho = 0.0;             ///< norm of what no θ can explain
  std::optional<InterceptRow> intercept;
  Index n_rows = 0;             ///< training rows of w > 0
  double sum_of_weights = 0.0;  ///< Σ w² over them: N where every w is 1, and what copies of a row add up to
  Index n_free = 0;             ///< columns that were taken out without penalty, as the intercept was

  Index n_coeffs() const { return r.cols(); }
  /// Coefficients beside θ that the rows have determined: each takes a degree of freedom.
  Index n_taken_out() const { return n_free + (intercept ? 1 : 0); }
};

enum class Intercept { none, fitted };

/// Takes the merged factor of w [A 1 b] apart.
///
/// With an intercept the column of ones is brought to the front and eliminated: what remains is the factor of
/// the centred design, so that penalties and norms concern θ alone.
/// @param factor  on rank 0 of the grid: at most K + 2 rows of K + 2 columns, triangular or raw; not read
/// elsewhere Cost: (4/3) K^3 flops where the factor is raw or has an intercept. @collective over grid.comm()
LeastSquaresSystem make_system(const linalg::ProcessGrid& grid, const Eigen::MatrixXd& factor, Index n_rows,
                               Intercept intercept);

/// The system of all training cells of a compressed design, each times its multiplier, on rank 0.
/// Cost: merge_training_cells(), then make_system(). @collective over comm
/// @throws Error{input} where multipliers tell apart what the cells do not, or leave no row.
std::optional<LeastSquaresSystem> training_system(const compress::CompressedDesign& design,
                                                  const design::GroupMultipliers& multipliers,
                                                  Intercept intercept, const comm::Communicator& comm);

/// The system of [R z; 0 ρ] with sqrt(λ) I below it: ridge regression by augmentation, never by a Gram
/// matrix. Its ρ is sqrt(ρ² + penalised residual). Cost: (10/3) K^3 / P flops. @collective over the grid
LeastSquaresSystem augmented(const LeastSquaresSystem& system, double lambda);

/// The same with sqrt(λ) L (θ - μ) of a prior. Cost: 2 K² (4 K/3 + rows of L) / P flops.
LeastSquaresSystem augmented(const LeastSquaresSystem& system, double lambda, const Prior& prior);

/// The same with a penalty λ_j θ_j² for each column.
/// @throws Error{bug} unless there is one for each.
LeastSquaresSystem augmented(const LeastSquaresSystem& system, const Eigen::VectorXd& lambdas);

/// The system of some columns alone: what the others would explain is left in ρ.
/// Cost: 2 m² (K - m/3) / P flops for m columns; K x m numbers on the grid. @collective over the grid
/// @param columns  in any order, each at most once
LeastSquaresSystem select_columns(const LeastSquaresSystem& system, std::span<const Index> columns);

}  // namespace tallfit::estimate
