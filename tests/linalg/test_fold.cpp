#include <Eigen/Core>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "fold_kernels.hpp"
#include "support/oracle.hpp"

#include "tallfit/linalg/fold.hpp"

namespace tallfit::linalg {
namespace {

using Eigen::MatrixXd;
using support::expect_factor_of;

constexpr double eps = std::numeric_limits<double>::epsilon();

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

std::vector<double> packed(const MatrixXd& triangle) {
  std::vector<double> values;
  for (Index j = 0; j < triangle.cols(); ++j)
    values.insert(values.end(), triangle.col(j).begin(), triangle.col(j).begin() + j + 1);
  return values;
}

MatrixXd unpacked(const std::vector<double>& packed, Index n) {
  MatrixXd triangle = MatrixXd::Zero(n, n);
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i <= j; ++i) triangle(i, j) = packed[static_cast<std::size_t>(packed_size(j) + i)];
  return triangle;
}

/// Appends @p pieces times: the rows need not come in whole tiles.
RowTiles tiles_of(const detail::FoldKernels& kernels, const MatrixXd& rows, Index pieces = 3) {
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  RowTiles tiles(rows.rows() + 1, rows.cols(), kernels);
  for (Index piece = 0; piece < pieces; ++piece) {
    const Index first = rows.rows() * piece / pieces;
    const Index count = rows.rows() * (piece + 1) / pieces - first;
    const RowMajor some = rows.middleRows(first, count);
    tiles.append(some.data(), rows.cols(), std::vector<double>(static_cast<std::size_t>(count), 1.0));
  }
  return tiles;
}

/// The factor of [r; rows].
MatrixXd folded(const detail::FoldKernels& kernels, const MatrixXd& r, const MatrixXd& rows) {
  std::vector<double> factor = packed(r);
  RowTiles tiles = tiles_of(kernels, rows);
  fold_in_place(factor, tiles);
  EXPECT_EQ(tiles.n_rows(), 0);
  return unpacked(factor, r.cols());
}

MatrixXd folded_triangle(const detail::FoldKernels& kernels, const MatrixXd& r, const MatrixXd& below) {
  std::vector<double> factor = packed(r);
  RowTiles tiles(r.cols(), r.cols(), kernels);
  tiles.append_triangle(packed(below), 0.5);
  fold_in_place(factor, tiles);
  return unpacked(factor, r.cols());
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

// Mutations: rows that are written to the wrong tile or row, or that spoil those before or after them.
TEST_P(Fold, TilesHoldWhatIsAppended) {
  for (const Index n : {1, 7, 8, 9, 30}) {
    for (const Index m : {1, 5, 8, 23, 24, 25, 100}) {
      const MatrixXd rows = random_matrix(m, n);
      for (const Index pieces : {1, 2, 3, 7, 50}) {
        const RowTiles tiles = tiles_of(kernels(), rows, pieces);
        ASSERT_EQ(tiles.n_rows(), m);
        EXPECT_EQ(MatrixXd::NullaryExpr(m, n, [&](Index i, Index j) { return tiles.at(i, j); }), rows)
            << m << " x " << n << " in " << pieces;
      }
    }
  }
}

TEST_P(Fold, NarrowRowsAreScaledAndLeaveTheOtherColumns) {
  RowTiles tiles(40, 12, kernels());
  const std::vector<double> ones(400, 1.0);
  std::vector<double> scales(40);
  for (std::size_t i = 0; i < scales.size(); ++i) scales[i] = static_cast<double>(i) - 7.0;
  tiles.append(ones.data(), 10, scales);
  for (Index i = 0; i < 40; ++i) tiles.at(i, 10) = tiles.at(i, 11) = 0.25;
  for (Index i = 0; i < 40; ++i)
    for (Index j = 0; j < 12; ++j) EXPECT_EQ(tiles.at(i, j), j < 10 ? static_cast<double>(i) - 7.0 : 0.25);
}

TEST_P(Fold, TrianglesOfAllSizes) {
  for (const Index n : {1, 2, 7, 8, 9, 23, 24, 25, 63, 64, 65, 100, 130, 200}) {
    const MatrixXd r = random_factor(n);
    const MatrixXd below = upper(random_matrix(n, n));
    expect_factor_of(folded_triangle(kernels(), r, below), stack(r, 0.5 * below));
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
  MatrixXd expected = support::triangle_of(stack(r, rows));
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
  support::expect_rows_of_triangle(factor, stack(top, light), 1e4 * eps);
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

TEST_P(Fold, SameBitsAtEveryAddress) {
  const Index n = 77;
  const MatrixXd r = random_factor(n);
  const MatrixXd rows = random_matrix(101, n);
  const MatrixXd expected = folded(kernels(), r, rows);
  for (std::size_t shift = 0; shift < 8; ++shift) {
    std::vector<double> memory(shift + static_cast<std::size_t>(packed_size(n)));
    const std::vector<double> before = packed(r);
    std::copy(before.begin(), before.end(), memory.begin() + static_cast<std::ptrdiff_t>(shift));
    RowTiles tiles = tiles_of(kernels(), rows, 1 + static_cast<Index>(shift));
    fold_in_place(std::span(memory).subspan(shift), tiles);
    const std::vector<double> factor(memory.begin() + static_cast<std::ptrdiff_t>(shift), memory.end());
    EXPECT_EQ(factor, packed(expected));
  }
}

TEST_P(Fold, TriangularisesRowsInTheirOrder) {
  for (const Index n : {1, 8, 65, 140}) {
    for (const Index m : {1, 23, 64, 65, 129, 300}) {
      const MatrixXd rows = random_matrix(m, n);
      RowTiles tiles = tiles_of(kernels(), rows);
      const MatrixXd factor = unpacked(triangularise(tiles), n);
      EXPECT_EQ(tiles.n_rows(), 0);
      EXPECT_EQ(factor.bottomRows(std::max<Index>(0, n - m)).norm(), 0.0);
      expect_factor_of(factor, rows);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, Fold, testing::ValuesIn(detail::usable_fold_kernels()),
                         [](const auto& instance) { return std::string(instance.param->name); });

TEST(FoldInPlace, EmptyRowsAndColumns) {
  std::vector<double> r = packed(random_factor(4));
  const std::vector<double> before = r;
  RowTiles none(3, 4);
  fold_in_place(r, none);
  EXPECT_EQ(r, before);
  std::vector<double> empty;
  RowTiles no_columns(5, 0);
  no_columns.append(nullptr, 0, std::vector<double>(5, 1.0));
  fold_in_place(empty, no_columns);
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
