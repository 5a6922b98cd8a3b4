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

using Multipliers = design::GroupMultipliers;

/// Factorisations between rows and the merged factor: as in test_compressor.cpp, and the levels over cells.
constexpr double stages = 20.0;

TableSource& with_tests(TableSource& table, unsigned seed) {
  support::fill_randomly(table, seed);
  for (std::size_t i = 0; i < table.labels.target.size(); ++i)
    table.labels.testing[i] = table.labels.configuration[i] % 9 == 0 ? 1 : 0;
  return table;
}

/// Training rows times their multipliers.
MatrixXd training_rows(const TableSource& table, const Multipliers& multipliers) {
  std::vector<MatrixXd> rows;
  for (std::size_t i = 0; i < table.labels.target.size(); ++i) {
    const double m = multipliers[table.labels.group[i]][static_cast<std::size_t>(table.labels.type[i])];
    if (table.labels.testing[i] == 0 && m != 0.0)
      rows.emplace_back(m * table.augmented(static_cast<Index>(i)));
  }
  return test::stacked(rows, table.features.cols() + 2);
}

// Mutations: test cells merged into the fit, a multiplier squared or forgotten, a cell that is left out.
TEST(MergeTrainingCells, IsTheFactorOfTheTrainingRows) {
  TableSource table(2000, 6, 3);
  with_tests(table, 1);
  const CompressedDesign design = test::compress(table, world(), {});
  const CompressedDesign alone = test::compress(table, comm::Communicator::self(), {});
  Multipliers multipliers(3, {1.0, 1.0, 1.0, 1.0});
  for (int step = 0; step < 3; ++step) {
    SCOPED_TRACE(step);
    if (step == 1) multipliers = {{{0.5, 2.0, 1.0, 9.0}}, {{1e3, 1.0, 0.1, 9.0}}, {{1.0, 0.0, 7.0, 9.0}}};
    if (step == 2) multipliers[0].fill(0.0);
    const Factor merged = merge_training_cells(design, world(), multipliers);
    EXPECT_EQ(merged.is_empty(), !world().is_root());
    const Factor factor = everywhere(world(), merged, 0);
    EXPECT_TRUE(factor.is_triangular());
    expect_factor_of(factor.dense(), training_rows(table, multipliers), stages);
    EXPECT_TRUE(same_bits(factor, merge_training_cells(alone, comm::Communicator::self(), multipliers)));
  }
}

TEST(MergeTrainingCells, NothingLeftIsAnError) {
  TableSource table(300, 3, 2);
  with_tests(table, 2);
  const CompressedDesign design = test::compress(table, world(), {});
  const Multipliers none(2, {0.0, 0.0, 0.0, 0.0});
  EXPECT_NE(error_of([&] { merge_training_cells(design, world(), none); }).find("nothing to fit"),
            std::string::npos);
}

// A group of four heavy rows, too few to fix the coefficients, and a light one at 1e-16 of its weight; the
// light rows alone say what the rest of the coefficients is. The oracle is the factor of the same rows in
// long double (R is unique up to signs). c kappa = 1e4 of Cox and Higham's bound; the wrong order loses
// everything. Mutations: cells in the order of their keys; heavy raw rows folded onto a light triangle.
TEST(MergeTrainingCells, HeavyCellsFirst) {
  for (const std::uint32_t heavy_group : {0U, 1U, 2U}) {
    SCOPED_TRACE(testing::Message() << "heavy group " << heavy_group);
    TableSource table(400, 8, 3);
    support::fill_randomly(table, 3);
    for (std::size_t i = 0; i < 400; ++i) {
      // the heavy group keeps its first four rows
      const std::uint32_t light = (heavy_group + 1U + static_cast<std::uint32_t>(i % 2)) % 3U;
      table.labels.group[i] = i < 4 ? heavy_group : light;
      table.labels.configuration[i] = i;
    }
    Multipliers multipliers(3, {1.0, 1.0, 1.0, 1.0});
    multipliers[heavy_group].fill(1e16);
    const CompressedDesign design = test::compress(table, world(), {.n_folds = 0});
    const Factor factor = everywhere(world(), merge_training_cells(design, world(), multipliers), 0);
    support::expect_rows_of_triangle(factor.dense(), training_rows(table, multipliers),
                                     1e4 * 10 * std::numeric_limits<double>::epsilon());
  }
}

