#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>

#include "support/factor_check.hpp"
#include "support/table_source.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/compress/row_layout.hpp"
#include "tallfit/design/folds.hpp"

namespace tallfit::compress {
namespace {

using support::TableSource;

class Survey : public testing::Test {
protected:
  Survey() { support::fill_randomly(table, 1); }

  std::string survey_error(RowLayout* layout = nullptr) {
    try {
      const RowLayout found = survey(table, world, 5, 1);
      if (layout != nullptr) *layout = found;
    } catch (const Error& error) {
      EXPECT_TRUE(error.is_collective());
      EXPECT_EQ(error.kind(), ErrorKind::input);
      return error.what();
    }
    return "";
  }

  const comm::Communicator world = comm::Communicator::world();
  TableSource table{3000, 4, 3};
};

/// Finest keys of all rows, as the ranks classify their leaves; group -9 where no rank has a row.
std::vector<CellKey> classified(const RowLayout& layout, design::RowSource& source,
                                const comm::Communicator& comm, Index block_rows) {
  std::vector<CellKey> mine;
  design::RowLabels labels;
  std::vector<CellKey> keys;
  for (Index leaf = layout.my_first_leaf; leaf < layout.my_end_leaf; ++leaf) {
    RowClassifier classifier(layout, leaf);
    const Index end = layout.leaf_begin[static_cast<std::size_t>(leaf) + 1];
    for (Index row = layout.leaf_begin[static_cast<std::size_t>(leaf)]; row < end; row += block_rows) {
      source.read_labels(row, std::min(block_rows, end - row), labels);
      classifier.classify(labels, keys);
      mine.insert(mine.end(), keys.begin(), keys.end());
    }
  }
  return comm::all_gather(comm, mine);
}

// From DESIGN's formula, by hand. Mutations: ranks in the formula, floor and ceiling swapped, K + 2
// forgotten.
TEST(LeafCount, DependsOnRowsAndColumnsOnly) {
  EXPECT_EQ(leaf_count(1, 1), 1);
  EXPECT_EQ(leaf_count(511, 30), 1);
  EXPECT_EQ(leaf_count(512, 30), 2);
  EXPECT_EQ(leaf_count(512, 254), 2);
  EXPECT_EQ(leaf_count(512, 255), 1);  // leaves of 257 rows at least
  EXPECT_EQ(leaf_count(256 * 64, 10), 64);
  EXPECT_EQ(leaf_count(1000000, 10), 64);
  EXPECT_EQ(leaf_count(6400001, 10), 65);
  EXPECT_EQ(leaf_count(100000000, 1000), 1000);
  EXPECT_EQ(leaf_count(100000000, 99998), 1000);
}

TEST(FirstLeaf, DealsContiguousRuns) {
  for (const Index n_leaves : {1, 2, 11, 64}) {
    for (const int n_ranks : {1, 3, 7, 100}) {
      EXPECT_EQ(first_leaf_of(0, n_ranks, n_leaves), 0);
      EXPECT_EQ(first_leaf_of(n_ranks, n_ranks, n_leaves), n_leaves);
      for (int rank = 0; rank < n_ranks; ++rank) {
        const Index count =
            first_leaf_of(rank + 1, n_ranks, n_leaves) - first_leaf_of(rank, n_ranks, n_leaves);
        EXPECT_GE(count, n_leaves / n_ranks);
        EXPECT_LE(count, n_leaves / n_ranks + 1);
      }
    }
  }
}

// Mutations: a leaf that begins inside a configuration; boundaries found by each rank on its own that do not
// meet.
TEST_F(Survey, LeavesHoldWholeConfigurations) {
  const RowLayout layout = survey(table, world, 5, 1);
  EXPECT_EQ(layout.n_leaves(), leaf_count(3000, 4));
  EXPECT_EQ(layout.leaf_begin.front(), 0);
  EXPECT_EQ(layout.leaf_begin.back(), 3000);
  for (std::size_t leaf = 1; leaf + 1 < layout.leaf_begin.size(); ++leaf) {
    const auto row = static_cast<std::size_t>(layout.leaf_begin[leaf]);
    EXPECT_GT(layout.leaf_begin[leaf], layout.leaf_begin[leaf - 1]);
    EXPECT_NE(table.labels.configuration[row - 1], table.labels.configuration[row]) << "row " << row;
    const Index nominal = 3000 * static_cast<Index>(leaf) / layout.n_leaves();
    EXPECT_GE(layout.leaf_begin[leaf], nominal);
    EXPECT_LT(layout.leaf_begin[leaf], nominal + 13);  // the longest configuration
  }
  std::vector<Index> rows = {layout.my_end() - layout.my_begin()};
  comm::sum_in_place(world, rows);
  EXPECT_EQ(rows[0], 3000);
}

// The oracle counts configurations of each group in the order of rows. Mutations: ordinals that start anew on
// each rank, that count test configurations, or that depend on where a block ends.
TEST_F(Survey, FoldsAreTheSameOnAnyNumberOfRanks) {
  for (std::size_t i = 0; i < 3000; ++i)
    table.labels.testing[i] = table.labels.configuration[i] % 6 == 0 ? 1 : 0;
  for (std::size_t i = 0; i < 3000; i += 7) table.labels.scale[i] = 0.0;
  const RowLayout layout = survey(table, world, 5, 42);
  const std::vector<CellKey> keys = classified(layout, table, world, 50);
  EXPECT_TRUE(keys == classified(layout, table, world, 1));
  ASSERT_EQ(keys.size(), 3000U);

  std::vector<Index> ordinals(3, 0);
  int fold = CellKey::test;
  Index n_configurations = 0;
  for (std::size_t i = 0; i < 3000; ++i) {
    const std::uint32_t group = table.labels.group[i];
    if (i == 0 || table.labels.configuration[i] != table.labels.configuration[i - 1]) {
      ++n_configurations;
      fold = table.labels.testing[i] != 0 ? CellKey::test : design::fold_of(42, group, ordinals[group]++, 5);
    }
    EXPECT_EQ(keys[i].fold, fold) << "row " << i;
    EXPECT_EQ(keys[i].group, static_cast<int>(group));
    EXPECT_EQ(keys[i].row_type, static_cast<int>(table.labels.type[i]));
  }
  EXPECT_EQ(layout.n_configurations, n_configurations);
}

// Mutations: rows of weight 0 that are counted, sums of another key, leaf cells out of order or of my leaves
// only.
TEST_F(Survey, LeafCellsHoldCountsAndSums) {
  for (std::size_t i = 0; i < 3000; ++i) table.labels.scale[i] = i % 5 == 0 ? 0.0 : i % 2 == 0 ? 0.3 : 40.0;
  const RowLayout layout = survey(table, world, 3, 7);
  const std::vector<CellKey> keys = classified(layout, table, world, 3000);
  ASSERT_EQ(keys.size(), 3000U);
  struct Sums {
    Index count = 0;
    long double t = 0, tt = 0, wt = 0, wtt = 0;
  };
  std::map<std::pair<Index, CellKey>, Sums> expected;
  for (Index leaf = 0; leaf < layout.n_leaves(); ++leaf) {
    const auto end = static_cast<std::size_t>(layout.leaf_begin[static_cast<std::size_t>(leaf) + 1]);
    for (auto i = static_cast<std::size_t>(layout.leaf_begin[static_cast<std::size_t>(leaf)]); i < end; ++i) {
      if (i % 5 == 0) continue;
      EXPECT_EQ(keys[i].decade, i % 2 == 0 ? -1 : 1);
      Sums& s = expected[{leaf, keys[i]}];
      const auto b = static_cast<long double>(table.labels.target[i]);
      const auto w = static_cast<long double>(table.labels.scale[i]);
      ++s.count;
      s.t += b;
      s.tt += b * b;
      s.wt += w * b;
      s.wtt += w * w * b * b;
    }
  }
  EXPECT_EQ(layout.n_used, 2400);
  ASSERT_EQ(layout.leaf_cells.size(), expected.size());
  auto next = expected.begin();  // by leaf, then key: the order of the map
  for (const LeafCell& cell : layout.leaf_cells) {
    EXPECT_EQ(cell.leaf, next->first.first);
    EXPECT_TRUE(cell.key == next->first.second);
    const Sums& s = next++->second;
    EXPECT_EQ(cell.sums.count, s.count);
    // long double rounds at 2^-64 per term; the product's sums are better, so its error is that of the oracle
    const long double bound = 0x1.0p-60L * static_cast<long double>(s.count) * (1.0L + s.tt);
    const auto near = [&](DoubleDouble got, long double expected_sum, long double size) {
      EXPECT_LE(std::abs(static_cast<long double>(got.high) + got.low - expected_sum), bound * size);
    };
    near(cell.sums.t, s.t, 1);
    near(cell.sums.tt, s.tt, 1);
    near(cell.sums.wt, s.wt, 40);
    near(cell.sums.wtt, s.wtt, 1600);
    EXPECT_EQ(cell.sums.min_scale, cell.key.decade == -1 ? 0.3 : 40.0);
    EXPECT_EQ(cell.sums.max_scale, cell.key.decade == -1 ? 0.3 : 40.0);
  }
}

// Mutations: a check within a rank only; row numbers of a rank's part.
TEST_F(Survey, ConfigurationsThatAreNotAdjacentAreNamed) {
  // The last configuration gets the number of one in the first leaf: other ranks' rows, ids that are not
  // sorted.
  std::size_t last = 2999;
  while (table.labels.configuration[last - 1] == table.labels.configuration[2999]) --last;
  std::size_t first = 0;
  while (table.labels.configuration[first] != 105) ++first;
  for (std::size_t i = last; i < 3000; ++i) table.labels.configuration[i] = 105;
  EXPECT_EQ(survey_error(),
            fmt::format("table: configuration 105 has rows at {} and again at {}. Rows of one "
                        "configuration must be adjacent: sort the rows, or give the second block an id of "
                        "its own",
                        first, last));
}

// Mutation: ids that must increase. Any order will do, as long as rows of one configuration are together.
TEST_F(Survey, ConfigurationsMayComeInAnyOrder) {
  for (std::uint64_t& id : table.labels.configuration) id = 100000 - id;
  RowLayout layout;
  EXPECT_EQ(survey_error(&layout), "");
  EXPECT_EQ(
      static_cast<std::size_t>(layout.n_configurations),
      std::set<std::uint64_t>(table.labels.configuration.begin(), table.labels.configuration.end()).size());
  for (std::uint64_t& id : table.labels.configuration)
    id += std::uint64_t{1} << 63U;  // beyond a signed number
  EXPECT_EQ(survey_error(), "");
}

// Mutation: an error of one rank that the others wait for.
TEST_F(Survey, ValuesThatAreNotFiniteAreNamedWhereverTheyAre) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const std::size_t row : {std::size_t{0}, std::size_t{1499}, std::size_t{2999}}) {
    const double kept = std::exchange(table.labels.target[row], nan);
    EXPECT_NE(survey_error().find(
                  fmt::format("table: row {} (configuration {}", row, table.labels.configuration[row])),
              std::string::npos);
    EXPECT_NE(survey_error().find("the target is not finite"), std::string::npos);
    table.labels.scale[row] = 0.0;
    EXPECT_EQ(survey_error(), "");  // not looked at
    table.labels.scale[row] = std::numeric_limits<double>::infinity();
    table.labels.target[row] = kept;
    EXPECT_NE(survey_error().find("the row's weight is not finite"), std::string::npos);
    table.labels.scale[row] = 1.0;
  }
}

