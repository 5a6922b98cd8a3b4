#include <Eigen/Core>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <utility>

#include "matrices.hpp"
#include "support/grids.hpp"
#include "support/oracle.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/linalg/symmetric_eigen.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::linalg {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

MatrixXd symmetric_noise(Index order) {
  return test::dense(order, order,
                     [](Index i, Index j) { return test::noise(std::min(i, j), std::max(i, j)); });
}

// A matrix with these eigenvalues: Q D Q for the reflector Q = I - 2 v v^T, with vectors that are all dense.
MatrixXd with_spectrum(const VectorXd& values) {
  const Index n = values.size();
  const VectorXd v = test::dense(n, 1, [](Index i, Index) { return test::noise(i, 3); }).normalized();
  const MatrixXd q = MatrixXd::Identity(n, n) - 2.0 * v * v.transpose();
  const MatrixXd a = q * values.asDiagonal() * q;
  return 0.5 * (a + a.transpose());
}

// The upper triangle over NaN, which nobody may read.
BlockCyclicMatrix upper_with_rubbish(const ProcessGrid& grid, MatrixXd a, Index block) {
  a.triangularView<Eigen::StrictlyLower>().setConstant(std::numeric_limits<double>::quiet_NaN());
  return distribute(grid, a, block);
}

// All the properties of a decomposition of @p dense, each to n eps in its norm (Demmel, theorem 5.1: the
// computed one is that of a matrix nearby, and its vectors are orthogonal to roundoff).
void expect_eigen_of(const MatrixXd& dense, const SymmetricEigen& eigen) {
  const Index n = dense.rows();
  const double unit = test::rounding(n);
  const MatrixXd v = replicate(eigen.vectors);
  EXPECT_LE((v.transpose() * v - MatrixXd::Identity(n, n)).norm(), unit * std::sqrt(static_cast<double>(n)));
  EXPECT_LE((dense * v - v * eigen.values.asDiagonal()).stableNorm(), unit * dense.stableNorm());
  EXPECT_TRUE(std::is_sorted(eigen.values.begin(), eigen.values.end()));
  EXPECT_TRUE(test::same_bits(eigen.vectors.grid(), eigen.values));
}

class SymmetricEigenShapes : public testing::TestWithParam<std::pair<Index, Index>> {};  // K, block

// Blocks larger than the matrix leave the values on one rank; where blocks and matrix are of one size,
// pdsyevd asks for less workspace than it needs, and does half of its work. Mutations: values of one rank
// only; vectors in rows; the lower triangle; the workspace that pdsyevd asks for; vectors of the tridiagonal
// matrix; the values in decreasing order.
TEST_P(SymmetricEigenShapes, DecomposesTheMatrix) {
  const auto [order, block] = GetParam();
  const MatrixXd dense = symmetric_noise(order);
  const VectorXd expected = support::symmetric_eigenvalues(dense);
  for (const ProcessGrid& grid : test::all_grids()) {
    SCOPED_TRACE(test::describe(grid));
    const SymmetricEigen result = symmetric_eigen(upper_with_rubbish(grid, dense, block));
    expect_eigen_of(dense, result);
    // Weyl: values move by no more than the matrix does.
    EXPECT_LE((result.values - expected).lpNorm<Eigen::Infinity>(), test::rounding(order) * dense.norm());
  }
}

// Second differences: the values 2 - 2 cos(pi j / (K + 1)) are known, and nothing else here computes them.
// Mutations: a diagonal off by one against the off-diagonal; values in units of a scaled matrix.
TEST_P(SymmetricEigenShapes, KnowsTheSpectrumOfSecondDifferences) {
  const auto [order, block] = GetParam();
  const MatrixXd dense = test::dense(order, order, [](Index i, Index j) {
    if (i == j) return 2.0;
    return i - j == 1 || j - i == 1 ? -1.0 : 0.0;
  });
  const VectorXd expected = VectorXd::NullaryExpr(order, [n = order](Index j) {
    return 2.0 -
           2.0 * std::cos(std::numbers::pi * static_cast<double>(j + 1) / (static_cast<double>(n) + 1.0));
  });
  for (const ProcessGrid& grid : test::all_grids()) {
    SCOPED_TRACE(test::describe(grid));
    const SymmetricEigen result = symmetric_eigen(upper_with_rubbish(grid, dense, block));
    expect_eigen_of(dense, result);
    EXPECT_LE((result.values - expected).lpNorm<Eigen::Infinity>(), 4.0 * test::rounding(order));  // 4: ||A||
  }
}

