#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

#include "compress_support.hpp"
#include "support/errors.hpp"
#include "support/grids.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/compress/merge_designs.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::compress {
namespace {

using Eigen::MatrixXd;
using support::error_of;
using support::everywhere;
using support::expect_factor_of;
using support::same_bits;
using support::TableSource;
using test::Recipe;
using test::world;

template <class... Designs>
std::vector<CompressedDesign> listed(Designs... designs) {
  std::vector<CompressedDesign> all;
  (all.push_back(std::move(designs)), ...);
  return all;
}

constexpr Index table_columns = 7;

/// Two tables of which one group has the same name, at another place.
struct Two {
  explicit Two(Index rows_of_a = 900, Index rows_of_b = 700) : a(rows_of_a, 5, 2), b(rows_of_b, 5, 3) {
    support::fill_randomly(a, 1);
    support::fill_randomly(b, 2);
    a.design_info.name = "a";
    b.design_info.name = "b";
    a.design_info.group_names = {"bulk", "slab"};
    b.design_info.group_names = {"liquid", "bulk", "gas"};
    for (std::size_t i = 0; i < b.labels.testing.size(); ++i)
      b.labels.testing[i] = b.labels.configuration[i] % 7 == 0 ? 1 : 0;
  }
  TableSource a;
  TableSource b;
};

/// The number of a name, or any.
int place_of(const std::vector<std::string>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? -9 : static_cast<int>(found - names.begin());
}

/// The rows of both that the cell of a merge must hold.
std::array<MatrixXd, 2> parts_of(const Two& two, const CompressedDesign& merged, CellKey key,
                                 const Recipe& recipe) {
  const std::string& name = merged.group_names.at(static_cast<std::size_t>(key.group));
  const auto rows_in = [&](const TableSource& table) {
    key.group = place_of(table.design_info.group_names, name);
    return test::rows_of_cell(table, key, recipe);
  };
  return {rows_in(two.a), rows_in(two.b)};
}

MatrixXd rows_of_both(const Two& two, const CompressedDesign& merged, const CellKey& key,
                      const Recipe& recipe) {
  const auto [of_a, of_b] = parts_of(two, merged, key, recipe);
  return test::stacked({of_a, of_b}, table_columns);
}

/// Whether rows of both make a triangle, and those of neither alone do.
bool grows(const Two& two, const CompressedDesign& merged, const CellKey& key, const Recipe& recipe) {
  const auto [of_a, of_b] = parts_of(two, merged, key, recipe);
  return std::max(of_a.rows(), of_b.rows()) < table_columns && of_a.rows() + of_b.rows() >= table_columns;
}

/// The factor of a cell on every rank, whatever its form. @collective
MatrixXd whole_factor(const Cell& cell) {
  return cell.dealt ? linalg::replicate(*cell.dealt) : everywhere(world(), cell.factor, cell.home).dense();
}

std::vector<linalg::ProcessGrid> merge_grids() {
  std::vector<linalg::ProcessGrid> grids = tallfit::test::all_grids();
  if (world().size() > 1) grids.pop_back();  // each rank alone has not all cells
  return grids;
}

/// Merges designs of whole factors as the program does on a grid: each part is dealt when it is asked for.
CompressedDesign merge_over(const linalg::ProcessGrid& grid, Index block,
                            const std::vector<CompressedDesign>& designs) {
  return merge_designs_on_grid(plan_merge(designs), [&](const CellPlace& part) {
    return linalg::distribute(grid, whole_factor(designs[part.design].cells[part.cell]), block);
  });
}

// Mutations: groups joined by their numbers; cells of both that are not merged, or of one that are lost;
// counts and sums of the first design only.
TEST(MergeDesigns, JoinsGroupsByName) {
  Two two;
  const Recipe recipe{};
  const CompressedDesign merged = merge_designs(
      listed(test::compress(two.a, world(), recipe), test::compress(two.b, world(), recipe)), world());
  EXPECT_EQ(merged.group_names, (std::vector<std::string>{"bulk", "slab", "liquid", "gas"}));
  EXPECT_EQ(merged.n_rows, 1600);
  EXPECT_EQ(merged.n_folds, 3);
  EXPECT_TRUE(std::is_sorted(merged.cells.begin(), merged.cells.end(),
                             [](const Cell& x, const Cell& y) { return x.key < y.key; }));
  Index rows = 0;
  for (const Cell& cell : merged.cells) {
    SCOPED_TRACE(testing::Message() << "group " << cell.key.group << " type " << cell.key.row_type << " fold "
                                    << cell.key.fold);
    const MatrixXd expected = rows_of_both(two, merged, cell.key, recipe);
    EXPECT_EQ(cell.sums.count, expected.rows());
    EXPECT_EQ(cell.home == world().rank(), !cell.factor.is_empty());
    const Factor factor = everywhere(world(), cell.factor, cell.home);
    EXPECT_EQ(factor.n_rows(), std::min<Index>(expected.rows(), 7));
    if (factor.n_cols() == 7) expect_factor_of(factor.dense(), expected, 14.0);
    rows += expected.rows();
  }
  EXPECT_EQ(rows, 1600);
}

// A cell of a merge is a triangle of many rows of both, or of one; or rows of both, fewer than columns, or as
// many as make a triangle together. Mutations: parts that are lost, or folded twice; rows that stay rows when
// they are as many as columns; other cells, or another order of them, than on ranks.
TEST(MergeDesigns, OnAGridAreThoseOfOneRank) {
  bool some_rows = false;
  bool some_grow = false;
  for (const bool few : {false, true}) {
    Two two = few ? Two(90, 80) : Two();
    const Recipe recipe{};
    const std::vector<CompressedDesign> designs = {test::compress(two.a, world(), recipe),
                                                   test::compress(two.b, world(), recipe)};
    const CompressedDesign expected = merge_designs(designs, world());
    for (const linalg::ProcessGrid& grid : merge_grids()) {
      for (const Index block : {1, 3, 64}) {
        SCOPED_TRACE(testing::Message() << grid.rows() << " x " << grid.cols() << ", blocks of " << block);
        const CompressedDesign merged = merge_over(grid, block, designs);
        EXPECT_TRUE(merged.on_grid());
        EXPECT_EQ(merged.group_names, expected.group_names);
        EXPECT_EQ(merged.n_rows, expected.n_rows);
        EXPECT_EQ(merged.cells.size(), expected.cells.size());
        for (std::size_t i = 0; i < std::min(merged.cells.size(), expected.cells.size()); ++i) {
          const Cell& cell = merged.cells[i];
          EXPECT_TRUE(cell.key == expected.cells[i].key);
          EXPECT_EQ(cell.sums.count, expected.cells[i].sums.count);
          EXPECT_EQ(cell.home, Cell::on_grid);
          const MatrixXd rows = rows_of_both(two, merged, cell.key, recipe);
          const MatrixXd factor = whole_factor(cell);
          EXPECT_EQ(factor.rows(), std::min<Index>(rows.rows(), table_columns));
          expect_factor_of(factor, rows, 14.0);
          expect_factor_of(factor, whole_factor(expected.cells[i]), 14.0);
          some_rows = some_rows || rows.rows() < table_columns;
          some_grow = some_grow || grows(two, merged, cell.key, recipe);
          EXPECT_TRUE(factor.rows() < table_columns || factor.isUpperTriangular(0.0));
        }
      }
    }
  }
  EXPECT_TRUE(some_rows);
  EXPECT_TRUE(some_grow);
}

// What is dropped is not read. Mutation: a plan that loses the places of the cells that are left.
TEST(MergeDesigns, OnAGridDropsGroupsUnread) {
  Two two;
  const std::vector<CompressedDesign> designs = {test::compress(two.a, world(), {}),
                                                 test::compress(two.b, world(), {})};
  const linalg::ProcessGrid grid(world(), world().size(), 1);
  MergePlan plan = plan_merge(designs);
  drop_group_in_place(plan.design, "bulk");
  const CompressedDesign merged = merge_designs_on_grid(std::move(plan), [&](const CellPlace& part) {
    const Cell& cell = designs[part.design].cells[part.cell];
    EXPECT_NE(designs[part.design].group_names[static_cast<std::size_t>(cell.key.group)], "bulk");
    return linalg::distribute(grid, whole_factor(cell), 2);
  });
  Index rows = 0;
  for (const Cell& cell : merged.cells) {
    const MatrixXd expected = rows_of_both(two, merged, cell.key, {});
    expect_factor_of(whole_factor(cell), expected, 14.0);
    rows += expected.rows();
  }
  EXPECT_GT(rows, 0);
  EXPECT_EQ(rows, merged.n_rows);
}

TEST(MergeDesigns, OneDesignIsItself) {
  Two two;
  const CompressedDesign expected = test::compress(two.a, world(), {});
  const CompressedDesign merged = merge_designs(listed(expected), world());
  ASSERT_EQ(merged.cells.size(), expected.cells.size());
  for (std::size_t i = 0; i < merged.cells.size(); ++i)
    EXPECT_TRUE(same_bits(merged.cells[i].factor, expected.cells[i].factor));
}

// Two designs of one group, the second 1e12 times heavier, with fewer rows than columns: its cell has no
// decade, for within each design the scale is one. Merged onto the light one it would cost twelve digits of
// the light rows. The oracle is long double; c kappa = 1e4 of Cox and Higham's bound. Mutation: designs merge
// in the order in which they are given.
TEST(MergeDesigns, HeavyDesignsFirst) {
  const Recipe recipe{.parts = {.row_type = false, .fold = false}, .n_folds = 0};
  for (const Index heavy_rows : {1, 4, 8}) {
    TableSource light(60, 7, 1);
    TableSource heavy(heavy_rows, 7, 1);
    support::fill_randomly(light, 5);
    support::fill_randomly(heavy, 6);
    for (double& w : heavy.labels.scale) w = 1e12;
    const CompressedDesign merged = merge_designs(
        listed(test::compress(light, world(), recipe), test::compress(heavy, world(), recipe)), world());
    ASSERT_EQ(merged.cells.size(), 1U);
    SCOPED_TRACE(testing::Message() << heavy_rows << " heavy rows");
    const MatrixXd rows = test::stacked({test::rows_of_cell(heavy, merged.cells[0].key, recipe),
                                         test::rows_of_cell(light, merged.cells[0].key, recipe)},
                                        9);
    const double bound = 1e4 * 9 * std::numeric_limits<double>::epsilon();
    support::expect_rows_of_triangle(whole_factor(merged.cells[0]), rows, bound);
    for (const linalg::ProcessGrid& grid : merge_grids()) {
      const CompressedDesign on_grid = merge_over(
          grid, 2, listed(test::compress(light, world(), recipe), test::compress(heavy, world(), recipe)));
      support::expect_rows_of_triangle(whole_factor(on_grid.cells[0]), rows, bound);
    }
  }
}

// Mutations: a check that is missing, an error on some ranks only.
TEST(MergeDesigns, WhatDoesNotFitIsAnError) {
  Two two;
  const auto message = [&](const Recipe& a, const Recipe& b) {
    return error_of([&] {
      merge_designs(listed(test::compress(two.a, world(), a), test::compress(two.b, world(), b)), world());
    });
  };
  EXPECT_NE(message({}, {.n_folds = 4}).find("a has 3 folds and b has 4"), std::string::npos);
  EXPECT_NE(message({}, {.parts = {.row_type = false}})
                .find("told apart by group x row_type x fold, those of b by group x fold"),
            std::string::npos);
  two.b.design_info.column_names[3] = "y";
  EXPECT_NE(message({}, {}).find("first differ at column 3 ('x3' and 'y')"), std::string::npos);
  TableSource wide(200, 6, 2);
  support::fill_randomly(wide, 3);
  const std::string text = error_of([&] {
    merge_designs(listed(test::compress(two.a, world(), {}), test::compress(wide, world(), {})), world());
  });
  EXPECT_NE(text.find("a has 5 columns and table has 6; they first differ at column 5 ('none' and 'x5')"),
            std::string::npos)
      << text;
  const CompressedDesign dealt = merge_over(linalg::ProcessGrid(world(), 1, world().size()), 2,
                                            listed(test::compress(two.a, world(), {})));
  EXPECT_THROW(merge_designs(listed(dealt), world()), Error);
  EXPECT_NE(error_of([] { merge_designs({}, world()); }).find("at least one"), std::string::npos);
}

// Mutations: cells of a neighbour dropped, or of the test rows kept.
TEST(DropGroup, LeavesOutItsCells) {
  Two two;
  CompressedDesign design = test::compress(two.b, world(), {});
  const std::size_t before = design.cells.size();
  std::size_t of_bulk = 0;
  for (const Cell& cell : design.cells) of_bulk += cell.key.group == 1 ? 1U : 0U;
  ASSERT_GT(of_bulk, 0U);
  drop_group_in_place(design, "bulk");
  EXPECT_EQ(design.cells.size(), before - of_bulk);
  for (const Cell& cell : design.cells) EXPECT_NE(cell.key.group, 1);
  EXPECT_NE(error_of([&] {
              drop_group_in_place(design, "Bulk");
            }).find("b has no group 'Bulk'; its groups are liquid"),
            std::string::npos);
  CompressedDesign blind = test::compress(two.b, world(), {.parts = {.group = false}});
  EXPECT_NE(error_of([&] { drop_group_in_place(blind, "bulk"); }).find("do not tell groups apart"),
            std::string::npos);
}

}  // namespace
}  // namespace tallfit::compress
