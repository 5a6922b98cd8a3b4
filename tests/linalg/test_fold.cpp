#include <Eigen/Dense>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "fold_kernels.hpp"
#include "fold_with.hpp"

#include "tallfit/linalg/fold.hpp"

namespace tallfit::linalg {
namespace {

using Eigen::MatrixXd;
using LongMatrix = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;

constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr double untouched = 7.25;

MatrixXd random_matrix(Index m, Index n, unsigned seed = 1) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> normal;
  return MatrixXd::NullaryExpr(m, n, [&] { return normal(generator); });
}

MatrixXd upper(const MatrixXd& a) { return a.triangularView<Eigen::Upper>(); }

MatrixXd random_factor(Index n) { return upper(random_matrix(n, n, 2)); }

MatrixXd stack(const MatrixXd& top, const MatrixXd& bottom) {
  MatrixXd both(top.rows() + bottom.rows(), top.cols());
  both << top, bottom;
  return both;
}

/// The factor of [r; rows]; also checks that the strict lower triangle of R is not written.
MatrixXd folded(const detail::FoldKernels& kernels, const MatrixXd& r, MatrixXd rows,
                RowShape shape = RowShape::dense) {
  MatrixXd factor = r;
  factor.triangularView<Eigen::StrictlyLower>().setConstant(untouched);
  detail::fold_in_place(kernels, factor, rows, shape);
  for (Index j = 0; j < r.cols(); ++j)
    for (Index i = j + 1; i < r.rows(); ++i) EXPECT_EQ(factor(i, j), untouched);
  return upper(factor);
}

/// Householder QR has |dA_j| <= gamma |A_j| for each column j with gamma = c n eps (Higham 2002,
/// theorem 19.4, with statistical growth in m), hence |R^T R - A^T A|_ij <= 2 gamma |A_i| |A_j|.
void expect_factor_of(const MatrixXd& factor, const MatrixXd& a) {
  const double gamma = 4.0 * static_cast<double>(a.cols() + 8) * eps;
  const LongMatrix wide = a.cast<long double>();
  const LongMatrix wide_factor = factor.cast<long double>();
  const LongMatrix difference = wide_factor.transpose() * wide_factor - wide.transpose() * wide;
  for (Index j = 0; j < a.cols(); ++j)
    for (Index i = 0; i <= j; ++i)
      ASSERT_LE(std::abs(difference(i, j)), 2.0L * gamma * wide.col(i).norm() * wide.col(j).norm())
          << "entry " << i << ", " << j << " for " << a.rows() << " x " << a.cols();
}

class Fold : public testing::TestWithParam<const detail::FoldKernels*> {
protected:
  const detail::FoldKernels& kernels() const { return *GetParam(); }
};

TEST_P(Fold, DenseRowsOfAllShapes) {
  std::vector<Index> widths(70);
  for (Index n = 1; n <= 70; ++n) widths[static_cast<std::size_t>(n - 1)] = n;
  widths.insert(widths.end(), {130, 200});
  for (const Index n : widths) {
    for (const Index m : {Index{0}, Index{1}, n / 2, n, n + 3, n <= 40 ? 3 * n : 2 * n}) {
      const MatrixXd r = random_factor(n);
      const MatrixXd rows = random_matrix(m, n);
      expect_factor_of(folded(kernels(), r, rows), stack(r, rows));
    }
  }
}

TEST_P(Fold, UpperTrapezoidsOfAllShapes) {
  for (const Index n : {1, 2, 7, 8, 9, 24, 25, 63, 64, 65, 100, 130, 200}) {
    for (const Index m : {Index{1}, n / 3, n - 1, n, n + 5}) {
      const MatrixXd r = random_factor(n);
      const MatrixXd rows = upper(random_matrix(m, n));
      expect_factor_of(folded(kernels(), r, rows, RowShape::upper_trapezoid), stack(r, rows));
    }
  }
}

TEST_P(Fold, IntoNothing) {
  const MatrixXd rows = random_matrix(150, 70);
  expect_factor_of(folded(kernels(), MatrixXd::Zero(70, 70), rows), rows);
}

TEST_P(Fold, AgreesWithEigenUpToRowSigns) {
  const Index n = 90;
  const MatrixXd r = random_factor(n) + 10.0 * MatrixXd::Identity(n, n);
  const MatrixXd rows = random_matrix(200, n);
  MatrixXd expected = upper(stack(r, rows).householderQr().matrixQR().topRows(n));
  MatrixXd factor = folded(kernels(), r, rows);
  for (Index i = 0; i < n; ++i) {
    if (expected(i, i) < 0.0) expected.row(i) *= -1.0;
    if (factor(i, i) < 0.0) factor.row(i) *= -1.0;
  }
  // |dR| <= c kappa(A) |dA|; kappa(A) < 20 here.
  EXPECT_LE((factor - expected).norm(), 20.0 * static_cast<double>(n) * eps * expected.norm());
}

// Heavy rows on top: light rows keep their own relative accuracy (Cox and Higham 1998).
TEST_P(Fold, LightRowsBelowHeavyOnes) {
  const Index n = 40;
  const Index heavy = 20;
  const double weight = 1e16;
  const MatrixXd top = weight * random_matrix(heavy, n, 5);
  const MatrixXd light = random_matrix(3 * n, n, 6);
  MatrixXd r = MatrixXd::Zero(n, n);
  r.topRows(heavy) = triangularise(top);
  const MatrixXd factor = folded(kernels(), r, light);

  // min |light x| over the null space of the heavy rows: known from long double.
  const LongMatrix wide = stack(top, light).cast<long double>();
  LongMatrix reference = wide.householderQr().matrixQR().topRows(n).triangularView<Eigen::Upper>();
  for (Index i = 0; i < n; ++i) {
    const long double sign = (reference(i, i) < 0.0L) == (factor(i, i) < 0.0) ? 1.0L : -1.0L;
    const long double error = (sign * reference.row(i) - factor.row(i).cast<long double>()).norm();
    EXPECT_LE(error, 1e4L * static_cast<long double>(eps) * reference.row(i).norm()) << "row " << i;
  }
}

TEST_P(Fold, ZeroAndDuplicateColumns) {
  const Index n = 75;
  MatrixXd r = random_factor(n);
  MatrixXd rows = random_matrix(100, n);
  for (const Index j : {0, 3, 8, 40, 74}) {
    r.col(j).setZero();
    rows.col(j).setZero();
  }
  r.col(20) = MatrixXd::Zero(n, 1);
  rows.col(21) = rows.col(20);
  r.col(21) = r.col(20);
  rows.col(50).setZero();
  const MatrixXd factor = folded(kernels(), r, rows);
  expect_factor_of(factor, stack(r, rows));
  for (const Index j : {0, 3, 8, 40, 74}) EXPECT_EQ(factor.col(j).norm(), 0.0);
  const MatrixXd zero = folded(kernels(), MatrixXd::Zero(n, n), MatrixXd::Zero(30, n));
  EXPECT_EQ(zero.norm(), 0.0);
}

TEST_P(Fold, ExtremeScales) {
  const Index n = 37;
  const MatrixXd r = random_factor(n);
  const MatrixXd rows = random_matrix(80, n);
  const MatrixXd expected = folded(kernels(), r, rows);
  for (const int exponent : {-600, -498, 498, 600}) {  // 1e-180, 1e-150, 1e150, 1e180
    const double scale = std::ldexp(1.0, exponent);
    const MatrixXd factor = folded(kernels(), scale * r, scale * rows) / scale;
    EXPECT_LE((factor - expected).norm(), 1e3 * eps * expected.norm()) << exponent;
  }
}

TEST_P(Fold, ColumnsOfDifferentScales) {
  const Index n = 30;
  MatrixXd r = random_factor(n);
  MatrixXd rows = random_matrix(64, n);
  const MatrixXd expected = folded(kernels(), r, rows);
  const auto scale = [](Index j) { return std::ldexp(1.0, static_cast<int>((j * 7 % 11 - 5) * 99)); };
  for (Index j = 0; j < n; ++j) {
    r.col(j) *= scale(j);
    rows.col(j) *= scale(j);
  }
  MatrixXd factor = folded(kernels(), r, rows);
  for (Index j = 0; j < n; ++j) {
    factor.col(j) /= scale(j);
    EXPECT_LE((factor.col(j) - expected.col(j)).norm(), 1e3 * eps * expected.col(j).norm()) << j;
  }
}

TEST_P(Fold, TinyRowsBelowAHugeFactor) {
  const Index n = 20;
  const MatrixXd r = 1e150 * (random_factor(n) + 4.0 * MatrixXd::Identity(n, n));
  const MatrixXd factor = folded(kernels(), r, 1e-150 * random_matrix(50, n));
  EXPECT_LE((factor.cwiseAbs() - r.cwiseAbs()).norm(), 100.0 * eps * 1e150 * static_cast<double>(n));
}

TEST_P(Fold, PropagatesNotANumberAndInfinity) {
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    for (const Index column : {0, 7, 30, 69}) {
      MatrixXd rows = random_matrix(60, 70);
      rows(41, column) = bad;
      const MatrixXd factor = folded(kernels(), random_factor(70), rows);
      EXPECT_FALSE(factor.col(column).allFinite());
      EXPECT_TRUE(factor.leftCols(column).allFinite());
    }
  }
}

