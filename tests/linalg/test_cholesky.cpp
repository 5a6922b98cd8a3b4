#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <utility>

#include "matrices.hpp"
#include "support/grids.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/linalg/cholesky.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::linalg {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

MatrixXd upper_of(const MatrixXd& a) { return a.triangularView<Eigen::Upper>(); }

// Positive definite whatever the order (by Gershgorin's circles), with columns in units of 2^0 .. 2^-77.
MatrixXd graded_definite(Index order) {
  const MatrixXd base = test::dense(order, order, [order](Index i, Index j) {
    if (i == j) return 2.0 + test::noise(i, i);
    return test::noise(std::min(i, j), std::max(i, j)) / static_cast<double>(order);
  });
  const VectorXd units =
      VectorXd::NullaryExpr(order, [](Index j) { return std::ldexp(1.0, -7 * static_cast<int>(j % 12)); });
  return units.asDiagonal() * base * units.asDiagonal();
}

// The upper triangle of a symmetric matrix over rubbish, which nobody may read.
BlockCyclicMatrix upper_with_rubbish(const ProcessGrid& grid, const MatrixXd& symmetric, Index block) {
  MatrixXd a = upper_of(symmetric);
  a.triangularView<Eigen::StrictlyLower>().setConstant(nan);
  return distribute(grid, a, block);
}

// Every rank of every grid must throw the same, with this text.
void expect_refused(const MatrixXd& symmetric, Index block, const std::string& text) {
  for (const ProcessGrid& grid : test::all_grids()) {
    SCOPED_TRACE(test::describe(grid));
    BlockCyclicMatrix gram = upper_with_rubbish(grid, symmetric, block);
    try {
      cholesky_in_place(gram, "the Gram matrix of fold 2");
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::numerical);
      EXPECT_TRUE(error.is_collective());
      EXPECT_NE(std::string(error.what()).find("the Gram matrix of fold 2 " + text), std::string::npos)
          << error.what();
    }
  }
}

std::string names_pivot(Index column) {
  return "is not positive definite to working precision: the pivot of column " + std::to_string(column) +
         " (counted from 0)";
}

class Gram : public testing::TestWithParam<std::tuple<Index, Index, Index>> {};  // rows, columns, block

