#include <gtest/gtest.h>

#include "tallfit/base/error.hpp"
#include "tallfit/compress/iterative_plan.hpp"

namespace tallfit::compress {
namespace {

constexpr Index mebibyte = Index{1} << 20U;

RowLayout layout_of(Index n_rows, Index n_cols) {
  RowLayout layout;
  layout.n_rows = layout.n_used = n_rows;
  layout.n_cols = n_cols;
  return layout;
}

// Mutations: rows of all ranks on one, a sketch that takes no memory, the panel of all its rows where it does
// not fit.
TEST(IterativePlan, TakesASketchWhereItFits) {
  const RowLayout layout = layout_of(40000, 4000);
  const auto plan = [&](Index limit, Preconditioner wished = Preconditioner::automatic) {
    return plan_iteration(layout,
                          {.n_ranks = 2, .limit_bytes = limit, .n_unknowns = 4000, .preconditioner = wished});
  };
  const IterativePlan in_core = plan(2048 * mebibyte);
  EXPECT_EQ(in_core.rows_bytes, 8 * 20000 * 4000);
  EXPECT_EQ(in_core.sketch_rows, 4 * 4001);
  EXPECT_GT(in_core.rows_per_rank, 8000);
  const IterativePlan panels = plan(in_core.peak_bytes - mebibyte);
  EXPECT_TRUE(panels.has_sketch());
  EXPECT_LT(panels.rows_per_rank, 2000);
  const IterativePlan none = plan(panels.peak_bytes - mebibyte);
  EXPECT_FALSE(none.has_sketch());
  EXPECT_NE(none.reason.find("a sketch would need"), std::string::npos) << none.reason;
  EXPECT_FALSE(plan(2048 * mebibyte, Preconditioner::scaling).has_sketch());
  EXPECT_THROW(plan(panels.peak_bytes - mebibyte, Preconditioner::sketch), Error);
  EXPECT_THROW(plan(none.peak_bytes - mebibyte), Error);
  for (const IterativePlan& one : {in_core, panels, none}) EXPECT_LE(one.peak_bytes, one.limit_bytes);
}

// Mutations: entries counted as those of a dense matrix, 32-bit counts.
TEST(IterativePlan, CountsEntriesOfSparseRows) {
  const RowLayout layout = layout_of(100000000, 200000);
  const IterativePlan plan = plan_iteration(
      layout,
      {.n_ranks = 64, .limit_bytes = 8192 * mebibyte, .n_entries = Index{5000000000}, .n_unknowns = 200001});
  const Index entries = Index{5100000000} / 64;  // a one in each row
  EXPECT_NEAR(static_cast<double>(plan.rows_bytes), static_cast<double>(12 * entries + 24 * 1562500), 1e3);
  EXPECT_FALSE(plan.has_sketch());
}

}  // namespace
}  // namespace tallfit::compress
