// A factor whose columns have come and gone is that of the columns that are left.
#include <gtest/gtest.h>

#include <limits>

#include "support/memory_source.hpp"
#include "support/oracle.hpp"

#include "tallfit/estimate/active_factor.hpp"

namespace tallfit::test {
namespace {

constexpr Index n = 40;
constexpr Index k = 12;

Eigen::MatrixXd some_columns() {
  return Eigen::MatrixXd::NullaryExpr(n, k, [](Index i, Index j) { return random_entry(5, i, j); });
}
Eigen::VectorXd some_target() {
  return Eigen::VectorXd::NullaryExpr(n, [](Index i) { return random_entry(6, i, 0); });
}

// Catches rotations of the wrong rows, a target that is not turned along, and names out of order.
TEST(ActiveFactor, IsThatOfTheColumnsLeft) {
  const Eigen::MatrixXd x = some_columns();
  const Eigen::VectorXd b = some_target();
  estimate::ActiveFactor factor(b, 1e-13);
  for (Index j = 0; j < k; ++j) EXPECT_TRUE(factor.append(j, x.col(j)));
  for (const Index gone : {0, 5, 11, 3}) factor.remove(gone);
  EXPECT_TRUE(factor.append(5, x.col(5)));
  factor.remove(7);
  const std::vector<Index> left = {1, 2, 4, 6, 8, 9, 10, 5};
  EXPECT_EQ(factor.names(), left);

  Eigen::MatrixXd a(n, 8);
  for (Index j = 0; j < 8; ++j) a.col(j) = x.col(left[static_cast<std::size_t>(j)]);
  const support::LongMatrix wide = a.cast<long double>();
  const Eigen::VectorXd should = support::least_squares(wide, b.cast<long double>()).cast<double>();
  // n K ε of operations on columns of condition below 10
  const double bound = static_cast<double>(n * k) * std::numeric_limits<double>::epsilon();
  EXPECT_LE((factor.solution() - should).norm(), 10.0 * bound);
  EXPECT_LE((factor.residual() - (b - a * should)).norm(), 10.0 * bound);

  const Eigen::VectorXd gradient = Eigen::VectorXd::LinSpaced(8, -1.0, 2.0);
  const Eigen::VectorXd response = factor.response(gradient);
  EXPECT_LE((a.transpose() * (a * response) - gradient).norm(), 10.0 * bound * gradient.norm());
  EXPECT_LE((factor.lift(gradient) - a * response).norm(), 10.0 * bound);
  EXPECT_NEAR(factor.distance(x.col(0)), (x.col(0) - a * factor.combination(x.col(0))).norm(), 10.0 * bound);
}

TEST(ActiveFactor, RefusesDependentColumns) {
  const Eigen::MatrixXd x = some_columns();
  estimate::ActiveFactor factor(some_target(), 1e-13);
  EXPECT_FALSE(factor.append(9, Eigen::VectorXd::Zero(n)));
  for (Index j = 0; j < 3; ++j) EXPECT_TRUE(factor.append(j, x.col(j)));
  const Eigen::VectorXd before = factor.solution();
  EXPECT_FALSE(factor.append(3, x.col(0) - 2.0 * x.col(1) + 1e-3 * x.col(2)));
  EXPECT_EQ(factor.size(), 3);
  EXPECT_EQ(factor.solution(), before);
  EXPECT_TRUE(factor.append(3, x.col(0) + 1e-9 * x.col(5)));
}

}  // namespace
}  // namespace tallfit::test