// Rows in three parts onto a matrix that is not zero: each entry is a dot product of length M + 1, so
// |G - G0 - A^T A|_ij <= M eps (|G0| + |A|^T |A|)_ij (Higham, section 3.1). The lower triangle stays as it
// is. Mutations: G overwritten, not added to (beta = 0); a part added twice; A A^T for A^T A; the lower
// triangle; zeros instead of NaN below the diagonal.
TEST_P(Gram, AddsTheRowsToTheUpperTriangle) {
  const auto [rows, cols, block] = GetParam();
  const MatrixXd a = test::dense(rows, cols, test::noise);
  const MatrixXd start =
      test::dense(cols, cols, [](Index i, Index j) { return 5.0 + test::noise(i + 100, j); });
  const MatrixXd expected = start + a.transpose() * a;
  const MatrixXd limit =
      test::rounding(rows + 1) * (start.cwiseAbs() + a.cwiseAbs().transpose() * a.cwiseAbs());
  for (const ProcessGrid& grid : test::all_grids()) {
    SCOPED_TRACE(test::describe(grid));
    BlockCyclicMatrix gram = upper_with_rubbish(grid, start, block);
    const Index first = rows / 2;
    const Index second = rows / 3;
    add_gram_in_place(gram, distribute(grid, a.topRows(first), block));
    add_gram_in_place(gram, distribute(grid, a.middleRows(first, second), block));
    add_gram_in_place(gram, distribute(grid, a.bottomRows(rows - first - second), block));

    const MatrixXd sum = replicate(gram);
    for (Index j = 0; j < cols; ++j) {
      for (Index i = 0; i < cols; ++i) {
        if (i > j) {
          EXPECT_TRUE(std::isnan(sum(i, j))) << i << ", " << j;
        } else {
          EXPECT_LE(std::abs(sum(i, j) - expected(i, j)), limit(i, j)) << i << ", " << j;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, Gram,
                         testing::Values(std::tuple(1, 1, 1), std::tuple(0, 4, 5), std::tuple(7, 0, 5),
                                         std::tuple(9, 2, 64), std::tuple(3, 11, 1), std::tuple(40, 33, 5),
                                         std::tuple(40, 33, 64), std::tuple(150, 70, 64),
                                         std::tuple(20, 6, 500)));

class Cholesky : public testing::TestWithParam<std::pair<Index, Index>> {};  // K, block

// |R^T R - G|_ij <= c K eps sqrt(G_ii G_jj) (Higham, theorem 10.3), here with units from 1 to 2^-77: an error
// that is small against ||G|| only does not pass.
// Mutations: the lower triangle read or left as it is; R^T stored; no factorisation; a diagonal shift of the
// size of roundoff; a regular error in one block.
TEST_P(Cholesky, ReproducesTheMatrixEntryByEntry) {
  const auto [order, block] = GetParam();
  const MatrixXd dense = graded_definite(order);
  const VectorXd units = dense.diagonal().cwiseSqrt();
  for (const ProcessGrid& grid : test::all_grids()) {
    SCOPED_TRACE(test::describe(grid));
    BlockCyclicMatrix gram = upper_with_rubbish(grid, dense, block);
    cholesky_in_place(gram, "the test matrix");
    const MatrixXd r = replicate(gram);
    EXPECT_TRUE(r.isUpperTriangular(0.0));
    EXPECT_TRUE((r.diagonal().array() > 0.0).all());
    const MatrixXd error =
        units.cwiseInverse().asDiagonal() * (r.transpose() * r - dense) * units.cwiseInverse().asDiagonal();
    EXPECT_LE(error.cwiseAbs().maxCoeff(), test::rounding(order));
  }
}

// A matrix of integers whose factor is 1 on and above the diagonal, G_ij = min(i, j) + 1, but for one column
// with a diagonal entry too small by 1 or 2: its pivot is exactly 0 or -1, those before it are exactly 1.
// Mutations: a pivot counted from 1, or in its block; an info that only the owner of the pivot has seen; the
// last of several bad pivots; a zero pivot that passes.
TEST_P(Cholesky, NamesThePivotThatIsNotPositive) {
  const auto [order, block] = GetParam();
  const MatrixXd integers =
      test::dense(order, order, [](Index i, Index j) { return static_cast<double>(std::min(i, j)) + 1.0; });
  for (const Index column : {Index{0}, order / 2, order - 1}) {
    for (const double below : {1.0, 2.0}) {
      SCOPED_TRACE(testing::Message() << "column " << column << ", smaller by " << below);
      MatrixXd bad = integers;
      bad(column, column) -= below;
      bad(order - 1, order - 1) -= static_cast<double>(order);  // a later pivot is negative, too
      expect_refused(bad, block, names_pivot(column));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, Cholesky,
                         testing::Values(std::pair(1, 1), std::pair(1, 64), std::pair(2, 1),
                                         std::pair(7, 500), std::pair(33, 1), std::pair(33, 5),
                                         std::pair(33, 33), std::pair(33, 64), std::pair(70, 16),
                                         std::pair(130, 64)));

// The routines compare each pivot with 0, which NaN passes; wherever it stands, all ranks must hear of it.
// Mutations: no test before the call (then the message names a pivot, or R holds NaN); a test of what this
// rank holds only; a test of the diagonal only.
TEST(CholeskyCases, RefusesNaNByName) {
  const Index order = 11;
  for (const auto& [row, col] : {std::pair(0, 0), std::pair(2, 9), std::pair(10, 10)}) {
    for (const double value : {nan, std::numeric_limits<double>::infinity()}) {
      MatrixXd bad = graded_definite(order);
      bad(row, col) = value;
      expect_refused(bad, 3, "holds NaN or Inf, so it has no Cholesky factor");
    }
  }
}

// Finite entries, of an indefinite matrix, that overflow on the way: Inf - Inf is a NaN in the last pivot.
// Mutations: pivots of the factor that nobody looks at.
TEST(CholeskyCases, NamesAPivotLostToOverflow) {
  MatrixXd bad = MatrixXd::Identity(4, 4);
  bad(0, 0) = bad(1, 1) = 1e-300;
  bad(0, 2) = bad(1, 2) = 1e-200;
  bad(0, 3) = 1e200;
  bad(1, 3) = -1e200;
  for (const Index block : {1, 64}) expect_refused(bad, block, names_pivot(3));
}

// A column that depends on others: its pivot is not positive, or positive and no more than roundoff. The rows
// are integers, so the Gram matrix is exact in any order of summation. Mutations: a shift that makes every
// matrix positive definite; another column named; sums in single precision.
TEST(CholeskyCases, LosesColumnsThatDependOnOthers) {
  MatrixXd rows = test::dense(40, 8, [](Index i, Index j) { return std::round(8.0 * test::noise(i, j)); });
  rows.col(6) = rows.col(1) - rows.col(4);  // integers: the Gram matrix is exact
  const MatrixXd exact = rows.transpose() * rows;
  for (const ProcessGrid& grid : test::all_grids()) {
    SCOPED_TRACE(test::describe(grid));
    BlockCyclicMatrix gram(grid, 8, 8, 3);
    add_gram_in_place(gram, distribute(grid, rows, 3));
    EXPECT_EQ(upper_of(replicate(gram)), upper_of(exact));
    try {
      cholesky_in_place(gram);
      // |R_66|^2 is what is left of G_66 after a cancellation: roundoff of it.
      EXPECT_LE(std::pow(replicate(gram)(6, 6), 2), test::rounding(8) * exact(6, 6));
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("the Gram matrix " + names_pivot(6)), std::string::npos);
    }
  }
}

TEST(CholeskyCases, NothingToDo) {
  for (const ProcessGrid& grid : test::all_grids()) {
    BlockCyclicMatrix empty(grid, 0, 0, 4);
    add_gram_in_place(empty, BlockCyclicMatrix(grid, 3, 0, 4));
    cholesky_in_place(empty);
    EXPECT_EQ(empty.rows(), 0);
  }
}

// Mutations: any of the four conditions left out.
TEST(CholeskyCases, RefusesShapesThatDoNotMatch) {
  const ProcessGrid grid = ProcessGrid::nearly_square(comm::Communicator::world());
  BlockCyclicMatrix gram(grid, 6, 6, 2);
  BlockCyclicMatrix wide(grid, 5, 6, 2);
  const ProcessGrid other = ProcessGrid::nearly_square(comm::Communicator::world());
  EXPECT_THROW(add_gram_in_place(gram, BlockCyclicMatrix(grid, 4, 5, 2)), Error);
  EXPECT_THROW(add_gram_in_place(gram, BlockCyclicMatrix(grid, 4, 6, 3)), Error);
  EXPECT_THROW(add_gram_in_place(gram, BlockCyclicMatrix(other, 4, 6, 2)), Error);
  EXPECT_THROW(add_gram_in_place(wide, BlockCyclicMatrix(grid, 4, 6, 2)), Error);
  EXPECT_THROW(cholesky_in_place(wide), Error);
}

}  // namespace
}  // namespace tallfit::linalg
