#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>

#include "support/errors.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/compress/grid_plan.hpp"
#include "tallfit/compress/row_feed.hpp"
#include "tallfit/linalg/grid_fold.hpp"
#include "tallfit/linalg/row_tiles.hpp"

namespace tallfit::compress {
namespace {

/// As many equal leaves as ranks; every tenth row is for testing.
RowLayout layout_of(Index n_leaves, Index rows_per_leaf, Index n_cols) {
  RowLayout layout;
  layout.n_cols = n_cols;
  for (Index leaf = 0; leaf < n_leaves; ++leaf) {
    layout.leaf_begin.push_back(layout.n_rows);
    for (const bool test : {false, true}) {
      LeafCell cell{.leaf = leaf, .key = {}, .sums = {}};
      if (test) cell.key.fold = CellKey::test;
      cell.sums.count = test ? rows_per_leaf / 10 : rows_per_leaf - rows_per_leaf / 10;
      layout.leaf_cells.push_back(cell);
    }
    layout.n_rows += rows_per_leaf;
  }
  layout.leaf_begin.push_back(layout.n_rows);
  layout.n_used = layout.n_rows;
  layout.my_end_leaf = n_leaves;
  return layout;
}

constexpr Index gibibyte = Index{1} << 30;

TEST(TrainingRows, AreThoseNotForTesting) { EXPECT_EQ(count_training_rows(layout_of(5, 100, 3)), 450); }

// Mutations: rows and columns of the grid swapped, a grid that is not square where it could be.
TEST(GridPlan, GridIsNearlySquareAndTall) {
  const RowLayout layout = layout_of(12, 1000, 50);
  const auto shape = [&](int ranks) {
    const GridPlan plan = plan_grid(layout, {.n_ranks = ranks, .limit_bytes = gibibyte});
    return std::pair(plan.grid_rows, plan.grid_cols);
  };
  EXPECT_EQ(shape(1), std::pair(1, 1));
  EXPECT_EQ(shape(2), std::pair(2, 1));
  EXPECT_EQ(shape(6), std::pair(3, 2));
  EXPECT_EQ(shape(7), std::pair(7, 1));
  EXPECT_EQ(shape(12), std::pair(4, 3));
}

// Mutations: a panel that is planned larger than the limit, in-core where panels are needed, an error without
// numbers, a penalty or an SVD that takes no memory.
TEST(GridPlan, TakesPanelsWhereAllRowsDoNotFit) {
  const RowLayout layout = layout_of(64, 2000, 4000);  // 128,000 x 4,000: 3.8 GiB, R 122 MiB
  const auto plan = [&](Index limit, bool penalised = false, bool svd = false) {
    return plan_grid(layout, {.n_ranks = 4, .limit_bytes = limit, .penalised = penalised, .takes_svd = svd});
  };
  const GridPlan in_core = plan(2 * gibibyte);
  EXPECT_TRUE(in_core.in_core);
  EXPECT_EQ(in_core.rows_per_rank, 32000);
  // 128,000 rows on four ranks, and R.
  EXPECT_NEAR(static_cast<double>(in_core.panel_bytes + in_core.factor_bytes),
              8.0 * 4002.0 * (128000.0 + 4002.0) / 4.0, 0.02 * 8.0 * 4002.0 * 128000.0 / 4.0);
  const GridPlan streamed = plan(gibibyte / 4);
  EXPECT_FALSE(streamed.in_core);
  EXPECT_EQ(streamed.rows_per_rank, 501);
  EXPECT_LE(streamed.peak_bytes, gibibyte / 4);
  EXPECT_GT(plan(gibibyte, true).solve_bytes, plan(gibibyte).solve_bytes);
  EXPECT_GT(plan(gibibyte, false, true).solve_bytes, plan(gibibyte, true).solve_bytes);
  try {
    plan(gibibyte / 16);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::resource);
    EXPECT_NE(std::string(error.what()).find("4000 columns on a 2 x 2 grid"), std::string::npos);
  }
}

// Mutation: 32-bit arithmetic anywhere between a layout and its plan.
TEST(GridPlan, CountsIn64Bits) {
  constexpr int ranks = 65536;
  const RowLayout layout = layout_of(ranks, 1526, 100000);  // 1e8 rows
  const GridPlan plan = plan_grid(layout, {.n_ranks = ranks, .limit_bytes = 2 * gibibyte});
  EXPECT_EQ(plan.grid_rows, 256);
  EXPECT_TRUE(plan.in_core);
  const double all = 8.0 * 1e5 * 1e8;
  EXPECT_NEAR(static_cast<double>(plan.panel_bytes), all / ranks, 0.15 * all / ranks);
  // Alone, R is 75 GiB, and k (k + 1) passes 2^31 from 46,341 on.
  EXPECT_EQ(linalg::GridFold::factor_bytes(1, 1, 100000), Index{80000000000});
  EXPECT_EQ(linalg::GridFold::factor_bytes(1, 1, 46341), Index{46341} * 46341 * 8);
  EXPECT_EQ(linalg::packed_size(65536), Index{65536} * 65537 / 2);
  // One column of the grid: 1526 rows of a rank and all columns; the rows of the panel are 1e8 and some.
  const GridPlan column =
      plan_grid(layout, {.n_ranks = ranks, .limit_bytes = 2 * gibibyte, .grid_rows = ranks, .grid_cols = 1});
  EXPECT_EQ(column.block, 1);  // 100,002 columns are fewer than two blocks for every rank
  EXPECT_NEAR(static_cast<double>(column.panel_bytes), all / ranks, 0.15 * all / ranks);
}

// Mutations: a wish that is not followed, or not in the sizes; a grid of other ranks that is accepted; an
// error without the grids that are possible.
TEST(GridPlan, TakesAWantedGridAndBlock) {
  const RowLayout layout = layout_of(12, 1000, 50);
  const GridPlan chosen = plan_grid(layout, {.n_ranks = 12, .limit_bytes = gibibyte});
  EXPECT_EQ(chosen.block, 16);  // 52 columns in four blocks for the four rows of the grid
  const GridPlan plan = plan_grid(
      layout, {.n_ranks = 12, .limit_bytes = gibibyte, .grid_rows = 2, .grid_cols = 6, .block = 52});
  EXPECT_EQ(std::pair(plan.grid_rows, plan.grid_cols), std::pair(2, 6));
  EXPECT_EQ(plan.block, 52);
  EXPECT_EQ(plan.factor_bytes, Index{52} * 52 * 8);  // all of it in one block
  support::expect_error(
      ErrorKind::input,
      {"solver.grid = \"5x2\" has 10 places, but there are 12 ranks",
       "one of 1x12, 2x6, 3x4, 4x3, 6x2, 12x1, or \"auto\""},
      [&] { plan_grid(layout, {.n_ranks = 12, .limit_bytes = gibibyte, .grid_rows = 5, .grid_cols = 2}); });
}

// A rank may have memory for more than ScaLAPACK can count. Mutations: all rows in one panel where memory
// allows it, whatever its entries; factors or an SVD that are found not to fit only when the rows have been
// read.
TEST(GridPlan, KeepsWithinTheCountsOfScalapack) {
  constexpr Index tebibyte = Index{1} << 40;
  const RowLayout tall = layout_of(64, 50000, 4000);  // 3.2e6 x 4,000 on two ranks: 6.4e9 entries each
  const GridPlan streamed = plan_grid(tall, {.n_ranks = 2, .limit_bytes = tebibyte});
  EXPECT_FALSE(streamed.in_core);
  EXPECT_EQ(streamed.rows_per_rank, 1001);
  EXPECT_TRUE(plan_grid(tall, {.n_ranks = 8, .limit_bytes = tebibyte}).in_core);

  const RowLayout wide = layout_of(64, 3000, 100000);
  support::expect_error(ErrorKind::resource,
                        {"100000 columns on a 2 x 2 grid in blocks of 64 put", "numbers of the factor",
                         "2^31 - 1", "more ranks"},
                        [&] { plan_grid(wide, {.n_ranks = 4, .limit_bytes = tebibyte}); });
  support::expect_error(ErrorKind::resource,
                        {"SVD of 100000 columns on a 2 x 2 grid", "a workspace of 50", "2^31 - 1"},
                        [&] { plan_grid(wide, {.n_ranks = 4, .limit_bytes = tebibyte, .takes_svd = true}); });
  EXPECT_TRUE(plan_grid(wide, {.n_ranks = 16, .limit_bytes = tebibyte}).in_core);
}

/// Two groups of one row scale each.
RowLayout layout_of_groups(Index rows_per_leaf, Index n_cols, std::array<double, 2> scales) {
  RowLayout layout = layout_of(64, rows_per_leaf, n_cols);
  std::vector<LeafCell> cells;
  for (const LeafCell& cell : layout.leaf_cells) {
    for (int group = 0; group < 2; ++group) {
      const double scale = scales[static_cast<std::size_t>(group)];
      LeafCell half = cell;
      half.key.group = group;
      half.key.row_type = 0;
      half.key.decade = static_cast<int>(std::floor(std::log10(scale)));
      half.sums.count = cell.sums.count / 2;
      half.sums.min_scale = half.sums.max_scale = scale;
      cells.push_back(half);
    }
  }
  layout.leaf_cells = cells;
  return layout;
}

// Mutations: a factor of each cell that is not counted, or counted whole on every rank; waiting rows beyond
// the limit, or less than a block; cells that are not coarsened.
TEST(GridPlan, CountsAFactorForEveryCell) {
  const RowLayout layout = layout_of_groups(2000, 3000, {1.0, 1.0});
  const auto plan = [&](Index limit) {
    return plan_grid_cells(layout, {.n_ranks = 4, .limit_bytes = limit},
                           {.wanted = {.fold = false}, .explicit_parts = true});
  };
  const GridPlan four = plan(gibibyte);
  ASSERT_TRUE(four.cells.has_value());
  EXPECT_EQ(four.cells->cells.size(), 4U);  // two groups, for training and for testing
  const double factor = 8.0 * 3002.0 * 3002.0 / 4.0;
  EXPECT_NEAR(static_cast<double>(four.factor_bytes), 4.0 * factor, 0.2 * factor);  // whole blocks
  EXPECT_EQ(four.peak_bytes, four.baseline_bytes + four.factor_bytes + four.panel_bytes + four.stream_bytes +
                                 four.waiting_bytes);
  EXPECT_EQ(four.waiting_rows, 43 + 4 * 376);  // a block of 1 MiB, and n / 2 rows of each cell on four ranks
  for (const Index limit : {Index{130} << 20U, Index{105} << 20U, Index{95} << 20U}) {
    const GridPlan less = plan(limit);
    EXPECT_LE(less.peak_bytes, limit);
    EXPECT_GE(less.waiting_rows, 43 + 376);
  }
  EXPECT_LT(plan(Index{95} << 20U).cells->cells.size(), 4U);
  EXPECT_THROW(plan(Index{40} << 20U), Error);
}

// Mutations: test rows that make classes, a class of more than four decades, classes of even weights.
TEST(ScaleClasses, AreOfFourDecades) {
  EXPECT_FALSE(scale_classes(layout_of_groups(100, 5, {1.0, 9e3})).has_value());
  RowLayout layout = layout_of_groups(100, 5, {2e3, 3e-9});
  for (LeafCell& cell : layout.leaf_cells) {
    if (cell.key.is_test()) cell.key.decade = -200;
  }
  const std::optional<CellPlan> classes = scale_classes(layout);
  ASSERT_TRUE(classes.has_value());
  EXPECT_EQ(classes->cells.size(), 2U);
  EXPECT_EQ(classes->sums[0].count + classes->sums[1].count, 64 * 90);
  EXPECT_EQ(classes->cell_of.size(), 2U);  // test rows are in none
  const GridPlan plan = plan_grid_fit(layout, {.n_ranks = 4, .limit_bytes = gibibyte}, *classes);
  EXPECT_GT(plan.solve_bytes, plan.factor_bytes);
  EXPECT_THROW(plan_grid_fit(layout, {.n_ranks = 4, .limit_bytes = 1 << 20U}, *classes), Error);
}

// Mutations: factors of all ranks counted on one, a grid that never fits, the limit ignored.
TEST(CellWorkPlan, TheFitTakesTheGridWhereARankIsTooSmall) {
  CompressedDesign design;
  design.column_names.assign(4000, "x");
  for (int i = 0; i < 10; ++i) {
    Cell cell;
    cell.sums.count = 100000;
    design.cells.push_back(std::move(cell));
  }
  const CellWorkPlan plan = plan_cell_fit(design, {.n_ranks = 16, .limit_bytes = Index{300} << 20U});
  EXPECT_EQ(plan.grid_rows, 4);
  EXPECT_EQ(plan.grid_cols, 4);
  EXPECT_FALSE(plan.tall_fits());
  EXPECT_TRUE(plan.grid_fits());
  const double square = 8.0 * 4002.0 * 4002.0;
  EXPECT_NEAR(static_cast<double>(plan.tall_bytes), 4.5 * square, 0.1 * square);
  EXPECT_NEAR(static_cast<double>(plan.grid_bytes), 13.0 * square / 16.0, 0.3 * square);
  EXPECT_TRUE(plan_cell_fit(design, {.n_ranks = 16, .limit_bytes = gibibyte}).tall_fits());
}

// Two designs of 6 cells of 2002 columns on 4 ranks: 2 x 2 cells of them on the fullest rank, as triangles,
// and two matrices to merge; on the grid 6 results and the part, a copy and the panel beside them. Mutations:
// parts that are forgotten, results counted beside their parts.
TEST(CellWorkPlan, TheMergeTakesTheGridWhereARankIsTooSmall) {
  CompressedDesign design;
  design.column_names.assign(2000, "x");
  for (int fold = 0; fold < 6; ++fold) {
    Cell cell;
    cell.key.fold = fold;
    cell.sums.count = 100000;
    design.cells.push_back(std::move(cell));
  }
  const std::vector<CompressedDesign> designs = {design, design};
  const MergePlan merge = plan_merge(designs);
  const double square = 8.0 * 2002.0 * 2002.0;
  const double libraries = static_cast<double>(Index{32} << 20U);
  const CellWorkPlan plan = plan_cell_merge(merge, designs, {.n_ranks = 4, .limit_bytes = Index{110} << 20U});
  EXPECT_NEAR(static_cast<double>(plan.tall_bytes), 4.0 * square + libraries / 4.0, 0.1 * square);
  EXPECT_NEAR(static_cast<double>(plan.grid_bytes), (6.0 + 2.0 + 0.63) * square / 4.0 + libraries,
              0.1 * square);
  EXPECT_FALSE(plan.tall_fits());
  EXPECT_TRUE(plan.grid_fits());
  // Rows that make a triangle together are rows until then.
  std::vector<CompressedDesign> few(3, design);
  for (CompressedDesign& one : few) {
    one.cells.resize(1);
    one.cells.front().sums.count = 1500;
  }
  const CellWorkPlan rows = plan_cell_merge(plan_merge(few), few, {.n_ranks = 1, .limit_bytes = 0});
  EXPECT_NEAR(static_cast<double>(rows.tall_bytes), (3.0 * 1500.0 / 2002.0 + 2.0) * square + libraries / 4.0,
              0.1 * square);
}

}  // namespace
}  // namespace tallfit::compress
