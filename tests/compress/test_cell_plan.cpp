#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tallfit/base/error.hpp"
#include "tallfit/compress/cell_plan.hpp"
#include "tallfit/compress/factor_tree.hpp"
#include "tallfit/compress/memory_plan.hpp"

namespace tallfit::compress {
namespace {

/// A layout made by hand: every leaf holds @p rows rows of each (group, row type, fold).
RowLayout regular_layout(Index n_leaves, Index n_cols, int n_groups, int n_types, int n_folds, Index rows) {
  RowLayout layout;
  layout.n_cols = n_cols;
  layout.n_folds = n_folds;
  for (Index leaf = 0; leaf < n_leaves; ++leaf) {
    layout.leaf_begin.push_back(layout.n_rows);
    for (int group = 0; group < n_groups; ++group)
      for (int type = 0; type < n_types; ++type)
        for (int fold = 0; fold < n_folds; ++fold) {
          LeafCell cell{
              .leaf = leaf, .key = {.group = group, .row_type = type, .fold = fold, .decade = 0}, .sums = {}};
          cell.sums.count = rows;
          cell.sums.min_scale = cell.sums.max_scale = 1.0;
          layout.leaf_cells.push_back(cell);
          layout.n_rows += rows;
        }
  }
  layout.leaf_begin.push_back(layout.n_rows);
  layout.n_used = layout.n_rows;
  layout.my_end_leaf = n_leaves;
  return layout;
}

void set_scales(LeafCell& cell, double min, double max) {
  cell.sums.min_scale = min;
  cell.sums.max_scale = max;
  cell.key.decade = static_cast<int>(std::floor(std::log10(min)));
}

bool mentions(const std::vector<std::string>& notes, const std::string& part) {
  for (const std::string& note : notes)
    if (note.find(part) != std::string::npos) return true;
  return false;
}

constexpr Index plenty = Index{1} << 40;

TEST(Cells, AreNamedByTheirParts) {
  EXPECT_EQ(to_string(CellParts{}), "group x row_type x fold");
  EXPECT_EQ(to_string({.group = false, .row_type = true, .fold = false}), "row_type");
  EXPECT_EQ(to_string({.group = false, .row_type = false, .fold = false}), "one cell");
}

// Mutations: a part that does not count, leaves that make cells of their own, sums that are lost.
TEST(Cells, TellApartWhatTheirPartsSay) {
  const RowLayout layout = regular_layout(4, 5, 3, 2, 5, 7);
  EXPECT_EQ(make_cells(layout, {}).cells.size(), 30U);
  EXPECT_EQ(make_cells(layout, {.row_type = false}).cells.size(), 15U);
  EXPECT_EQ(make_cells(layout, {.group = false}).cells.size(), 10U);
  EXPECT_EQ(make_cells(layout, {.fold = false}).cells.size(), 6U);
  const CellPlan one = make_cells(layout, {.group = false, .row_type = false, .fold = false});
  ASSERT_EQ(one.cells.size(), 1U);
  EXPECT_EQ(one.sums[0].count, layout.n_rows);
  EXPECT_TRUE(one.cells[0] == CellKey());
  const CellPlan all = make_cells(layout, {});
  EXPECT_TRUE(std::is_sorted(all.cells.begin(), all.cells.end()));
  for (const LeafCell& fine : layout.leaf_cells) {
    const CellKey& key = all.cells[static_cast<std::size_t>(all.cell_of.at(fine.key))];
    EXPECT_TRUE(key.group == fine.key.group && key.row_type == fine.key.row_type &&
                key.fold == fine.key.fold);
    EXPECT_EQ(key.decade, CellKey::no_decade);  // one scale
  }
}

// Mutation: test rows that lose their fold with the others, which would fit them.
TEST(Cells, TestRowsNeverMix) {
  RowLayout layout = regular_layout(2, 5, 1, 1, 3, 7);
  layout.leaf_cells[1].key.fold = CellKey::test;
  const CellPlan plan = make_cells(layout, {.group = false, .row_type = false, .fold = false});
  ASSERT_EQ(plan.cells.size(), 2U);
  EXPECT_EQ(plan.cells[0].fold, CellKey::test);
  EXPECT_EQ(plan.sums[0].count, 7);
  EXPECT_EQ(plan.sums[1].count, 35);
}

// "More than a decade" splits; a decade does not. Mutations: >= for >, a split of the cells that need none,
// decades seen leaf by leaf though the cell spans leaves.
TEST(Cells, SplitByDecadeWhereScalesVaryByMore) {
  RowLayout layout = regular_layout(3, 5, 2, 1, 1, 7);  // leaf cells: group 0, 1 of each leaf
  set_scales(layout.leaf_cells[0], 0.5, 0.5);
  set_scales(layout.leaf_cells[2], 5.0, 5.0);
  set_scales(layout.leaf_cells[4], 0.5, 5.0);
  EXPECT_EQ(make_cells(layout, {}).cells.size(), 2U);
  set_scales(layout.leaf_cells[4], 7.0, 7.0);
  CellPlan plan = make_cells(layout, {});
  ASSERT_EQ(plan.cells.size(), 3U);
  EXPECT_EQ(plan.cells[0].decade, -1);
  EXPECT_EQ(plan.cells[1].decade, 0);
  EXPECT_EQ(plan.sums[1].count, 14);
  EXPECT_EQ(plan.cells[2].group, 1);
  EXPECT_EQ(plan.cells[2].decade, CellKey::no_decade);
  set_scales(layout.leaf_cells[1], 1e-3, 1e-3);  // in one cell with group 0 now
  plan = make_cells(layout, {.group = false});
  ASSERT_EQ(plan.cells.size(), 3U);
  EXPECT_EQ(plan.cells[0].decade, -3);
}

// C K <= N / 8 with N = 24000 used rows and K = 10: at most 300 cells; K = 100: 30; K = 250: 12, K = 299: 10.
// Mutations: folds given up before groups, an order of the two others, rows of weight 0 counted.
TEST(CellPlans, RowTypesGoFirstThenGroupsAndFoldsLast) {
  const auto parts_for = [](Index n_cols, int n_groups, int n_types, int n_folds) {
    const RowLayout layout =
        regular_layout(10, n_cols, n_groups, n_types, n_folds, 2400 / (n_groups * n_types * n_folds));
    return plan_cells(layout, {.wanted = {}, .max_bytes = plenty});
  };
  EXPECT_EQ(parts_for(10, 4, 3, 10).parts, (CellParts{}));
  const CellPlan fewer = parts_for(75, 4, 3, 10);  // 120 cells; 40 of group x fold are allowed
  EXPECT_EQ(fewer.parts, (CellParts{.row_type = false}));
  EXPECT_TRUE(mentions(fewer.notes,
                       "group x row_type x fold: 120 cells x 75 columns exceed an eighth of the 24000 rows"));
  EXPECT_EQ(parts_for(100, 4, 3, 10).parts, (CellParts{.group = false}));                     // 30 allowed
  EXPECT_EQ(parts_for(299, 4, 3, 10).parts, (CellParts{.group = false, .row_type = false}));  // 10
  const CellPlan one = parts_for(299, 1, 1, 20);
  EXPECT_EQ(one.parts, (CellParts{.group = false, .row_type = false, .fold = false}));
  EXPECT_EQ(one.cells.size(), 1U);
}

// Mutation: the rule that overrides what the user asked for, or that coarsens where nothing is gained.
TEST(CellPlans, PartsThatTheUserNamedAreKept) {
  const RowLayout layout = regular_layout(10, 250, 4, 3, 10, 20);
  EXPECT_EQ(plan_cells(layout, {.wanted = {}, .explicit_parts = true, .max_bytes = plenty}).parts,
            CellParts{});
  const CellParts wanted{.group = true, .row_type = false, .fold = false};
  EXPECT_EQ(plan_cells(layout, {.wanted = wanted, .explicit_parts = true, .max_bytes = plenty}).parts,
            wanted);
  // N/K = 79 < 80: cells keep their rows and the user is told
  const RowLayout few = regular_layout(10, 100, 1, 1, 10, 79);
  const CellPlan plan = plan_cells(few, {.wanted = {}, .max_bytes = plenty});
  EXPECT_EQ(plan.parts, CellParts{});
  EXPECT_TRUE(mentions(plan.notes, "N/K = 79 is below 80"));
}

// Mutations: a limit that is not looked at, a coarser plan than needed, an error without numbers.
TEST(CellPlans, MemoryLowersTheNumberOfCells) {
  const RowLayout layout = regular_layout(8, 20, 4, 3, 5, 30);
  const CellParts one{.group = false, .row_type = false, .fold = false};
  const std::vector<CellParts> order = {
      {}, {.row_type = false}, {.group = false}, {.group = false, .row_type = false}, one};
  for (const bool explicit_parts : {false, true}) {
    for (const CellParts& parts : order) {
      CellPlan expected = make_cells(layout, parts);
      predict_bytes_in_place(expected, layout, 2);
      CellLimits limits{
          .wanted = {}, .explicit_parts = explicit_parts, .max_bytes = expected.peak_bytes, .n_ranks = 2};
      const CellPlan plan = plan_cells(layout, limits);
      EXPECT_LE(plan.peak_bytes, limits.max_bytes);
      EXPECT_EQ(plan.parts, parts);
      EXPECT_EQ(mentions(plan.notes, "MiB per rank"), parts != CellParts{});
    }
  }
  CellPlan smallest = make_cells(layout, one);
  predict_bytes_in_place(smallest, layout, 2);
  try {
    plan_cells(layout, {.wanted = {}, .max_bytes = smallest.peak_bytes - 1, .n_ranks = 2});
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::resource);
    const std::string needed =
        fmt::format("needs {:.1f} MiB", static_cast<double>(smallest.peak_bytes) / 1048576.0);
    EXPECT_NE(std::string(error.what()).find("one cell of 20 columns"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find(needed), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("run.memory_per_rank"), std::string::npos) << error.what();
  }
}

// The independent count: the pieces that the same leaves really leave behind. Mutations: raw pieces counted
// as triangles, siblings that the replay merges and the tree does not.
TEST(PredictedBytes, HeldIsWhatThePiecesOfTheLeavesTake) {
  for (const Index n_cols : {3, 12, 40}) {
    const RowLayout layout = regular_layout(13, n_cols, 2, 1, 2, 9);
    for (const int n_ranks : {1, 2, 3, 5}) {
      CellPlan plan = make_cells(layout, {});
      predict_bytes_in_place(plan, layout, n_ranks);
      Index most = 0;
      for (int rank = 0; rank < n_ranks; ++rank) {
        TreePieces pieces;
        for (Index leaf = 13 * rank / n_ranks; leaf < 13 * (rank + 1) / n_ranks; ++leaf)
          for (Index cell = 0; cell < 4; ++cell)
            add_node_in_place(
                pieces, {cell, 0, leaf},
                Factor::of_rows(n_cols + 2,
                                std::vector<double>(static_cast<std::size_t>(9 * (n_cols + 2)), 1.0)));
        Index bytes = 0;
        for (const auto& [node, piece] : pieces) bytes += 8 * static_cast<Index>(piece.values()->size());
        most = std::max(most, bytes);
      }
      EXPECT_EQ(plan.held_bytes, most) << n_cols << " columns, " << n_ranks << " ranks";
    }
  }
}

// One leaf and one cell, by hand with n = K + 2 = 12: all rows below 24 of them, else a buffer and a
// triangle.
TEST(PredictedBytes, PeakOfOneLeafByHand) {
  const auto peak = [](Index rows) {
    const RowLayout layout = regular_layout(1, 10, 1, 1, 1, rows);
    CellPlan plan = make_cells(layout, {});
    predict_bytes_in_place(plan, layout, 1);
    return plan.peak_bytes;
  };
  constexpr Index packed = 12 * 13 / 2;
  EXPECT_EQ(peak(11), 8 * 11 * 12);
  EXPECT_EQ(peak(23), 8 * 23 * 12);
  EXPECT_EQ(peak(24), 8 * (24 * 12 + packed));
  EXPECT_EQ(peak(100000), 8 * (506 * 12 + packed));  // 198 equal parts
}

// Two leaves of one cell: few rows are kept; more are folded while they are read, through both leaves, the
// second part into the triangle of the first.
TEST(PredictedBytes, PeakOfTwoLeavesByHand) {
  const auto planned = [](Index rows_of_leaf, int n_ranks, int n_groups = 1, bool rows_stay = false) {
    const RowLayout layout = regular_layout(2, 10, n_groups, 1, 1, rows_of_leaf);
    CellPlan plan = make_cells(layout, {});
    predict_bytes_in_place(plan, layout, n_ranks, rows_stay);
    return plan;
  };
  constexpr Index packed = 8 * 78;
  EXPECT_EQ(planned(11, 1).peak_bytes, 8 * 22 * 12);
  EXPECT_EQ(planned(11, 1).held_bytes, 8 * 22 * 12);
  EXPECT_EQ(planned(13, 1).peak_bytes, 8 * 26 * 12 + packed);
  EXPECT_EQ(planned(13, 1).held_bytes, packed);
  EXPECT_EQ(planned(24, 1).peak_bytes, 8 * 24 * 12 + packed);
  EXPECT_EQ(planned(24, 1).held_bytes, packed);
  // Two cells have a buffer each, or one where their rows stay in memory.
  EXPECT_EQ(planned(24, 1, 2).peak_bytes, 2 * (8 * 24 * 12 + packed));
  EXPECT_EQ(planned(24, 1, 2, true).peak_bytes, 8 * 24 * 12 + 2 * packed);
  // Apart, the second rank keeps its rows for the triangle of the first.
  EXPECT_EQ(planned(24, 2).peak_bytes, 8 * 24 * 12 + packed);
  EXPECT_EQ(planned(24, 2).held_bytes, 8 * 24 * 12);
  EXPECT_EQ(planned(24, 2).largest_piece_bytes, 8 * 24 * 12);
}

PlanRequest request(Index limit) {
  return {.wanted = {}, .n_ranks = 2, .limit_bytes = limit, .baseline_bytes = 1 << 20};
}

// Ten folds on two ranks: each holds 3 x 5 triangles and those on the way down, and solves.
TEST(MemoryPlans, CountsWhatCrossValidationHolds) {
  const RowLayout layout = regular_layout(8, 20, 4, 3, 5, 30);
  PlanRequest generous = request(Index{1} << 30);
  generous.solves = generous.saves = true;
  EXPECT_EQ(plan_memory(layout, generous, 160).validate_bytes, 0);
  generous.n_parts = 10;
  const MemoryPlan plan = plan_memory(layout, generous, 160);
  const Index square = 22 * 22 * 8;
  EXPECT_GE(plan.validate_bytes, (15 + 8) * square / 2 + 6 * square);
  EXPECT_GE(plan.peak_bytes, plan.baseline_bytes + plan.validate_bytes);
}

// Mutations: a term that is forgotten in the peak; rows kept beyond the limit, or for one pass.
TEST(MemoryPlans, PeakIsWithinTheLimitAndCountsEverything) {
  const RowLayout layout = regular_layout(8, 20, 4, 3, 5, 30);
  PlanRequest generous = request(Index{1} << 30);
  generous.solves = true;
  const MemoryPlan plan = plan_memory(layout, generous, 160);
  EXPECT_LE(plan.peak_bytes, plan.limit_bytes);
  EXPECT_GE(plan.peak_bytes, plan.baseline_bytes + plan.pass_bytes + plan.stream_bytes);
  EXPECT_GE(plan.peak_bytes, plan.baseline_bytes + plan.merge_bytes);
  EXPECT_GE(plan.peak_bytes, plan.baseline_bytes + plan.solve_bytes);
  EXPECT_GE(plan.solve_bytes, 4 * 22 * 22 * 8);
  generous.finds_relevance = true;
  EXPECT_GE(plan_memory(layout, generous, 160).solve_bytes, plan.solve_bytes + 10 * 22 * 22 * 8);
  EXPECT_GE(plan.baseline_bytes, 1 << 20);
  EXPECT_GE(plan.stream_bytes, 2 * 7200 * 160);  // a block would hold more rows than a rank has
  EXPECT_FALSE(plan.keeps_rows());
  EXPECT_EQ(plan.pass_flops, 2.0 * 14400.0 * 22.0 * 22.0);
  EXPECT_EQ(plan.pass_bytes_read, 14400.0 * 160.0);

  generous.n_passes = 2;
  const MemoryPlan keeps = plan_memory(layout, generous, 160);
  EXPECT_EQ(keeps.kept_bytes, 7200 * 20 * 8);  // half of the rows: two ranks of four leaves each
  // Cells fold rows that stay in memory through one buffer.
  EXPECT_LT(keeps.pass_bytes, plan.pass_bytes);
  EXPECT_EQ(keeps.peak_bytes - keeps.kept_bytes,
            keeps.baseline_bytes +
                std::max({keeps.stream_bytes + keeps.pass_bytes, keeps.merge_bytes, keeps.solve_bytes}));
  generous.limit_bytes = keeps.peak_bytes - 1;
  generous.block_bytes = keeps.block_bytes;
  EXPECT_FALSE(plan_memory(layout, generous, 160).keeps_rows());
  generous.limit_bytes = keeps.peak_bytes;
  EXPECT_TRUE(plan_memory(layout, generous, 160).keeps_rows());
}

TEST(MemoryPlans, LimitsThatCannotBeKeptAreErrorsWithNumbers) {
  const auto message = [](const RowLayout& layout, const PlanRequest& asked) -> std::string {
    try {
      plan_memory(layout, asked, 160);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::resource);
      return error.what();
    }
    return "";
  };
  const RowLayout layout = regular_layout(8, 20, 4, 3, 5, 30);
  EXPECT_NE(message(layout, request(1 << 20)).find("is below what libraries and row blocks alone take"),
            std::string::npos);
  const RowLayout wide = regular_layout(8, 3000, 1, 1, 1, 400);
  const MemoryPlan plan = plan_memory(wide, request(Index{8} << 30), 24000);
  for (const Index limit : {plan.peak_bytes / 2, plan.peak_bytes - 4096}) {
    PlanRequest tight = request(limit);
    tight.block_bytes = plan.block_bytes;
    const std::string text = message(wide, tight);
    EXPECT_NE(text.find("3000 columns"), std::string::npos) << text;
    EXPECT_NE(text.find("run.memory_per_rank"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace tallfit::compress
