#include <Eigen/Core>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <tuple>

#include "matrices.hpp"
#include "support/grids.hpp"
#include "support/oracle.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/linalg/svd.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::linalg {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

// All the properties of a thin SVD of @p dense, each to n eps in its norm.
void expect_svd_of(const MatrixXd& dense, const Svd& svd) {
  const Index n = std::min(dense.rows(), dense.cols());
  const double unit = test::rounding(std::max(dense.rows(), dense.cols()));
  const MatrixXd u = replicate(svd.u);
  const MatrixXd vt = replicate(svd.vt);
  const MatrixXd identity = MatrixXd::Identity(n, n);
  EXPECT_LE((u.transpose() * u - identity).norm(), unit * std::sqrt(static_cast<double>(n)));
  EXPECT_LE((vt * vt.transpose() - identity).norm(), unit * std::sqrt(static_cast<double>(n)));
  EXPECT_LE((u * svd.values.asDiagonal() * vt - dense).norm(), unit * dense.norm());
  EXPECT_TRUE(std::is_sorted(svd.values.begin(), svd.values.end(), std::greater<>()));
  EXPECT_GE(svd.values.minCoeff(), 0.0);
}

class SvdShapes : public testing::TestWithParam<std::tuple<Index, Index, Index>> {};  // rows, columns, block

// Small shapes leave ranks without a slice of the vectors: they find the values by another algorithm.
TEST_P(SvdShapes, ReconstructsTheMatrix) {
  const auto [rows, cols, block] = GetParam();
  const MatrixXd dense = test::dense(rows, cols, test::noise);
  const VectorXd expected = support::singular_values(dense);
  const double bound = test::rounding(std::max(rows, cols)) * expected(0);
  for (const ProcessGrid& grid : test::all_grids()) {
    SCOPED_TRACE(test::describe(grid));
    const BlockCyclicMatrix a = distribute(grid, dense, block);
    const Svd result = svd(a);
    expect_svd_of(dense, result);
    EXPECT_TRUE(test::same_bits(grid, result.values));
    EXPECT_TRUE(test::same_bits(grid, singular_values(a)));
    EXPECT_LE((result.values - expected).lpNorm<Eigen::Infinity>(), bound);
    EXPECT_LE((singular_values(a) - expected).lpNorm<Eigen::Infinity>(), bound);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, SvdShapes,
                         testing::Values(std::tuple(1, 1, 1), std::tuple(2, 2, 1), std::tuple(2, 2, 64),
                                         std::tuple(5, 5, 2), std::tuple(40, 40, 16), std::tuple(40, 40, 64),
                                         std::tuple(33, 33, 33), std::tuple(40, 17, 5), std::tuple(17, 40, 5),
                                         std::tuple(30, 1, 4), std::tuple(1, 30, 4)));

// Singular values down to 0: rank 3 of 20, scales from 1 to 1e-12, duplicate columns.
TEST(SvdCases, FindsTheRankOfADeficientFactor) {
  const Index n = 20;
  MatrixXd dense = test::dense(n, n, test::noise).leftCols(3) * test::dense(3, n, test::noise);
  dense.col(7) = dense.col(2);
  const VectorXd expected = support::singular_values(dense);
  for (const ProcessGrid& grid : test::all_grids()) {
    SCOPED_TRACE(test::describe(grid));
    const Svd result = svd(distribute(grid, dense, 5));
    expect_svd_of(dense, result);
    EXPECT_GT(result.values(2), 0.5 * expected(2));
    EXPECT_LE(result.values(3), test::rounding(n) * result.values(0));
  }
}

// The zero matrix, multiples of the identity (all values equal), and entries near the ends of the range.
TEST(SvdCases, HandlesExtremes) {
  const Index n = 9;
  const MatrixXd base = test::dense(n, n, test::noise);
  for (const MatrixXd& dense : {MatrixXd(MatrixXd::Zero(n, n)), MatrixXd(3.0 * MatrixXd::Identity(n, n)),
                                MatrixXd(1e150 * base), MatrixXd(1e-150 * base)}) {
    for (const ProcessGrid& grid : test::all_grids()) {
      SCOPED_TRACE(testing::Message() << test::describe(grid) << ", norm " << dense.norm());
      expect_svd_of(dense, svd(distribute(grid, dense, 2)));
    }
  }
}

TEST(SvdCases, RefusesNaNByName) {
  MatrixXd dense = test::dense(8, 8, test::noise);
  dense(6, 1) = std::numeric_limits<double>::quiet_NaN();
  for (const ProcessGrid& grid : test::all_grids()) {
    SCOPED_TRACE(test::describe(grid));
    try {
      svd(distribute(grid, dense, 3), "the factor of fold 2");
      ADD_FAILURE() << "NaN accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::numerical);
      EXPECT_TRUE(error.is_collective());
      EXPECT_NE(std::string(error.what()).find("the factor of fold 2 holds NaN"), std::string::npos)
          << error.what();
    }
  }
}

TEST(SvdCases, EmptyMatricesHaveNoValues) {
  for (const ProcessGrid& grid : test::all_grids()) {
    EXPECT_EQ(svd(BlockCyclicMatrix(grid, 4, 0, 2)).values.size(), 0);
    EXPECT_EQ(singular_values(BlockCyclicMatrix(grid, 0, 4, 2)).size(), 0);
  }
}

}  // namespace
}  // namespace tallfit::linalg
