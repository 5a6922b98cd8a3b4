#include <gtest/gtest.h>

#include <cmath>

#include "matrices.hpp"
#include "support/grids.hpp"
#include "support/oracle.hpp"

#include "tallfit/linalg/sketch.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::test {
namespace {

constexpr Index sketched_rows = 3000;
constexpr Index sketched_cols = 24;

/// Columns over ten decades, and a last row that alone fixes the last column.
double sketched_entry(Index i, Index j) {
  if (j == sketched_cols - 1) return i == sketched_rows - 1 ? 1.0 : 0.0;
  return noise(i, j) * std::pow(10.0, -10.0 * static_cast<double>(j) / sketched_cols);
}

Eigen::VectorXd targets(Index first, Index count) {
  return dense(count, 1, [first](Index i, Index) { return noise(first + i, 99); });
}

/// The factor of a sketch on every rank, of dense or of sparse rows.
Eigen::MatrixXd sketch(const linalg::ProcessGrid& grid, bool sparse, const Eigen::VectorXd& penalty,
                       const linalg::SketchPlan& plan) {
  const comm::Communicator& comm = grid.comm();
  const Index first = sketched_rows * comm.rank() / comm.size();
  const Index count = sketched_rows * (comm.rank() + 1) / comm.size() - first;
  const Eigen::MatrixXd rows =
      dense(count, sketched_cols, [first](Index i, Index j) { return sketched_entry(first + i, j); });
  const Eigen::VectorXd target = targets(first, count);
  std::vector<Index> begin = {0};
  std::vector<std::int32_t> column;
  std::vector<double> value;
  for (Index i = 0; i < count; ++i) {
    for (Index j = 0; j < sketched_cols; ++j) {
      if (rows(i, j) == 0.0) continue;
      column.push_back(static_cast<std::int32_t>(j));
      value.push_back(rows(i, j));
    }
    begin.push_back(static_cast<Index>(value.size()));
  }
  const linalg::SketchRows given{
      .dense = sparse ? nullptr : &rows,
      .sparse = sparse ? std::optional(linalg::CompressedRows{begin, column, value}) : std::nullopt,
      .target = target,
      .n_cols = sketched_cols};
  return linalg::replicate(linalg::sketched_factor(grid, given, penalty, plan));
}

/// [A b] with the penalty below.
Eigen::MatrixXd all_rows(const Eigen::VectorXd& penalty) {
  Eigen::MatrixXd a = Eigen::MatrixXd::Zero(sketched_rows + penalty.size(), sketched_cols + 1);
  a.topLeftCorner(sketched_rows, sketched_cols) = dense(sketched_rows, sketched_cols, sketched_entry);
  a.col(sketched_cols).head(sketched_rows) = targets(0, sketched_rows);
  if (penalty.size() > 0) a.bottomLeftCorner(sketched_cols, sketched_cols) = penalty.asDiagonal();
  return a;
}

// Mutations: a sign or a place that depends on the rank, a section left out, weights 1 in place of 1 /
// sqrt(8), rows of a rank's own only, the penalty of one rank only, sparse entries in another column.
TEST(Sketch, PreservesNorms) {
  const linalg::SketchPlan plan{.n_rows = 4 * sketched_cols, .rows_per_rank = 13, .seed = 5};
  const Eigen::VectorXd penalty = Eigen::VectorXd::Constant(sketched_cols, 1e-3);
  Eigen::MatrixXd first;
  for (const linalg::ProcessGrid& grid : all_grids()) {
    SCOPED_TRACE(describe(grid));
    for (const bool sparse : {false, true}) {
      for (const Eigen::VectorXd& d : {Eigen::VectorXd(), penalty}) {
        const Eigen::MatrixXd r = sketch(grid, sparse, d, plan);
        // ‖A R⁻¹ y‖ = ‖A x‖ for ‖S A x‖ = ‖y‖: with 4 K rows between 1 / (1 + 1/2) and 1 / (1 - 1/2), a
        // little more at this small K. A false alarm would be one for ever: the seed is fixed.
        const Eigen::MatrixXd whitened =
            support::solve_upper(r, Eigen::MatrixXd::Identity(sketched_cols + 1, sketched_cols + 1));
        const Eigen::VectorXd values = support::singular_values(all_rows(d) * whitened);
        EXPECT_GT(values(sketched_cols), 0.6);
        EXPECT_LT(values(0), 2.5);
      }
    }
    // The sketch is the same whatever the grid, so its factor differs by rounding: RᵀR, column by column.
    const Eigen::MatrixXd r = sketch(grid, false, penalty, plan);
    if (first.size() == 0) first = r;
    const Eigen::VectorXd norms = first.colwise().norm();
    const Eigen::MatrixXd difference =
        (r.transpose() * r - first.transpose() * first).cwiseQuotient(norms * norms.transpose());
    EXPECT_LE(difference.cwiseAbs().maxCoeff(), rounding(4 * sketched_cols));
  }
}

// Mutation: a sketch of rows that are few enough to be taken as they are.
TEST(Sketch, TakesFewRowsAsTheyAre) {
  const linalg::SketchPlan plan{.n_rows = sketched_rows, .rows_per_rank = 100, .seed = 5};
  for (const linalg::ProcessGrid& grid : all_grids())
    support::expect_factor_of(sketch(grid, false, {}, plan), all_rows({}), 3.0);
}

}  // namespace
}  // namespace tallfit::test
