#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "matrices.hpp"
#include "support/grids.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/linalg/grid_folds.hpp"
#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::linalg {
namespace {

using Eigen::MatrixXd;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct FoldsShape {
  Index cols;
  Index rows_per_rank;  ///< of a panel
  Index block;
};

/// Sets of many rows, as many as columns, fewer, and none.
std::vector<MatrixXd> some_sets(Index n_cols) {
  std::vector<MatrixXd> sets;
  for (const Index rows : {4 * n_cols + 3, n_cols, n_cols / 2 + 1, Index{0}}) {
    const auto shift = static_cast<Index>(sets.size()) * 1000;
    sets.push_back(test::dense(rows, n_cols, [=](Index i, Index j) { return test::noise(i + shift, j); }));
  }
  return sets;
}

/// Who has row i of a set: of the first all but the last rank, of the second rank 0 alone, of others the
/// last.
int owner(std::size_t set, Index row, int ranks) {
  if (set == 0) return static_cast<int>(row % std::max(1, ranks - 1));
  return set == 1 ? 0 : ranks - 1;
}

std::vector<BlockCyclicMatrix> folded_sets(const ProcessGrid& grid, const std::vector<MatrixXd>& sets,
                                           const FoldsShape& shape) {
  std::vector<Index> sizes;
  for (const MatrixXd& set : sets) sizes.push_back(set.rows());
  GridFolds folds(grid, shape.cols, sizes, shape.rows_per_rank, shape.block);
  for (int part = 0; part < 3; ++part) {  // sets take turns
    for (std::size_t s = 0; s < sets.size(); ++s) {
      const RowMajor rows = sets[s];
      std::vector<Index> mine;
      for (Index i = rows.rows() * part / 3; i < rows.rows() * (part + 1) / 3; ++i)
        if (owner(s, i, grid.comm().size()) == grid.comm().rank()) mine.push_back(i);
      auto next = mine.begin();
      while (folds.fold(s, mine.end() - next, [&] { return rows.row(*next++).data(); }) > 0) continue;
      EXPECT_EQ(next, mine.end());
    }
  }
  return folds.finish();
}

class GridFoldsShapes : public testing::TestWithParam<FoldsShape> {};

// Mutations: a row dealt to the wrong row of the grid or twice, rows of another set's panel that stay, a
// panel that overflows where one rank has all rows, a set of few rows with rounding below its rows.
TEST_P(GridFoldsShapes, KeepEveryGramMatrix) {
  const FoldsShape shape = GetParam();
  const std::vector<MatrixXd> sets = some_sets(shape.cols);
  for (const ProcessGrid& grid : test::all_grids()) {
    SCOPED_TRACE(test::describe(grid));
    const std::vector<BlockCyclicMatrix> factors = folded_sets(grid, sets, shape);
    const std::vector<BlockCyclicMatrix> again = folded_sets(grid, sets, shape);
    for (std::size_t s = 0; s < sets.size(); ++s) {
      SCOPED_TRACE(s);
      const MatrixXd r = replicate(factors[s]);
      EXPECT_EQ(r.rows(), std::min(sets[s].rows(), shape.cols));
      EXPECT_TRUE(r.isUpperTriangular(0.0));
      // Every fold is backward stable: rounding(m) for the m rows of all folds together.
      EXPECT_LE((r.transpose() * r - sets[s].transpose() * sets[s]).norm(),
                test::rounding(sets[s].rows() + shape.cols) * sets[s].squaredNorm());
      EXPECT_EQ(replicate(again[s]), r);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, GridFoldsShapes,
                         testing::Values(FoldsShape{7, 1, 1}, FoldsShape{8, 4, 5}, FoldsShape{6, 100, 64},
                                         FoldsShape{1, 1, 64}, FoldsShape{270, 400, 64}),
                         [](const auto& shape) {
                           return std::to_string(shape.param.cols) + "_block_" +
                                  std::to_string(shape.param.block) + "_panel_" +
                                  std::to_string(shape.param.rows_per_rank);
                         });

/// Upper triangles and a few rows, merged in turn onto a triangle.
void expect_merged(const ProcessGrid& grid, Index n, Index block, Index panel_rows) {
  const MatrixXd top = test::dominant_upper(n);
  const MatrixXd triangle =
      test::dense(n, n, [](Index i, Index j) { return i <= j ? test::noise(j, i) : 0.0; });
  const MatrixXd few = test::dense(n / 2, n, test::noise);
  BlockCyclicMatrix r = distribute(grid, top, block);
  FoldPanel panel(grid, n, panel_rows, block);
  panel.fold_into(r, distribute(grid, triangle, block), 3.0);
  panel.fold_into(r, distribute(grid, few, block), 0.5);
  const MatrixXd merged = replicate(r);
  EXPECT_TRUE(merged.isUpperTriangular(0.0));
  const MatrixXd gram =
      top.transpose() * top + 9.0 * triangle.transpose() * triangle + 0.25 * few.transpose() * few;
  EXPECT_LE((merged.transpose() * merged - gram).norm(), test::rounding(3 * n) * gram.norm());
}

// Mutations: rows of a triangle that are left out of a super-block they reach, slices that start on another
// rank, a scale applied twice or not.
TEST(FoldPanel, MergesTrianglesWhereTheyAre) {
  for (const ProcessGrid& grid : test::all_grids()) {
    SCOPED_TRACE(test::describe(grid));
    for (const Index block : {1, 5, 64}) {
      expect_merged(grid, 9, block, 2);
      expect_merged(grid, 9, block, 100);
    }
    expect_merged(grid, 300, 64, 64);  // several super-blocks and slices
  }
}

// Rows 1e12 times lighter keep their digits below heavy ones: the last column is theirs alone. Mutation: the
// heavier rows below.
TEST(FoldPanel, KeepsTheDigitsOfLightRowsBelowHeavyOnes) {
  constexpr Index n = 20;
  constexpr double light = 1e-12;
  // Heavy rows see all columns but the last; what is left for it are the light rows.
  const MatrixXd heavy =
      test::dense(n, n, [](Index i, Index j) { return j + 1 < n ? test::dominant_upper(i, j, n) : 0.0; });
  const MatrixXd below =
      test::dense(n, n, [](Index i, Index j) { return i == j ? 1.0 : (i < j ? 0.1 : 0.0); });
  // The Schur complement of the last column: light² (‖b‖² - ...), to 1 + light² the squared norm of its rows.
  const double expected = light * below.col(n - 1).norm();
  for (const ProcessGrid& grid : test::all_grids()) {
    BlockCyclicMatrix r = distribute(grid, heavy, 5);
    FoldPanel panel(grid, n, 8, 5);
    panel.fold_into(r, distribute(grid, below, 5), light);
    EXPECT_NEAR(std::abs(replicate(r)(n - 1, n - 1)), expected, test::rounding(2 * n) * expected);
  }
}

// Mutation: shapes that are trusted.
TEST(FoldPanel, OtherShapesAreABug) {
  for (const ProcessGrid& grid : test::all_grids()) {
    FoldPanel panel(grid, 6, 3, 2);
    BlockCyclicMatrix r(grid, 6, 6, 2);
    EXPECT_THROW(panel.fold_into(r, BlockCyclicMatrix(grid, 7, 6, 2), 1.0), Error);
    EXPECT_THROW(panel.fold_into(r, BlockCyclicMatrix(grid, 6, 6, 3), 1.0), Error);
  }
}

}  // namespace
}  // namespace tallfit::linalg
