#include <gtest/gtest.h>

#include <limits>

#include "support/table_source.hpp"

#include "tallfit/design/row_filters.hpp"

namespace tallfit::design {
namespace {

using support::TableSource;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

TableSource& filled(TableSource& table) {
  support::fill_randomly(table, 1);
  return table;
}

class Filters : public testing::Test {
protected:
  Filters() { filled(table); }

  RowMajorMatrix features_of(RowSource& source, Index begin, Index count) const {
    RowMajorMatrix features(count, table.features.cols());
    source.read_features(begin, count, features.data());
    return features;
  }

  TableSource table{200, 5, 3};
};

// Mutations: an infinity, the first or the last column, the target or the weight that is overlooked; rows of
// weight 0 that are looked at.
TEST_F(Filters, FindsEveryValueThatIsNotFinite) {
  table.features(3, 0) = nan;
  table.features(3, 4) = infinity;  // a row is named once, by its first bad entry
  table.features(50, 4) = -infinity;
  table.labels.target[51] = infinity;
  table.labels.scale[60] = nan;
  table.features(70, 2) = nan;
  table.labels.scale[70] = 0.0;
  table.labels.target[199] = nan;
  table.features(10, 1) = std::numeric_limits<double>::max();  // finite

  const auto found = find_nonfinite(table, 0, 200);
  ASSERT_EQ(found.size(), 5U);
  const std::vector<std::pair<Index, Index>> expected = {{3, 0}, {50, 4}, {51, 5}, {60, 6}, {199, 5}};
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].row, expected[i].first);
    EXPECT_EQ(found[i].column, expected[i].second);
  }
  EXPECT_EQ(find_nonfinite(table, 4, 51).size(), 1U);
  EXPECT_TRUE(find_nonfinite(table, 4, 50).empty());
}

// Mutation: names of another row, or a row number that counts from the block.
TEST_F(Filters, NamesFileRowColumnAndConfiguration) {
  table.labels.configuration[120] = 4711;
  table.labels.group[120] = 2;
  EXPECT_EQ(describe({.row = 120, .column = 3}, table),
            "table: row 120 (configuration 4711, group 'g2'): column 3 ('x3') is not finite");
  EXPECT_NE(describe({.row = 120, .column = 5}, table).find("the target is not finite"), std::string::npos);
  EXPECT_NE(describe({.row = 120, .column = 6}, table).find("the row's weight is not finite"),
            std::string::npos);

  RowBlock block;
  block.begin = 115;
  table.read_labels(115, 10, block.labels);
  EXPECT_EQ(describe({.row = 120, .column = 3}, block, table.info()),
            describe({.row = 120, .column = 3}, table));
}

// Mutations: a factor of another group or row type; features that are weighted, too (they would be weighted
// twice).
TEST_F(Filters, WeightedMultipliesScalesOnly) {
  GroupMultipliers factors(3);
  for (std::size_t g = 0; g < 3; ++g)
    for (std::size_t t = 0; t < 4; ++t) factors[g][t] = static_cast<double>(10 * g + t);
  table.labels.scale[40] = 0.5;
  WeightedSource weighted(table, factors);
  RowLabels labels;
  weighted.read_labels(30, 100, labels);
  for (std::size_t i = 0; i < 100; ++i) {
    const std::size_t row = 30 + i;
    const double factor =
        10.0 * table.labels.group[row] + static_cast<double>(static_cast<int>(table.labels.type[row]));
    EXPECT_EQ(labels.scale[i], factor * (row == 40 ? 0.5 : 1.0));
    EXPECT_EQ(labels.target[i], table.labels.target[row]);
  }
  EXPECT_EQ(features_of(weighted, 30, 100), table.features.middleRows(30, 100));
}

// Mutations: a list that is searched from its start with row numbers of the block; rows at the ends of a
// read.
TEST_F(Filters, MaskedRowsAreSwitchedOff) {
  const std::vector<Index> masked = {0, 30, 49, 50, 129, 130, 199};
  table.features.row(30).setConstant(nan);
  table.labels.target[49] = nan;
  table.labels.scale[50] = nan;
  MaskedSource source(table, masked);
  for (const auto& [begin, count] : {std::pair<Index, Index>{0, 200}, {30, 20}, {31, 18}, {50, 80}}) {
    RowLabels labels;
    source.read_labels(begin, count, labels);
    const RowMajorMatrix features = features_of(source, begin, count);
    for (Index i = 0; i < count; ++i) {
      const Index row = begin + i;
      const auto at = static_cast<std::size_t>(i);
      if (std::count(masked.begin(), masked.end(), row) > 0) {
        EXPECT_EQ(labels.scale[at], 0.0);
        EXPECT_EQ(labels.target[at], 0.0);
        EXPECT_TRUE((features.row(i).array() == 0.0).all());
      } else {
        EXPECT_EQ(labels.scale[at], 1.0);
        EXPECT_EQ(features.row(i), table.features.row(row));
      }
      EXPECT_EQ(labels.configuration[at], table.labels.configuration[static_cast<std::size_t>(row)]);
    }
  }
}

// Mutation: a second pass that reads the source again, or that gives rows which were never kept.
TEST_F(Filters, KeptRowsAreReadOnce) {
  KeptSource kept(table, 20, 100);
  for (int pass = 0; pass < 3; ++pass) {
    for (Index row = 20; row < 100; row += 16)
      ASSERT_EQ(features_of(kept, row, 16), table.features.middleRows(row, 16));
    EXPECT_EQ(table.feature_reads, 5) << "pass " << pass;
  }
  EXPECT_EQ(features_of(kept, 37, 11), table.features.middleRows(37, 11));  // across the reads of before
  EXPECT_EQ(table.feature_reads, 5);
}

// Mutation: a read that skips, starts before or ends after the kept range moves the mark of what is known.
TEST_F(Filters, KeptGivesTheRightRowsHoweverItIsRead) {
  KeptSource kept(table, 20, 100);
  const std::vector<std::pair<Index, Index>> reads = {{0, 30},  {40, 20}, {20, 10}, {15, 10}, {25, 15},
                                                      {30, 30}, {95, 20}, {60, 50}, {60, 40}, {0, 200},
                                                      {20, 80}, {99, 1},  {100, 5}};
  for (const auto& [begin, count] : reads)
    ASSERT_EQ(features_of(kept, begin, count), table.features.middleRows(begin, count))
        << begin << ", " << count;
  RowLabels labels;
  kept.read_labels(33, 4, labels);
  EXPECT_EQ(labels.target[3], table.labels.target[36]);
}

}  // namespace
}  // namespace tallfit::design
