#include <gtest/gtest.h>

#include "tallfit/compress/cost_model.hpp"

namespace tallfit::compress {
namespace {

RowLayout rows_of(Index n_rows, Index n_cols) {
  RowLayout layout;
  layout.n_rows = layout.n_used = n_rows;
  layout.n_cols = n_cols;
  return layout;
}

constexpr MachineRates rates{.dgemm_gflops = 10.0, .memory_gbs = 10.0, .network_gbs = 1.0, .latency_us = 1.0};

// Mutations: a rate that divides what it must multiply, a pass that is not shared, a solve that is.
TEST(CostModel, CountsWhatEnginesDo) {
  const RowLayout narrow = rows_of(1000000, 98);
  // 2 N K^2 = 2e10 flops at 0.7 of 1e10 per second; merging and solving 100 columns is nothing.
  EXPECT_NEAR(tall_seconds(narrow, 1, rates), 2.857, 0.01);
  EXPECT_NEAR(tall_seconds(narrow, 4, rates), 2.857 / 4.0, 0.01);
  const RowLayout wide = rows_of(100000, 9998);
  const double tall = tall_seconds(wide, 100, rates);
  // The solve on one rank, 2/3 K^3 at 0.4 of DGEMM, and 7 merges at 0.6, do not shrink with the ranks.
  const double alone = 2.0 / 3.0 * 1e12 / 1e10 * (1.0 / 0.4 + 7.0 / 0.6);
  EXPECT_NEAR(tall, alone + 2e13 / (100 * 7e9), 0.1 * alone);
  EXPECT_LT(grid_seconds(wide, 10, 10, rates), tall / 2.0);
  EXPECT_GT(grid_seconds(narrow, 2, 2, rates), tall_seconds(narrow, 4, rates));
  EXPECT_GT(grid_seconds(wide, 10, 10, {.dgemm_gflops = 10.0, .network_gbs = 1.0, .latency_us = 1000.0}),
            grid_seconds(wide, 10, 10, rates));
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