// Mutation: a cell of several groups that takes the multiplier of the first.
TEST(CellMultiplier, WeightsThatCellsDoNotTellApartAreAnError) {
  TableSource table(300, 3, 2);
  with_tests(table, 4);
  const Multipliers by_type(2, {2.0, 1.0, 1.0, 1.0});
  Multipliers by_group(2, {1.0, 1.0, 1.0, 1.0});
  by_group[1].fill(3.0);
  const CompressedDesign groups = test::compress(table, world(), {.parts = {.row_type = false}});
  EXPECT_EQ(cell_multiplier(groups, {.group = 1}, by_group), 3.0);
  EXPECT_EQ(cell_multiplier(groups, {.group = 0}, by_group), 1.0);
  const std::string text = error_of([&] { merge_training_cells(groups, world(), by_type); });
  EXPECT_NE(text.find("its cells (group x fold) do not"), std::string::npos) << text;
  const CompressedDesign types = test::compress(table, world(), {.parts = {.group = false}});
  EXPECT_EQ(cell_multiplier(types, {.row_type = 0}, by_type), 2.0);
  EXPECT_NE(error_of([&] { merge_training_cells(types, world(), by_group); }), "no error");
}

// Mutations: the order in which weights are written decides between names of different exactness; "*" that
// matches a group; a name that matches nothing and is ignored.
TEST(GroupMultipliers, TheMostExactNameWins) {
  const std::vector<std::string> groups = {"bulk", "slab"};
  const std::map<std::string, double> weights = {
      {"bulk.force", 7.0}, {"bulk", 2.0}, {"*.force", 3.0}, {"*.stress", 0.0}};
  EXPECT_EQ(group_multipliers(groups, weights),
            (Multipliers{{{2.0, 7.0, 2.0, 2.0}}, {{1.0, 3.0, 0.0, 1.0}}}));
  // '(' comes before '*' in the alphabet, '*' before letters.
  EXPECT_EQ(group_multipliers({"(bulk)"}, {{"(bulk)", 2.0}, {"*.force", 3.0}}),
            (Multipliers{{{2.0, 2.0, 2.0, 2.0}}}));
  EXPECT_EQ(group_multipliers(groups, {}), Multipliers(2, {1.0, 1.0, 1.0, 1.0}));

  for (const char* wrong : {"bulk.energies", "Bulk", "*", "*.", "", "bulk.", ".force", "slab.bulk"}) {
    const std::string text = error_of([&] { group_multipliers(groups, {{wrong, 1.0}}); });
    EXPECT_NE(text.find(fmt::format("'{}' names no group", wrong)), std::string::npos)
        << wrong << ": " << text;
    EXPECT_NE(text.find("bulk, slab"), std::string::npos) << text;
  }
  for (const double value :
       {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()})
    EXPECT_NE(error_of([&] {
                group_multipliers(groups, {{"bulk", value}});
              }).find("'bulk' = "),
              std::string::npos);
}

// Mutations: a hash of the number of columns, of their joined names, or of their set.
TEST(Fingerprint, TellsColumnsApart) {
  const std::uint64_t ab = fingerprint({"a", "b"});
  EXPECT_EQ(ab, fingerprint({"a", "b"}));
  for (const std::vector<std::string>& other : std::vector<std::vector<std::string>>{
           {"b", "a"}, {"ab"}, {"a", "b", ""}, {"a"}, {}, {"a", "c"}, {"", "ab"}, {"ab", ""}})
    EXPECT_NE(ab, fingerprint(other)) << fmt::format("{}", fmt::join(other, ","));
}

// The oracle multiplies targets and scales, in long double. Mutations: sums of b that are scaled, too; one
// factor where there must be two.
TEST(TargetSums, ScaleLikeTheirRows) {
  TargetSums sums;
  long double wt = 0;
  long double wtt = 0;
  for (int i = 0; i < 50; ++i) {
    const double b = 0.1 * i - 2.0;
    const double w = 1.0 + 0.01 * i;
    sums.add(b, w);
    wt += 3.0L * w * b;
    wtt += 9.0L * w * w * b * b;
  }
  const TargetSums scaled = sums.scaled(3.0);
  EXPECT_EQ(scaled.count, 50);
  EXPECT_EQ(scaled.t.value(), sums.t.value());
  EXPECT_EQ(scaled.tt.value(), sums.tt.value());
  // 50 terms, each of at most 1.5 * 3 * 3 = 13.5, squared 183, in long double: 2^-64 each, doubled
  EXPECT_NEAR(scaled.wt.value(), static_cast<double>(wt), 100 * 13.5 * 0x1.0p-53);
  EXPECT_NEAR(scaled.wtt.value(), static_cast<double>(wtt), 100 * 183.0 * 0x1.0p-53);
  EXPECT_EQ(scaled.min_scale, 3.0);
  EXPECT_FALSE(scaled.has_one_scale());
  TargetSums both = sums;
  both.add(scaled);
  EXPECT_EQ(both.count, 100);
  EXPECT_EQ(both.max_scale, scaled.max_scale);
  EXPECT_EQ(both.min_scale, 1.0);
}

}  // namespace
}  // namespace tallfit::compress
