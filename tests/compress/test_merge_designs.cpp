#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "compress_support.hpp"
#include "support/errors.hpp"

#include "tallfit/base/error.hpp"

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

/// Two tables of which one group has the same name, at another place.
struct Two {
  Two() {
    support::fill_randomly(a, 1);
    support::fill_randomly(b, 2);
    a.design_info.name = "a";
    b.design_info.name = "b";
    a.design_info.group_names = {"bulk", "slab"};
    b.design_info.group_names = {"liquid", "bulk", "gas"};
    for (std::size_t i = 0; i < 700; ++i) b.labels.testing[i] = b.labels.configuration[i] % 7 == 0 ? 1 : 0;
  }
  TableSource a{900, 5, 2};
  TableSource b{700, 5, 3};
};

/// The number of a name, or any.
int place_of(const std::vector<std::string>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? -9 : static_cast<int>(found - names.begin());
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
    const std::string& name = merged.group_names.at(static_cast<std::size_t>(cell.key.group));
    SCOPED_TRACE(testing::Message() << name << " type " << cell.key.row_type << " fold " << cell.key.fold);
    std::vector<MatrixXd> parts;
    for (const TableSource* table : {&two.a, &two.b}) {
      CellKey key = cell.key;
      key.group = place_of(table->design_info.group_names, name);
      parts.push_back(test::rows_of_cell(*table, key, recipe));
    }
    const MatrixXd expected = test::stacked(parts, 7);
    EXPECT_EQ(cell.sums.count, expected.rows());
    EXPECT_EQ(cell.home == world().rank(), !cell.factor.is_empty());
    const Factor factor = everywhere(world(), cell.factor, cell.home);
    EXPECT_EQ(factor.n_rows(), std::min<Index>(expected.rows(), 7));
    if (factor.n_cols() == 7) expect_factor_of(factor.dense(), expected, 14.0);
    rows += expected.rows();
  }
  EXPECT_EQ(rows, 1600);
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
    const MatrixXd r = everywhere(world(), merged.cells[0].factor, merged.cells[0].home).dense();
    SCOPED_TRACE(testing::Message() << heavy_rows << " heavy rows");
    support::expect_rows_of_triangle(r,
                                     test::stacked({test::rows_of_cell(heavy, merged.cells[0].key, recipe),
                                                    test::rows_of_cell(light, merged.cells[0].key, recipe)},
                                                   9),
                                     1e4 * 9 * std::numeric_limits<double>::epsilon());
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
