#include <Eigen/Core>
#include <gtest/gtest.h>

#include <random>

#include "support/factor_check.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/compress/factor.hpp"

namespace tallfit::compress {
namespace {

using Eigen::MatrixXd;
using support::expect_factor_of;
using support::factor_of;
using support::factor_rows;

MatrixXd random_matrix(Index m, Index n, unsigned seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> normal;
  return MatrixXd::NullaryExpr(m, n, [&] { return normal(generator); });
}

MatrixXd stack(const MatrixXd& top, const MatrixXd& bottom) {
  MatrixXd both(top.rows() + bottom.rows(), top.cols());
  both << top, bottom;
  return both;
}

// Mutations: a triangle of fewer rows than columns, or rows where a triangle is smaller.
TEST(Factor, ReducedHoldsTheLeast) {
  for (Index m = 1; m < 6; ++m) {
    const MatrixXd rows = random_matrix(m, 6, 1);
    const Factor factor = factor_of(rows);
    EXPECT_FALSE(factor.is_triangular());
    EXPECT_EQ(factor.n_rows(), m);
    EXPECT_EQ(factor.dense(), rows);  // not a bit changed
    EXPECT_EQ(reduced_size(m, 6), 6 * m);
  }
  for (const Index m : {6, 7, 100}) {
    const Factor factor = factor_of(random_matrix(m, 6, 1));
    EXPECT_TRUE(factor.is_triangular());
    EXPECT_EQ(factor.n_rows(), 6);
    EXPECT_EQ(factor.values()->size(), 21U);
    EXPECT_EQ(factor.dense(), MatrixXd(factor.dense().triangularView<Eigen::Upper>()));
    EXPECT_EQ(reduced_size(m, 6), 21);
  }
}

TEST(Factor, NoRows) {
  const Factor nothing(4);
  EXPECT_TRUE(nothing.is_empty());
  EXPECT_FALSE(nothing.is_triangular());
  EXPECT_EQ(nothing.dense().rows(), 0);
  EXPECT_EQ(nothing.dense().cols(), 4);
  EXPECT_TRUE(factor_of(MatrixXd(0, 4)).is_empty());
  EXPECT_TRUE(merge(nothing, nothing, RowScales::alike, 8).is_empty());
  EXPECT_EQ(reduced_size(0, 4), 0);
}

// Mutation: any row that is lost. | |Rx| - |Ax| | <= gamma |A| |x| as in expect_factor_of().
TEST(Factor, KeepsTheNormOfEveryCombination) {
  for (const Index n : {1, 2, 9, 20}) {
    const MatrixXd rows = random_matrix(150, n, 2);
    const MatrixXd factor = factor_of(rows).dense();
    const double bound =
        4.0 * static_cast<double>(n + 8) * std::numeric_limits<double>::epsilon() * rows.norm();
    for (unsigned seed = 10; seed < 40; ++seed) {
      const Eigen::VectorXd x = random_matrix(n, 1, seed).col(0).normalized();
      EXPECT_NEAR((factor * x).norm(), (rows * x).norm(), bound);
    }
    expect_factor_of(factor, rows, 1.0);
  }
}

// Mutation: packing by rows, or with the wrong stride, which only a round trip through dense() would not
// show.
TEST(Factor, HoldsRowsByRowsAndTrianglesByColumns) {
  MatrixXd triangle(3, 3);
  triangle << 1, 2, 4, 0, 3, 5, 0, 0, 6;
  EXPECT_EQ(Factor::of_triangle(3, {1, 2, 3, 4, 5, 6}).dense(), triangle);
  MatrixXd rows(2, 3);
  rows << 1, 2, 3, 4, 5, 6;
  EXPECT_EQ(Factor::of_rows(3, {1, 2, 3, 4, 5, 6}).dense(), rows);
  EXPECT_THROW(Factor::of_triangle(3, {1, 2, 3}), Error);
  EXPECT_THROW(Factor::of_rows(3, {1, 2, 3, 4}), Error);
}

// Mutations: rows that are copied or triangularised too early; a sender that gets the wrong order or scale.
TEST(Factor, RowsStayRowsUntilThereAreTooMany) {
  const MatrixXd top = random_matrix(5, 4, 1);
  const MatrixXd bottom = random_matrix(2, 4, 2);
  const Factor both =
      merge(scaled(factor_rows(top), 2.0), scaled(factor_rows(bottom), 0.5), RowScales::decreasing, 8);
  EXPECT_FALSE(both.is_triangular());
  EXPECT_EQ(both.dense(), stack(2.0 * top, 0.5 * bottom));
  EXPECT_EQ(Factor::of_rows(4, *both.values()).dense(), both.dense());
  EXPECT_TRUE(merge(both, factor_rows(random_matrix(1, 4, 3)), RowScales::decreasing, 8).is_triangular());
}

// Rows of each side: none, raw, as many as columns, triangular. Mutations: a scale applied to the wrong side
// or twice, a dense lower part taken for a triangle, raw rows dropped.
TEST(Factor, MergesAreFactorsOfTheStackedRows) {
  constexpr Index n = 7;
  for (const Index above : {0, 1, 3, 6, 7, 30}) {
    for (const Index below : {0, 1, 3, 4, 7, 30}) {
      SCOPED_TRACE(testing::Message() << above << " rows onto " << below);
      const MatrixXd top = random_matrix(above, n, 3);
      const MatrixXd bottom = random_matrix(below, n, 4);
      for (const RowScales scales : {RowScales::alike, RowScales::decreasing}) {
        const Factor merged =
            reduced(merge(scaled(factor_of(top), 3.0), scaled(factor_of(bottom), 0.25), scales, n));
        EXPECT_EQ(merged.n_rows(), std::min(above + below, n));
        if (above + below == 0) continue;
        expect_factor_of(merged.dense(), stack(3.0 * top, 0.25 * bottom), 2.0);
      }
    }
  }
  EXPECT_THROW(merge(Factor(3), Factor(4), RowScales::alike, 8), Error);
}

TEST(Factor, ScalesExactly) {
  const Factor factor = factor_of(random_matrix(9, 4, 5));
  EXPECT_EQ(scaled(factor, 0.5).dense(), 0.5 * factor.dense());
  EXPECT_TRUE(scaled(factor, 0.5).is_triangular());
  EXPECT_EQ(scaled(scaled(factor_of(random_matrix(2, 4, 5)), 3.0), 2.0).dense(),
            6.0 * random_matrix(2, 4, 5));
}

// Heavy rows on top of light ones at a ratio of 1e16: what the light rows say of the directions that the
// heavy ones leave open keeps its digits. The oracle is the factor of the same rows in long double; R's rows
// are unique up to sign. Row-wise backward stability (Cox and Higham 1998) bounds each by c n eps kappa of
// the row's own block; kappa of 12 x 12 normal numbers is some hundreds, so c kappa = 1e4; the wrong order
// leaves 1. Mutation: the light triangle on top, as when heavy rows are still raw.
TEST(Factor, HeavyOnLightKeepsTheLightRowsDigits) {
  constexpr Index n = 12;
  for (const Index heavy : {1, 5, 11}) {
    for (const Index light : {5, 12, 40}) {
      SCOPED_TRACE(testing::Message() << heavy << " heavy rows, " << light << " light ones");
      const MatrixXd top = random_matrix(heavy, n, 6);
      const MatrixXd bottom = random_matrix(light, n, 7);
      const Factor merged =
          reduced(merge(scaled(factor_of(top), 1e16), factor_of(bottom), RowScales::decreasing, n));
      if (!merged.is_triangular()) continue;
      const MatrixXd factor = merged.dense();

      support::expect_rows_of_triangle(factor, stack(1e16 * top, bottom),
                                       1e4 * n * std::numeric_limits<double>::epsilon());
    }
  }
}

}  // namespace
}  // namespace tallfit::compress
