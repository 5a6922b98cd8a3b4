#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <utility>

#include "matrices.hpp"
#include "support/grids.hpp"
#include "support/oracle.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/linalg/transfer.hpp"
#include "tallfit/linalg/triangular.hpp"

namespace tallfit::linalg {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

double one_norm(const MatrixXd& a) { return a.cwiseAbs().colwise().sum().maxCoeff(); }

MatrixXd inverse_of(const MatrixXd& r) {
  return support::solve_upper(r, MatrixXd::Identity(r.rows(), r.cols()));
}

// A factor with rubbish below its diagonal, as LAPACK leaves it: nothing may read that.
BlockCyclicMatrix factor_with_rubbish(const ProcessGrid& grid, const MatrixXd& r, Index block) {
  BlockCyclicMatrix a = distribute(grid, r, block);
  for (Index j = 0; j < a.local_cols(); ++j) {
    for (Index i = 0; i < a.local_rows(); ++i) {
      if (a.global_row(i) > a.global_col(j)) a.at_local(i, j) = std::numeric_limits<double>::quiet_NaN();
    }
  }
  return a;
}

class Triangular : public testing::TestWithParam<std::pair<Index, Index>> {  // K, block
protected:
  template <class Check>
  void on_every_grid(const MatrixXd& dense, const Check& check) {
    for (const ProcessGrid& grid : test::all_grids()) {
      SCOPED_TRACE(test::describe(grid));
      check(factor_with_rubbish(grid, dense, GetParam().second));
    }
  }
  const Index order_ = GetParam().first;
  const MatrixXd r_ = test::dominant_upper(order_);
};

// Backward stability (Higham, theorem 8.5): ||op(R) X - B|| <= K eps ||R|| ||X||. Catches a lost transpose.
TEST_P(Triangular, SolvesWithSmallResidual) {
  const MatrixXd b = test::dense(order_, 3, test::noise);
  on_every_grid(r_, [&](const BlockCyclicMatrix& r) {
    const MatrixXd x = solve_upper(r, b);
    EXPECT_LE((r_ * x - b).norm(), test::rounding(order_) * r_.norm() * x.norm());
    const MatrixXd y = solve_upper(r, b, Op::transpose);
    EXPECT_LE((r_.transpose() * y - b).norm(), test::rounding(order_) * r_.norm() * y.norm());
    EXPECT_EQ(solve_upper(r, MatrixXd(order_, 0)).cols(), 0);
  });
}

// Rows scaled over 14 decades: the solve is backward stable row by row, however bad the condition.
TEST_P(Triangular, SolvesGradedFactors) {
  const VectorXd grading = VectorXd::NullaryExpr(order_, [&](Index i) {
    return std::pow(10.0, -14.0 * static_cast<double>(i) / static_cast<double>(order_));
  });
  const MatrixXd graded = grading.asDiagonal() * r_;
  const VectorXd b = graded * VectorXd::Ones(order_);
  on_every_grid(graded, [&](const BlockCyclicMatrix& r) {
    const VectorXd x = solve_upper(r, b);
    const VectorXd limit = test::rounding(order_) * graded.cwiseAbs() * x.cwiseAbs();
    EXPECT_TRUE(((graded * x - b).cwiseAbs().array() <= limit.array()).all());
  });
}

// Two grids may differ in the order of sums only.
TEST_P(Triangular, GridsAgreeWithEachOther) {
  const MatrixXd b = test::dense(order_, 2, test::noise);
  const MatrixXd expected = support::solve_upper(r_, b);
  const double condition = r_.norm() * inverse_of(r_).norm();
  on_every_grid(r_, [&](const BlockCyclicMatrix& r) {
    EXPECT_TRUE(test::same_bits(r.grid(), solve_upper(r, b)));
    EXPECT_LE((solve_upper(r, b) - expected).norm(), test::rounding(order_) * condition * expected.norm());
  });
}

// ||R X - I|| <= K eps ||R|| ||X|| (Higham, section 14.2), zeros below.
TEST_P(Triangular, InvertsTheFactor) {
  on_every_grid(r_, [&](const BlockCyclicMatrix& r) {
    const MatrixXd x = replicate(inverse_upper(r));
    EXPECT_TRUE(x.isUpperTriangular(0.0));
    EXPECT_LE((r_ * x - MatrixXd::Identity(order_, order_)).norm(),
              test::rounding(order_) * r_.norm() * x.norm());
  });
}

// C = R^-1 R^-T: errors of the inverse (K eps cond) and of the product (K eps).
TEST_P(Triangular, GivesCovariances) {
  const MatrixXd x = inverse_of(r_);
  const MatrixXd expected = x * x.transpose();
  const double bound = test::rounding(order_) * (1.0 + r_.norm() * x.norm()) * x.squaredNorm();
  on_every_grid(r_, [&](const BlockCyclicMatrix& r) {
    const MatrixXd covariance = replicate(inverse_gram(r));
    EXPECT_TRUE(covariance == covariance.transpose()) << "symmetric to the last bit";
    EXPECT_LE((covariance - expected).norm(), bound);
    EXPECT_TRUE(test::same_bits(r.grid(), inverse_gram_diagonal(r)));
    EXPECT_LE((inverse_gram_diagonal(r) - expected.diagonal()).norm(), bound);
  });
}

// The estimate of ||R^-1|| is a lower bound, so rcond is an upper bound; Higham
// saw it within a factor of 3, the limit is 10.
TEST_P(Triangular, EstimatesTheCondition) {
  const double exact = 1.0 / (one_norm(r_) * one_norm(inverse_of(r_)));
  on_every_grid(r_, [&](const BlockCyclicMatrix& r) {
    const double rcond = reciprocal_condition(r);
    EXPECT_GE(rcond, exact * (1.0 - test::rounding(order_) / exact));
    EXPECT_LE(rcond, 10.0 * exact);
    EXPECT_TRUE(test::same_bits(r.grid(), MatrixXd::Constant(1, 1, rcond)));
  });
}

// ScaLAPACK's pdtrcon stops after its first guess on factors like this one, of 300 columns of noise: on a
// grid it is too low by more than ten.
TEST(TriangularCondition, IsEstimatedForFactorsOfNoise) {
  const Index n = 300;
  const MatrixXd r = support::triangle_of(test::dense(n + 3, n, test::noise));
  const double exact = 1.0 / (one_norm(r) * one_norm(inverse_of(r)));
  for (const ProcessGrid& grid : test::all_grids())
    EXPECT_LE(reciprocal_condition(distribute(grid, r, 16)), 10.0 * exact) << test::describe(grid);
}

// A zero pivot is named, by the same error on all ranks; the condition says 0.
TEST_P(Triangular, NamesAZeroPivot) {
  const Index column = order_ / 2;
  MatrixXd singular = r_;
  singular(column, column) = 0.0;
  on_every_grid(singular, [&](const BlockCyclicMatrix& r) {
    EXPECT_EQ(reciprocal_condition(r), 0.0);
    const VectorXd b = VectorXd::Ones(order_);
    for (int operation = 0; operation < 4; ++operation) {
      try {
        if (operation == 0) solve_upper(r, b, Op::none, "the factor of cell 'bulk'");
        if (operation == 1) inverse_upper(r, "the factor of cell 'bulk'");
        if (operation == 2) inverse_gram(r, "the factor of cell 'bulk'");
        if (operation == 3) inverse_gram_diagonal(r, "the factor of cell 'bulk'");
        ADD_FAILURE() << "operation " << operation << " did not notice";
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::numerical);
        EXPECT_TRUE(error.is_collective());
        const std::string message = error.what();
        EXPECT_NE(message.find("cell 'bulk' is singular"), std::string::npos) << message;
        EXPECT_NE(message.find("column " + std::to_string(column) + " "), std::string::npos) << message;
      }
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Shapes, Triangular,
                         testing::Values(std::pair(1, 1), std::pair(2, 64), std::pair(7, 1), std::pair(7, 5),
                                         std::pair(33, 5), std::pair(33, 33), std::pair(33, 64),
                                         std::pair(70, 16)));

// What is singular to working precision has a tiny rcond, or 0 where the estimate overflows; never NaN.
TEST(ReciprocalCondition, IsSmallOrZeroForIllConditionedFactors) {
  const Index n = 12;
  for (const double smallest : {1e-12, 1e-30, 1e-200, 5e-324}) {
    MatrixXd bad = test::dominant_upper(n);
    bad(n - 1, n - 1) = smallest;
    bad(n / 2, n / 2) = smallest;
    for (const ProcessGrid& grid : test::all_grids()) {
      SCOPED_TRACE(testing::Message() << test::describe(grid) << ", smallest " << smallest);
      const double rcond = reciprocal_condition(distribute(grid, bad, 5));
      EXPECT_GE(rcond, 0.0);
      EXPECT_LE(rcond, 10.0 * smallest);
    }
  }
}

TEST(ReciprocalCondition, OfNaNIsZeroAndOfNothingIsOne) {
  for (const ProcessGrid& grid : test::all_grids()) {
    SCOPED_TRACE(test::describe(grid));
    MatrixXd bad = test::dominant_upper(9);
    bad(2, 7) = std::numeric_limits<double>::quiet_NaN();
    EXPECT_EQ(reciprocal_condition(distribute(grid, bad, 2)), 0.0);
    EXPECT_EQ(reciprocal_condition(BlockCyclicMatrix(grid, 0, 0, 2)), 1.0);
  }
}

TEST(Triangular, EmptyFactorsAreFine) {
  for (const ProcessGrid& grid : test::all_grids()) {
    const BlockCyclicMatrix empty(grid, 0, 0, 4);
    EXPECT_EQ(solve_upper(empty, MatrixXd(0, 2)).cols(), 2);
    EXPECT_EQ(inverse_upper(empty).rows(), 0);
    EXPECT_EQ(inverse_gram(empty).rows(), 0);
    EXPECT_EQ(inverse_gram_diagonal(empty).size(), 0);
  }
}

TEST(Triangular, RefusesShapesThatDoNotMatch) {
  const ProcessGrid grid = ProcessGrid::nearly_square(comm::Communicator::world());
  const BlockCyclicMatrix r = distribute(grid, test::dominant_upper(6), 2);
  EXPECT_THROW(solve_upper(r, MatrixXd(5, 1)), Error);
  BlockCyclicMatrix other_block(grid, 6, 1, 3);
  EXPECT_THROW(solve_upper_in_place(r, other_block), Error);
  EXPECT_THROW(inverse_upper(BlockCyclicMatrix(grid, 6, 5, 2)), Error);
}

}  // namespace
}  // namespace tallfit::linalg
