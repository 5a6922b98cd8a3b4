// Local products against sums written out.
#include <gtest/gtest.h>

#include "support/errors.hpp"

#include "tallfit/linalg/dense_products.hpp"

namespace tallfit::linalg {
namespace {

TEST(Product, is_the_sum_over_the_inner_dimension) {
  Eigen::MatrixXd a(5, 3);
  Eigen::MatrixXd b(3, 4);
  for (Index i = 0; i < a.size(); ++i) a.data()[i] = static_cast<double>(i % 7 - 3);
  for (Index i = 0; i < b.size(); ++i) b.data()[i] = static_cast<double>(i % 5 - 2);
  const Eigen::MatrixXd plain = product(a, b);
  const Eigen::MatrixXd transposed = product(a.transpose(), b, Op::transpose);
  for (Index i = 0; i < 5; ++i) {
    for (Index j = 0; j < 4; ++j) {
      double sum = 0.0;
      for (Index l = 0; l < 3; ++l) sum += a(i, l) * b(l, j);
      EXPECT_EQ(plain(i, j), sum);  // small integers: no rounding
      EXPECT_EQ(transposed(i, j), sum);
    }
  }
}

TEST(Product, of_nothing_is_zero_and_of_other_sizes_an_error) {
  EXPECT_EQ(product(Eigen::MatrixXd(0, 3), Eigen::MatrixXd::Ones(3, 2)).rows(), 0);
  EXPECT_EQ(product(Eigen::MatrixXd(2, 0), Eigen::MatrixXd(0, 2)), Eigen::MatrixXd::Zero(2, 2));
  support::expect_error(ErrorKind::bug, {"3 columns by 2 rows"},
                        [] { product(Eigen::MatrixXd::Ones(2, 3), Eigen::MatrixXd::Ones(2, 2)); });
}

}  // namespace
}  // namespace tallfit::linalg
