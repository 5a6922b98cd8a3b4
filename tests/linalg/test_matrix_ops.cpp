#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "matrices.hpp"
#include "support/grids.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::linalg {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index n_rows = 23;
constexpr Index n_cols = 17;

class MatrixOps : public testing::TestWithParam<Index> {  // block
protected:
  // Calls check(a, the same matrix dense) on every grid.
  template <class Check>
  void on_every_grid(const MatrixXd& dense, const Check& check) {
    for (const ProcessGrid& grid : test::all_grids()) {
      SCOPED_TRACE(test::describe(grid));
      BlockCyclicMatrix a = distribute(grid, dense, GetParam());
      check(a);
    }
  }
  const MatrixXd dense_ = test::dense(n_rows, n_cols, test::noise);
};

TEST_P(MatrixOps, DiagonalIsReplicated) {
  on_every_grid(dense_, [&](BlockCyclicMatrix& a) { EXPECT_TRUE(diagonal(a) == dense_.diagonal()); });
}

// ||a_j|| to n eps, also where squares would overflow or underflow (1e300, 1e-300) and for a zero column.
TEST_P(MatrixOps, ColumnNormsDoNotOverflow) {
  MatrixXd dense = dense_;
  const VectorXd expected = VectorXd::NullaryExpr(n_cols, [&](Index j) {
    const double norm = dense_.col(j).norm();
    return j == 0 ? 1e300 * norm : j == 1 ? 1e-300 * norm : j == 2 ? 0.0 : norm;
  });
  dense.col(0) *= 1e300;
  dense.col(1) *= 1e-300;
  dense.col(2).setZero();
  on_every_grid(dense, [&](BlockCyclicMatrix& a) {
    const VectorXd norms = column_norms(a);
    for (Index j = 0; j < n_cols; ++j)
      EXPECT_NEAR(norms(j), expected(j), test::rounding(n_rows) * expected(j)) << j;
  });
}

TEST_P(MatrixOps, ColumnNormsTellNaNAndInfinity) {
  MatrixXd dense = dense_;
  dense(3, 4) = std::numeric_limits<double>::quiet_NaN();
  dense(20, 5) = std::numeric_limits<double>::infinity();
  dense.col(6).setZero();
  dense(22, 6) = std::numeric_limits<double>::quiet_NaN();
  on_every_grid(dense, [](BlockCyclicMatrix& a) {
    const VectorXd norms = column_norms(a);
    EXPECT_TRUE(std::isnan(norms(4)));
    EXPECT_TRUE(std::isinf(norms(5)));
    EXPECT_TRUE(std::isnan(norms(6)));
    EXPECT_TRUE(std::isfinite(norms(7)));
    EXPECT_FALSE(all_finite(a));
  });
  on_every_grid(dense_, [](BlockCyclicMatrix& a) { EXPECT_TRUE(all_finite(a)); });
}

// Powers of two scale without rounding.
TEST_P(MatrixOps, ScalesRowsAndColumns) {
  const VectorXd row =
      VectorXd::NullaryExpr(n_rows, [](Index i) { return std::ldexp(1.0, static_cast<int>(i) - 9); });
  const VectorXd col =
      VectorXd::NullaryExpr(n_cols, [](Index j) { return std::ldexp(1.0, 5 - static_cast<int>(j)); });
  on_every_grid(dense_, [&](BlockCyclicMatrix& a) {
    scale_rows_in_place(a, row);
    scale_columns_in_place(a, col);
    EXPECT_TRUE(replicate(a) == MatrixXd(row.asDiagonal() * dense_ * col.asDiagonal()));
    EXPECT_THROW(scale_rows_in_place(a, col), Error);
    EXPECT_THROW(scale_columns_in_place(a, row), Error);
  });
}

TEST_P(MatrixOps, CutsTrianglesAndLeadingRows) {
  on_every_grid(dense_, [&](BlockCyclicMatrix& a) {
    for (const Index n : {Index{0}, Index{1}, n_cols, n_rows}) {
      EXPECT_TRUE(replicate(leading_rows(a, n)) == dense_.topRows(n)) << n;
    }
    EXPECT_THROW(leading_rows(a, n_rows + 1), Error);
    zero_below_diagonal_in_place(a);
    EXPECT_TRUE(replicate(a) == MatrixXd(dense_.triangularView<Eigen::Upper>()));
  });
}

// |fl(A x) - A x| <= n eps |A| |x|, and 10 for the order of the sums.
TEST_P(MatrixOps, MultipliesAFewVectors) {
  const MatrixXd x = test::dense(n_cols, 3, test::noise);
  const MatrixXd y = test::dense(n_rows, 1, test::noise);
  on_every_grid(dense_, [&](BlockCyclicMatrix& a) {
    EXPECT_LE((multiply(a, x) - dense_ * x).norm(), test::rounding(n_cols) * dense_.norm() * x.norm());
    EXPECT_LE((multiply(a, y, Op::transpose) - dense_.transpose() * y).norm(),
              test::rounding(n_rows) * dense_.norm() * y.norm());
    EXPECT_EQ(multiply(a, MatrixXd(n_cols, 0)).cols(), 0);
    EXPECT_THROW(multiply(a, y), Error);
  });
}

// Mutations: local indices taken for global ones, the blocks of a transposed matrix on the ranks of the old
// one, the norms of a rank's part of a row.
TEST_P(MatrixOps, TransposesProjectsAndSumsRows) {
  const MatrixXd x = test::dense(n_rows, 3, [](Index i, Index j) { return test::noise(i, 100 + j); });
  const MatrixXd y = test::dense(n_cols, 3, [](Index i, Index j) { return test::noise(i, 200 + j); });
  on_every_grid(dense_, [&](BlockCyclicMatrix& a) {
    EXPECT_TRUE(replicate(transposed(a)) == dense_.transpose());
    const VectorXd sums = squared_row_norms(a);
    EXPECT_LE((sums - dense_.rowwise().squaredNorm()).norm(), test::rounding(n_cols) * dense_.norm());
    EXPECT_TRUE(test::same_bits(a.grid(), sums));
    subtract_product_in_place(a, x, y);
    EXPECT_LE((replicate(a) - (dense_ - x * y.transpose())).norm(),
              test::rounding(4) * (dense_.norm() + x.norm() * y.norm()));
    const BlockCyclicMatrix none = leading_rows(a, 0);
    EXPECT_EQ(transposed(none).rows(), n_cols);
    EXPECT_EQ(transposed(none).cols(), 0);
  });
}

INSTANTIATE_TEST_SUITE_P(Blocks, MatrixOps, testing::Values<Index>(1, 5, 17, 64));

}  // namespace
}  // namespace tallfit::linalg
