// Cells on a grid against the tall engine's, and against the rows themselves.
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>

#include "compress_support.hpp"
#include "support/grids.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/compress/grid_compressor.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::compress::test {
namespace {

using support::TableSource;

constexpr double eps = std::numeric_limits<double>::epsilon();

/// Rows of five leaves: test rows, rows of weight 0, weights over three decades, a group of few rows and one
/// for testing only.
std::unique_ptr<TableSource> make_table() {
  auto table = std::make_unique<TableSource>(1500, 7, 4);
  support::fill_randomly(*table, 3);
  for (std::size_t i = 0; i < 1500; ++i) {
    design::RowLabels& labels = table->labels;
    labels.group[i] = labels.configuration[i] % 3 == 0 ? 0 : 1;
    labels.testing[i] = labels.configuration[i] % 5 == 0 ? 1 : 0;
    if (i >= 1490) {
      labels.group[i] = 2;
      labels.configuration[i] = 90000 + i;
      labels.testing[i] = 0;
    } else if (i < 3) {
      labels.group[i] = 3;
      labels.testing[i] = 1;
      labels.configuration[i] = i;
    }
    labels.scale[i] = i % 11 == 0 ? 0.0 : (i % 3 == 0 ? 30.0 : 0.2);
    labels.ones.push_back(i % 4 == 1 ? -0.5 : 1.0);
  }
  return table;
}

std::vector<linalg::ProcessGrid> world_grids() {
  std::vector<linalg::ProcessGrid> grids = tallfit::test::all_grids();
  if (world().size() > 1) grids.pop_back();  // each rank alone: its layout would differ
  return grids;
}

struct GridRecipe {
  Index block;
  Index rows_per_rank;
  Index waiting_rows;
};

CompressedDesign compress_over(const linalg::ProcessGrid& grid, design::RowSource& table,
                               const Recipe& recipe, const GridRecipe& on_grid) {
  const RowLayout layout = survey(table, grid.comm(), recipe.n_folds, 11);
  const CellPlan plan = make_cells(layout, recipe.parts);
  return compress_on_grid({.source = table,
                           .layout = layout,
                           .cells = plan,
                           .rows_per_rank = on_grid.rows_per_rank,
                           .waiting_rows = on_grid.waiting_rows,
                           .block_bytes = recipe.block_bytes,
                           .what = {}},
                          grid, on_grid.block);
}

/// Householder QR is column-wise backward stable: the Gram matrix of a factor is within 2 γ_m n of the rows'
/// in units of ‖rows‖², with γ_m a small multiple of m ε for the m rows of all folds (Higham, 19.3); twice
/// for two factors.
double gram_bound(const Eigen::MatrixXd& rows) {
  return 40.0 * static_cast<double>(rows.rows() + rows.cols()) * eps * rows.squaredNorm();
}

class GridCellsOf : public testing::TestWithParam<GridRecipe> {};

// Mutations: rows folded into another cell, a cell's rows lost when a rank has no room or nothing to read,
// test rows left out, rows of weight 0 folded, columns in another order than the tall engine's.
TEST_P(GridCellsOf, AreThoseOfTheTallEngine) {
  const auto table = make_table();
  const Recipe recipe{.parts = {}, .n_folds = 2, .block_bytes = 8 * 7 * 40};
  const CompressedDesign tall = compress(*table, world(), recipe);
  for (const linalg::ProcessGrid& grid : world_grids()) {
    SCOPED_TRACE(testing::Message() << "grid " << grid.rows() << " x " << grid.cols());
    const CompressedDesign design = compress_over(grid, *table, recipe, GetParam());
    EXPECT_TRUE(design.on_grid());
    EXPECT_EQ(design.cells.size(), tall.cells.size());
    for (std::size_t i = 0; i < std::min(design.cells.size(), tall.cells.size()); ++i) {
      const Cell& cell = design.cells[i];
      EXPECT_TRUE(cell.key == tall.cells[i].key);
      EXPECT_EQ(cell.sums.count, tall.cells[i].sums.count);
      EXPECT_EQ(cell.sums.wtt.high, tall.cells[i].sums.wtt.high);
      const Eigen::MatrixXd rows = rows_of_cell(*table, cell.key, recipe);
      const Eigen::MatrixXd r = linalg::replicate(*cell.dealt);
      EXPECT_EQ(r.rows(), std::min<Index>(rows.rows(), 9));
      EXPECT_LE((r.transpose() * r - rows.transpose() * rows).norm(), gram_bound(rows)) << "cell " << i;
      const Eigen::MatrixXd t =
          support::everywhere(world(), tall.cells[i].factor, tall.cells[i].home).dense();
      EXPECT_LE((r.transpose() * r - t.transpose() * t).norm(), gram_bound(rows)) << "cell " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Recipes, GridCellsOf,
                         testing::Values(GridRecipe{1, 1, 40},      // no room: every block is folded
                                         GridRecipe{5, 4, 100},     //
                                         GridRecipe{64, 100, 1500}  // everything waits to the end
                                         ),
                         [](const auto& recipe) { return "block_" + std::to_string(recipe.param.block); });

// Mutation: an order of rows that depends on when messages come.
TEST(GridCompressor, TheSameGridGivesTheSameBits) {
  const auto table = make_table();
  for (const linalg::ProcessGrid& grid : world_grids()) {
    const auto once = compress_over(grid, *table, {}, {.block = 5, .rows_per_rank = 3, .waiting_rows = 300});
    const auto twice = compress_over(grid, *table, {}, {.block = 5, .rows_per_rank = 3, .waiting_rows = 300});
    for (std::size_t i = 0; i < once.cells.size(); ++i)
      EXPECT_EQ(linalg::replicate(*once.cells[i].dealt), linalg::replicate(*twice.cells[i].dealt));
  }
}

// Fewer leaves than ranks: some have no rows. Mutation: a rank without rows that does not join in.
TEST(GridCompressor, RanksMayHaveNoRows) {
  TableSource table(3, 4, 1);
  support::fill_randomly(table, 5);
  const Recipe recipe{.parts = {}, .n_folds = 0};
  for (const linalg::ProcessGrid& grid : world_grids()) {
    const CompressedDesign design = compress_over(grid, table, recipe, {2, 1, 1});
    for (const Cell& cell : design.cells) {
      const Eigen::MatrixXd rows = rows_of_cell(table, cell.key, recipe);
      const Eigen::MatrixXd r = linalg::replicate(*cell.dealt);
      EXPECT_LE((r.transpose() * r - rows.transpose() * rows).norm(), gram_bound(rows));
    }
  }
}

// Mutation: the rank that reads the bad row throws alone, and the others wait for ever.
TEST(GridCompressor, ABadRowIsEveryRanksError) {
  const auto table = make_table();
  table->features(1499, 2) = std::numeric_limits<double>::quiet_NaN();
  const linalg::ProcessGrid grid(world(), world().size(), 1);
  try {
    compress_over(grid, *table, {}, {.block = 5, .rows_per_rank = 3, .waiting_rows = 300});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::input);
    EXPECT_NE(std::string(error.what()).find("row 1499"), std::string::npos) << error.what();
  }
}

// The merged factor has the Gram matrix of all training rows, with multipliers. Mutations: test cells merged,
// a multiplier of one cell for another, few rows put below many.
TEST(GridCompressor, MergesTrainingCellsWithMultipliers) {
  const auto table = make_table();
  const Recipe recipe{.parts = {}, .n_folds = 0};
  const design::GroupMultipliers multipliers =
      group_multipliers(table->info().group_names, {{"g0", 0.5}, {"g2", 8.0}});
  for (const linalg::ProcessGrid& grid : world_grids()) {
    const CompressedDesign design =
        compress_over(grid, *table, recipe, {.block = 4, .rows_per_rank = 3, .waiting_rows = 300});
    std::vector<Eigen::MatrixXd> parts;
    for (const Cell& cell : design.cells) {
      if (cell.key.is_test()) continue;
      parts.emplace_back(cell_multiplier(design, cell.key, multipliers) *
                         rows_of_cell(*table, cell.key, recipe));
    }
    const Eigen::MatrixXd rows = stacked(parts, 9);
    const Eigen::MatrixXd r = linalg::replicate(merge_training_cells_on_grid(design, multipliers));
    EXPECT_EQ(r.rows(), 9);
    EXPECT_LE((r.transpose() * r - rows.transpose() * rows).norm(), 2.0 * gram_bound(rows));
  }
}

}  // namespace
}  // namespace tallfit::compress::test
