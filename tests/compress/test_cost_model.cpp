#include <gtest/gtest.h>

#include "tallfit/compress/cost_model.hpp"

namespace tallfit::compress {
namespace {

RowLayout rows_of(Index n_rows, Index n_cols) {
  RowLayout layout;
  layout.n_rows = layout.n_used = n_rows;
  layout.n_cols = n_cols;
  const Index n_leaves = leaf_count(n_rows, n_cols);
  for (Index leaf = 0; leaf <= n_leaves; ++leaf) layout.leaf_begin.push_back(n_rows * leaf / n_leaves);
  return layout;
}

constexpr MachineRates rates{.dgemm_gflops = 10.0, .memory_gbs = 10.0, .network_gbs = 1.0, .latency_us = 1.0};

// Mutations: a rate that divides what it must multiply, a pass that is not shared, a solve that is.
TEST(CostModel, CountsWhatEnginesDo) {
  const RowLayout narrow = rows_of(1000000, 98);
  // 2 N K^2 = 2e10 flops at 0.7 of 1e10 per second. 64 leaves of a rank are 63 merges of 100 columns, 0.11 ms
  // each; solving is nothing.
  EXPECT_NEAR(tall_seconds(narrow, 1, 1, rates).total(), 2.857, 0.01);
  EXPECT_NEAR(tall_seconds(narrow, 1, 4, rates).total(), 2.857 / 4.0, 0.01);
  const RowLayout wide = rows_of(100000, 9998);
  // Ten leaves of K rows, which are not folded before 2 K are together: two folds of so many rows, on ranks
  // that others wait for, two merges, and the solve on one rank. 800 MB a message is nothing.
  const double tall = tall_seconds(wide, 1, 100, rates).total();
  const double alone = 2.0 * 4e12 / 7e9 + 2.0 / 3.0 * 1e12 / 1e10 * (2.0 / 0.6 + 1.0 / 0.4);
  EXPECT_NEAR(tall, alone, 0.01 * alone);
  EXPECT_EQ(tall_seconds(wide, 1, 10, rates).tree, tall_seconds(wide, 1, 100, rates).tree);  // ten leaves
  EXPECT_LT(grid_seconds(wide, 10, 10, rates), tall / 2.0);
  EXPECT_GT(grid_seconds(narrow, 2, 2, rates), tall_seconds(narrow, 1, 4, rates).total());
  EXPECT_GT(grid_seconds(wide, 10, 10, {.dgemm_gflops = 10.0, .network_gbs = 1.0, .latency_us = 1000.0}),
            grid_seconds(wide, 10, 10, rates));
}

// Mutations: each of two ranks takes all cells; messages that are not counted; leaves of one rank that meet
// for nothing. tests/simulation compares the whole with a simulated cluster.
TEST(CostModel, CellsAreHalvedOnTheWayUp) {
  // 1,024 leaves of 1e5 rows: 1e4 of each of ten cells, which are triangles.
  const TallSeconds one_leaf_each = tall_seconds(rows_of(102400000, 998), 10, 1024, rates);
  const double merge = 2.0 / 3.0 * 1e9 / 6e9;
  const double send = 4e6 / 1e9 + 2e-6;
  EXPECT_NEAR(one_leaf_each.pass, 2e5 * 1e6 / 7e9, 1e-9);
  EXPECT_NEAR(one_leaf_each.tree, (5 + 3 + 2 + 7 * 1) * (merge + send), 1e-9);
  EXPECT_NEAR(one_leaf_each.cells, 4 * (merge + send) + send, 1e-9);  // ten cells meet in four levels
  // Two ranks of 512 leaves merge those of each cell themselves, then half of the cells each.
  const TallSeconds many = tall_seconds(rows_of(102400000, 998), 10, 2, rates);
  EXPECT_NEAR(many.pass, 512 * one_leaf_each.pass + 10 * 511 * merge, 1e-6);
  EXPECT_NEAR(many.tree, 5 * (merge + send), 1e-9);
  EXPECT_NEAR(many.cells, 4 * merge + (merge + send) + send, 1e-9);
}

// Mutation: a sketch whose factor costs nothing.
TEST(CostModel, AFactorOfASketchIsWorthManyIterations) {
  IterativePlan plan;
  plan.iteration_flops = 4e9;  // 1e9 entries, 8 GB of them, read twice
  EXPECT_NEAR(iterative_seconds(plan, 1, false, rates), 1000 * 1.6, 1.0);
  EXPECT_NEAR(iterative_seconds(plan, 2, true, rates), 1000 * 1.2, 1.0);
  plan.sketch_rows = 1000;
  plan.sketch_flops = 6e10;
  EXPECT_NEAR(iterative_seconds(plan, 1, false, rates), 10.0 + 40 * 1.6, 0.1);
}

}  // namespace
}  // namespace tallfit::compress