TEST_P(Fold, SameBitsAtEveryAlignment) {
  const Index n = 77;
  const Index m = 101;
  const MatrixXd r = random_factor(n);
  const MatrixXd rows = random_matrix(m, n);
  const MatrixXd expected = folded(kernels(), r, rows);
  for (Index shift = 0; shift < 8; ++shift) {
    for (const Index gap : {0, 1, 3}) {
      using Strided = Eigen::Map<MatrixXd, Eigen::Unaligned, Eigen::OuterStride<>>;
      std::vector<double> r_memory(static_cast<std::size_t>(shift + (n + gap) * n));
      std::vector<double> row_memory(static_cast<std::size_t>(shift + (m + gap) * n));
      Strided moved_r(r_memory.data() + shift, n, n, Eigen::OuterStride<>(n + gap));
      Strided moved_rows(row_memory.data() + shift, m, n, Eigen::OuterStride<>(m + gap));
      moved_r = r;
      moved_rows = rows;
      detail::fold_in_place(kernels(), moved_r, moved_rows, RowShape::dense);
      const MatrixXd factor = upper(moved_r);
      EXPECT_EQ(std::memcmp(factor.data(), expected.data(), sizeof(double) * static_cast<std::size_t>(n * n)),
                0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, Fold, testing::ValuesIn(detail::usable_fold_kernels()),
                         [](const auto& instance) { return std::string(instance.param->name); });

TEST(FoldRows, IsBounded) {
  for (const Index n : {1, 10, 500, 1000, 2000, 10000}) {
    EXPECT_GE(fold_rows(n), 1);
    EXPECT_LE(fold_rows(n), std::max<Index>(512, 2 * n));
  }
}

TEST(FoldInPlace, EmptyRowsAndColumns) {
  MatrixXd r = random_factor(4);
  const MatrixXd before = r;
  MatrixXd rows(0, 4);
  fold_in_place(r, rows, RowShape::dense);
  EXPECT_EQ(r, before);
  MatrixXd empty(0, 0);
  MatrixXd no_columns(5, 0);
  fold_in_place(empty, no_columns, RowShape::dense);
}

TEST(Triangularise, AllShapes) {
  for (const Index n : {0, 1, 2, 5, 8, 23, 64, 65, 140}) {
    for (const Index m : {0, 1, 2, 3, 7, 24, 63, 64, 65, 128, 129, 300}) {
      const MatrixXd rows = random_matrix(m, n);
      const MatrixXd factor = triangularise(rows);
      ASSERT_EQ(factor.rows(), std::min(m, n));
      ASSERT_EQ(factor.cols(), n);
      EXPECT_EQ(factor, upper(factor));
      expect_factor_of(factor, rows);
    }
  }
}

}  // namespace
}  // namespace tallfit::linalg