TEST_F(Survey, NothingToFit) {
  std::fill(table.labels.scale.begin(), table.labels.scale.end(), 0.0);
  EXPECT_EQ(survey_error(), "table: every row has weight 0; there is nothing to fit");
  table.design_info.n_rows = 0;
  EXPECT_EQ(survey_error(), "table has no rows; there is nothing to fit");
  table.design_info.n_rows = 3000;
  table.design_info.n_cols = 0;
  EXPECT_EQ(survey_error(), "table has no columns; there is nothing to fit");
}

// Mutations: ranks without leaves that read beyond the rows or leave a collective call out.
TEST(SurveyOfFew, MoreRanksThanLeaves) {
  const comm::Communicator world = comm::Communicator::world();
  TableSource table(5, 2, 1);
  support::fill_randomly(table, 2);
  const RowLayout layout = survey(table, world, 2, 1);
  EXPECT_EQ(layout.n_leaves(), 1);
  EXPECT_EQ(layout.n_used, 5);
  const std::vector<CellKey> keys = classified(layout, table, world, 2);
  EXPECT_EQ(keys.size(), 5U);
}

// One configuration over most of the rows: leaves that begin in it are empty. Mutation: boundaries that go
// back.
TEST(SurveyOfFew, AConfigurationLargerThanLeaves) {
  const comm::Communicator world = comm::Communicator::world();
  TableSource table(3000, 4, 2);
  support::fill_randomly(table, 3);
  for (std::size_t i = 0; i < 3000; ++i) {
    const bool huge = i >= 100 && i < 2900;
    if (huge) table.labels.configuration[i] = 7777;
    if (huge) table.labels.group[i] = 1;
    if (i >= 2900) table.labels.configuration[i] += 10000;
  }
  const RowLayout layout = survey(table, world, 4, 1);
  EXPECT_EQ(layout.n_leaves(), 11);
  EXPECT_TRUE(std::is_sorted(layout.leaf_begin.begin(), layout.leaf_begin.end()));
  for (std::size_t leaf = 1; leaf < 11; ++leaf) EXPECT_EQ(layout.leaf_begin[leaf], 2900);
  const std::vector<CellKey> keys = classified(layout, table, world, 512);
  ASSERT_EQ(keys.size(), 3000U);
  for (std::size_t i = 101; i < 2900; ++i) ASSERT_EQ(keys[i].fold, keys[100].fold);

  std::fill(table.labels.configuration.begin(), table.labels.configuration.end(), 1U);
  const RowLayout one = survey(table, world, 4, 1);
  EXPECT_EQ(one.n_configurations, 1);
  EXPECT_EQ(one.leaf_begin[1], 3000);
}

}  // namespace
}  // namespace tallfit::compress
