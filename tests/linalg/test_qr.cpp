#include <Eigen/Core>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <tuple>

#include "matrices.hpp"
#include "support/grids.hpp"
#include "support/oracle.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/qr.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::linalg {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

// R of an unpivoted QR by Eigen, rows signed so that the diagonal is not negative.
MatrixXd normalised(MatrixXd r) {
  for (Index i = 0; i < std::min(r.rows(), r.cols()); ++i) {
    if (r(i, i) < 0.0) r.row(i) *= -1.0;
  }
  return r;
}

class Qr : public testing::TestWithParam<std::tuple<Index, Index, Index>> {};  // rows, columns, block

// R^T R = A^T A to n eps ||A||^2, for every shape and grid, zeros below.
TEST_P(Qr, KeepsTheGramMatrix) {
  const auto [rows, cols, block] = GetParam();
  const MatrixXd dense = test::dense(rows, cols, test::noise);
  const Index n = std::min(rows, cols);
  for (const ProcessGrid& grid : test::all_grids()) {
    SCOPED_TRACE(test::describe(grid));
    BlockCyclicMatrix a = distribute(grid, dense, block);
    triangularise_in_place(a);
    EXPECT_TRUE(replicate(a).isUpperTriangular(0.0));
    const MatrixXd r = replicate(leading_rows(a, n));
    EXPECT_LE((r.transpose() * r - dense.transpose() * dense).norm(),
              test::rounding(rows + cols) * dense.squaredNorm());
  }
}

// Mutations: rows that lose their places on another grid, a factor of as many rows as there were.
TEST_P(Qr, OfFewRowsIsSquare) {
  const auto [rows, cols, block] = GetParam();
  const MatrixXd dense = test::dense(rows, cols, test::noise);
  for (const ProcessGrid& grid : test::all_grids()) {
    SCOPED_TRACE(test::describe(grid));
    const BlockCyclicMatrix a = distribute(grid, dense, block);
    if (rows > cols) {
      EXPECT_THROW(square_factor(a), Error);
      continue;
    }
    const MatrixXd r = replicate(square_factor(a));
    EXPECT_EQ(r.rows(), cols);
    EXPECT_TRUE(r.isUpperTriangular(0.0));
    EXPECT_LE((r.transpose() * r - dense.transpose() * dense).norm(),
              test::rounding(rows + cols) * dense.squaredNorm());
  }
}

// The factor of a badly scaled matrix keeps its digits row by row; a Gram matrix would lose all of them.
TEST_P(Qr, KeepsTheDigitsOfGradedColumns) {
  const auto [rows, cols, block] = GetParam();
  if (rows < cols) GTEST_SKIP() << "the reference is unique for tall matrices";
  const MatrixXd base = test::dense(rows, cols, test::noise) + MatrixXd::Identity(rows, cols) * 4.0;
  const VectorXd scale =
      VectorXd::NullaryExpr(cols, [](Index j) { return std::ldexp(1.0, -6 * static_cast<int>(j % 12)); });
  const MatrixXd expected = normalised(support::triangle_of(base));
  const double condition = base.norm() * support::singular_values(base).cwiseInverse().norm();
  for (const ProcessGrid& grid : test::all_grids()) {
    SCOPED_TRACE(test::describe(grid));
    BlockCyclicMatrix a = distribute(grid, base * scale.asDiagonal(), block);
    triangularise_in_place(a);
    const MatrixXd r = normalised(replicate(leading_rows(a, cols))) * scale.cwiseInverse().asDiagonal();
    EXPECT_LE((r - expected).norm(), test::rounding(rows) * condition * base.norm());
  }
}

// A permutation, whose QR has the diagonal that was returned, decreasing; each pivot is the farthest column,
// to roundoff: |R_jj| >= the part of every later column that is left.
TEST_P(Qr, PivotsTakeTheFarthestColumn) {
  const auto [rows, cols, block] = GetParam();
  const MatrixXd dense = test::dense(rows, cols, test::noise);
  const Index n = std::min(rows, cols);
  for (const ProcessGrid& grid : test::all_grids()) {
    SCOPED_TRACE(test::describe(grid));
    const PivotedQr qr = pivoted_qr(distribute(grid, dense, block));
    std::vector<Index> sorted = qr.columns;
    std::sort(sorted.begin(), sorted.end());
    std::vector<Index> all(static_cast<std::size_t>(cols));
    std::iota(all.begin(), all.end(), Index{0});
    EXPECT_EQ(sorted, all);
    if (sorted != all) continue;  // every rank has the same columns, so all skip

    MatrixXd permuted(rows, cols);
    for (Index j = 0; j < cols; ++j) permuted.col(j) = dense.col(qr.columns[static_cast<std::size_t>(j)]);
    const MatrixXd r = support::triangle_of(permuted);
    const double bound =
        100.0 * test::rounding(rows + cols) * dense.norm();  // 100: condition of the leading columns
    EXPECT_LE((r.diagonal().cwiseAbs() - qr.diagonal).norm(), bound);
    for (Index j = 0; j < n; ++j) {
      for (Index later = j; later < cols; ++later) {
        const Index bottom = std::min(later + 1, n);
        EXPECT_LE(r.col(later).segment(j, bottom - j).norm(), qr.diagonal(j) + bound);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, Qr,
                         testing::Values(std::tuple(1, 1, 1), std::tuple(2, 2, 64), std::tuple(9, 9, 1),
                                         std::tuple(33, 33, 5), std::tuple(33, 33, 33), std::tuple(50, 20, 5),
                                         std::tuple(50, 20, 64), std::tuple(12, 30, 5),
                                         std::tuple(70, 1, 4)));

// Duplicate and zero columns come last, with pivots of roundoff size.
TEST(PivotedQrCases, DependentColumnsComeLast) {
  const Index n = 16;
  MatrixXd dense = test::dense(n, n, test::noise);
  dense.col(3).setZero();
  dense.col(9) = dense.col(2);
  dense.col(11) = dense.col(5) - 2.0 * dense.col(6);
  for (const ProcessGrid& grid : test::all_grids()) {
    SCOPED_TRACE(test::describe(grid));
    const VectorXd d = pivoted_qr(distribute(grid, dense, 3)).diagonal;
    EXPECT_GT(d(n - 4), 1e-3 * d(0));  // a random 13-column matrix is far from singular
    EXPECT_LE(d.tail(3).maxCoeff(), test::rounding(n) * dense.norm());
  }
}

TEST(PivotedQrCases, NothingToOrder) {
  for (const ProcessGrid& grid : test::all_grids()) {
    EXPECT_TRUE(pivoted_qr(BlockCyclicMatrix(grid, 3, 0, 2)).columns.empty());
    EXPECT_EQ(pivoted_qr(BlockCyclicMatrix(grid, 0, 3, 2)).columns, (std::vector<Index>{0, 1, 2}));
  }
}

}  // namespace
}  // namespace tallfit::linalg