// Values of both signs, many equal, over 16 decades: divide and conquer deflates nearly all of them.
// Mutations: magnitudes instead of values (singular values); deflated vectors that are not copied back.
TEST_P(SymmetricEigenShapes, KnowsMultipleValues) {
  const auto [order, block] = GetParam();
  VectorXd expected = VectorXd::NullaryExpr(order, [](Index j) {
    constexpr double kinds[] = {-3.0, -3.0, 0.0, 1e-16, 1e-8, 1.0, 1.0, 2.0};
    return kinds[j % 8];
  });
  const MatrixXd dense = with_spectrum(expected);
  std::sort(expected.begin(), expected.end());
  for (const ProcessGrid& grid : test::all_grids()) {
    SCOPED_TRACE(test::describe(grid));
    const SymmetricEigen result = symmetric_eigen(upper_with_rubbish(grid, dense, block));
    expect_eigen_of(dense, result);
    EXPECT_LE((result.values - expected).lpNorm<Eigen::Infinity>(), 3.0 * test::rounding(order));  // 3: ||A||
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, SymmetricEigenShapes,
                         testing::Values(std::pair(1, 1), std::pair(1, 64), std::pair(2, 1), std::pair(2, 64),
                                         std::pair(3, 2), std::pair(7, 5), std::pair(7, 500),
                                         std::pair(33, 1), std::pair(33, 5), std::pair(33, 32),
                                         std::pair(33, 33), std::pair(33, 64), std::pair(70, 16),
                                         std::pair(128, 70), std::pair(130, 64)));

// The zero matrix, multiples of the identity, and entries near the ends of the range.
// Mutations: a bound that is relative to a product that underflows, or overflows.
TEST(SymmetricEigenCases, HandlesExtremes) {
  const Index n = 9;
  const MatrixXd base = symmetric_noise(n);
  for (const MatrixXd& dense : {MatrixXd(MatrixXd::Zero(n, n)), MatrixXd(-3.0 * MatrixXd::Identity(n, n)),
                                MatrixXd(1e200 * base), MatrixXd(1e-200 * base)}) {
    for (const ProcessGrid& grid : test::all_grids()) {
      SCOPED_TRACE(testing::Message() << test::describe(grid) << ", norm " << dense.stableNorm());
      expect_eigen_of(dense, symmetric_eigen(distribute(grid, dense, 2)));
    }
  }
}

// Mutations: no test before the call (LAPACK finds no convergence, ScaLAPACK returns NaN or hangs).
TEST(SymmetricEigenCases, RefusesNaNByName) {
  MatrixXd dense = symmetric_noise(8);
  dense(1, 6) = std::numeric_limits<double>::quiet_NaN();
  for (const ProcessGrid& grid : test::all_grids()) {
    SCOPED_TRACE(test::describe(grid));
    try {
      symmetric_eigen(distribute(grid, dense, 3), "the Gram matrix of fold 2");
      ADD_FAILURE() << "NaN accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::numerical);
      EXPECT_TRUE(error.is_collective());
      EXPECT_NE(std::string(error.what()).find("the Gram matrix of fold 2 holds NaN"), std::string::npos)
          << error.what();
    }
  }
}

TEST(SymmetricEigenCases, EmptyMatricesHaveNoValuesAndOthersAreSquare) {
  for (const ProcessGrid& grid : test::all_grids()) {
    EXPECT_EQ(symmetric_eigen(BlockCyclicMatrix(grid, 0, 0, 2)).values.size(), 0);
    EXPECT_THROW(symmetric_eigen(BlockCyclicMatrix(grid, 4, 3, 2)), Error);
  }
}

}  // namespace
}  // namespace tallfit::linalg
