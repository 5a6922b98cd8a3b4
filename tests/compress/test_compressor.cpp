#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>

#include "compress_support.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/base/memory.hpp"
#include "tallfit/design/projected_source.hpp"

namespace tallfit::compress {
namespace {

using support::everywhere;
using support::expect_factor_of;
using support::same_bits;
using support::TableSource;
using test::Recipe;
using test::world;

/// Factorisations between rows and a cell's factor: blocks of a leaf one onto the other, then the tree;
/// generous.
constexpr double stages = 12.0;

/// A table with everything in it that cells must tell apart.
struct Mixed : TableSource {
  explicit Mixed(Index n_rows = 2500, Index n_cols = 5) : TableSource(n_rows, n_cols, 3) {
    support::fill_randomly(*this, 9);
    for (Index i = 0; i < n_rows; ++i)
      labels.ones.push_back(i % 7 == 2 ? 0.0 : std::sin(static_cast<double>(i)));
    for (std::size_t i = 0; i < labels.target.size(); ++i) {
      if (labels.configuration[i] % 8 == 3) labels.testing[i] = 1;
      if (i % 11 == 0) labels.scale[i] = 0.0;
      if (i % 11 == 1 && labels.group[i] == 2) labels.scale[i] = 3e4;  // more than a decade in one group
      if (labels.scale[i] == 0.0)
        features.row(static_cast<Index>(i)).setConstant(std::numeric_limits<double>::quiet_NaN());
    }
  }
};

// Mutations: rows in the cell of another group, type, fold or decade; test rows in a training cell; rows of
// weight 0 (here NaN) that are multiplied; target and intercept columns swapped; weights forgotten; an
// intercept that is w where the row says something else.
TEST(Compressor, CellsAreTheFactorsOfTheirRows) {
  Mixed table;
  for (const CellParts& parts :
       {CellParts{}, CellParts{.row_type = false}, CellParts{.group = false, .row_type = false},
        CellParts{.group = false, .row_type = false, .fold = false}}) {
    const Recipe recipe{.parts = parts};
    const CompressedDesign design = test::compress(table, world(), recipe);
    Index rows = 0;
    for (const Cell& cell : design.cells) {
      SCOPED_TRACE(testing::Message()
                   << to_string(parts) << ": group " << cell.key.group << " type " << cell.key.row_type
                   << " fold " << cell.key.fold << " decade " << cell.key.decade);
      const Eigen::MatrixXd expected = test::rows_of_cell(table, cell.key, recipe);
      EXPECT_EQ(cell.sums.count, expected.rows());
      EXPECT_GT(expected.rows(), 0);
      EXPECT_EQ(cell.home == world().rank(), !cell.factor.is_empty());
      const Factor factor = everywhere(world(), cell.factor, cell.home);
      EXPECT_EQ(factor.n_rows(), std::min<Index>(expected.rows(), 7));
      if (factor.n_cols() == 7) {
        expect_factor_of(factor.dense(), expected, stages);
      }
      rows += expected.rows();
    }
    EXPECT_EQ(rows, 2500 - 228);  // each row of weight > 0 once
    EXPECT_TRUE(std::is_sorted(design.cells.begin(), design.cells.end(),
                               [](const Cell& a, const Cell& b) { return a.key < b.key; }));
    EXPECT_EQ(design.parts, parts);
    EXPECT_EQ(design.n_rows, 2500);
    EXPECT_EQ(design.n_folds, 3);
    EXPECT_EQ(design.seed, 11U);
    EXPECT_EQ(design.column_names, table.design_info.column_names);
    EXPECT_EQ(design.group_names, table.design_info.group_names);
  }
}

// Mutations: a merge whose order depends on the ranks; folds that begin at the ends of blocks read.
TEST(Compressor, SameBitsForEveryNumberOfRanksAndBlockSize) {
  Mixed table;
  const CompressedDesign expected =
      test::compress(table, comm::Communicator::self(), {.block_bytes = Index{1} << 20});
  for (const Index block_bytes : {40, 1000, 50000}) {
    const CompressedDesign design = test::compress(table, world(), {.block_bytes = block_bytes});
    ASSERT_EQ(design.cells.size(), expected.cells.size());
    for (std::size_t i = 0; i < design.cells.size(); ++i) {
      const Cell& cell = design.cells[i];
      EXPECT_TRUE(cell.key == expected.cells[i].key);
      EXPECT_EQ(cell.sums.wtt.high, expected.cells[i].sums.wtt.high);
      EXPECT_EQ(cell.sums.wtt.low, expected.cells[i].sums.wtt.low);
      if (cell.home == world().rank()) {
        EXPECT_TRUE(same_bits(cell.factor, expected.cells[i].factor)) << "cell " << i;
      }
    }
  }
}

/// A table of which some blocks are in memory for good.
class PartlyInMemory : public design::RowSource {
public:
  PartlyInMemory(TableSource& table, std::vector<bool> pattern)
      : table_(table), pattern_(std::move(pattern)) {}

  const design::DesignInfo& info() const override { return table_.info(); }
  void read_labels(Index begin, Index count, design::RowLabels& labels) override {
    table_.read_labels(begin, count, labels);
  }
  void read_features(Index begin, Index count, double* features) override {
    table_.read_features(begin, count, features);
  }
  const double* features_in_memory(Index begin, Index) const override {
    const bool stays = pattern_[static_cast<std::size_t>(begin / 100) % pattern_.size()];
    return stays ? table_.features.row(begin).data() : nullptr;
  }

private:
  TableSource& table_;
  std::vector<bool> pattern_;
};

// Rows in memory wait there until they are folded. Mutations: rows that wait in another order, with the
// scales or targets of others, or forgotten where a cell's next rows are not in memory.
TEST(Compressor, RowsInMemoryGiveTheSameBits) {
  TableSource table(4000, 9, 2);
  support::fill_randomly(table, 14);
  for (std::size_t i = 0; i < table.labels.scale.size(); ++i) table.labels.scale[i] = i % 7 == 0 ? 0.0 : 1.5;
  const Recipe recipe{.parts = {.fold = false}};
  const CompressedDesign expected = test::compress(table, world(), recipe);
  for (const std::vector<bool>& pattern :
       std::vector<std::vector<bool>>{{true}, {true, false}, {false, true, true}}) {
    PartlyInMemory source(table, pattern);
    const CompressedDesign design = test::compress(source, world(), recipe);
    ASSERT_EQ(design.cells.size(), expected.cells.size());
    for (std::size_t i = 0; i < design.cells.size(); ++i)
      EXPECT_TRUE(same_bits(design.cells[i].factor, expected.cells[i].factor)) << "cell " << i;
  }
}

// One leaf of many buffers, which only a long configuration makes: the first buffer, full ones, a remainder
// of fewer rows than columns. Mutations: rows lost or folded twice at the buffer's end, a remainder that
// stays behind.
TEST(Compressor, LeavesOfManyBuffers) {
  for (const Index n_rows : {504, 505, 1007, 1008, 1009, 1530, 2500}) {
    TableSource table(n_rows, 18, 1);
    support::fill_randomly(table, 12);
    std::fill(table.labels.configuration.begin(), table.labels.configuration.end(), 1U);
    const Recipe recipe{.parts = {.group = false, .row_type = false, .fold = false}, .n_folds = 0};
    const CompressedDesign design = test::compress(table, world(), recipe);
    ASSERT_EQ(design.cells.size(), 1U);
    const Factor factor = everywhere(world(), design.cells[0].factor, design.cells[0].home);
    EXPECT_TRUE(factor.is_triangular());
    if (factor.is_triangular())
      expect_factor_of(factor.dense(), test::rows_of_cell(table, design.cells[0].key, recipe), stages);
  }
}

// Mutation: a cell of few rows that is made square.
TEST(Compressor, CellsOfFewRowsKeepThem) {
  TableSource table(30, 15, 3);
  support::fill_randomly(table, 13);
  const Recipe recipe{};
  const CompressedDesign design = test::compress(table, world(), recipe);
  for (const Cell& cell : design.cells) {
    const Eigen::MatrixXd expected = test::rows_of_cell(table, cell.key, recipe);
    const Factor factor = everywhere(world(), cell.factor, cell.home);
    if (expected.rows() < 17) {
      EXPECT_EQ(factor.dense(), expected);
    }
  }
}

// The home of cells is spread. Mutation: all on rank 0, which at K = 1e4 would not fit.
TEST(Compressor, CellsLiveOnSeveralRanks) {
  Mixed table;
  const CompressedDesign design = test::compress(table, world(), {});
  std::set<int> homes;
  for (const Cell& cell : design.cells) homes.insert(cell.home);
  EXPECT_GE(homes.size(), std::min<std::size_t>(static_cast<std::size_t>(world().size()), 2));
}

// Mutation: a NaN that reaches a factor, an error that one rank keeps to itself, a row number of the block.
TEST(RowPass, NamesTheFeatureThatIsNotFinite) {
  for (const Index row : {3, 1207, 2498}) {
    Mixed table;
    const double kept = std::exchange(table.labels.scale[static_cast<std::size_t>(row)], 1.0);
    if (kept == 0.0) table.features.row(row).setZero();
    table.features(row, 2) = std::numeric_limits<double>::infinity();
    try {
      test::compress(table, world(), {});
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_TRUE(error.is_collective());
      EXPECT_EQ(error.kind(), ErrorKind::input);
      EXPECT_NE(std::string(error.what()).find(fmt::format("row {} (configuration", row)), std::string::npos)
          << error.what();
      EXPECT_NE(std::string(error.what()).find("column 2 ('x2') is not finite"), std::string::npos)
          << error.what();
    }
  }
}

/// Writes down what it is shown.
class Recorder final : public RowVisitor {
public:
  void begin_leaf(Index leaf) override { events.push_back(fmt::format("begin {}", leaf)); }
  void end_leaf(Index leaf) override { events.push_back(fmt::format("end {}", leaf)); }
  void visit(const LeafRows& part) override {
    ++n_parts;
    for (Index i = 0; i < part.size(); ++i) {
      rows.push_back(part.row(i));
      targets.push_back(part.target(i));
      first_features.push_back(part.features(i)[0]);
    }
  }
  Index n_parts = 0;
  std::vector<std::string> events;
  std::vector<Index> rows;
  std::vector<double> targets;
  std::vector<double> first_features;
};

// Mutations: a leaf without rows that is not begun or ended (the tree would miss a piece), visitors that see
// rows twice.
TEST(RowPass, ShowsEveryLeafAndRowInOrder) {
  TableSource table(3000, 4, 2);
  support::fill_randomly(table, 14);
  for (std::size_t i = 700; i < 2200; ++i) table.labels.configuration[i] = 9999;  // leaves in it are empty
  for (std::size_t i = 2200; i < 3000; ++i) table.labels.configuration[i] += 20000;
  const RowLayout layout = survey(table, world(), 0, 1);
  for (const Index block_bytes : {1, 3000, 1000000}) {
    Recorder one;
    Recorder two;
    RowVisitor* const visitors[] = {&one, &two};
    run_row_pass(table, layout, world(), visitors, block_bytes);
    std::vector<std::string> expected;
    for (Index leaf = layout.my_first_leaf; leaf < layout.my_end_leaf; ++leaf) {
      expected.push_back(fmt::format("begin {}", leaf));
      expected.push_back(fmt::format("end {}", leaf));
    }
    EXPECT_EQ(one.events, expected);
    EXPECT_EQ(one.rows, two.rows);
    EXPECT_EQ(static_cast<Index>(one.rows.size()), layout.my_end() - layout.my_begin());
    for (std::size_t i = 0; i < one.rows.size(); ++i) {
      EXPECT_EQ(one.rows[i], layout.my_begin() + static_cast<Index>(i));
      EXPECT_EQ(one.targets[i], table.labels.target[static_cast<std::size_t>(one.rows[i])]);
      EXPECT_EQ(one.first_features[i], table.features(one.rows[i], 0));
    }
  }
}

// Mutation: blocks of as few rows as the wide design would have in them, here 26 and not 1000: a sparse
// design of many columns would be read in thousands of pieces.
TEST(RowPass, ReadsAProjectionInBlocksOfItsOwnWidth) {
  TableSource table(1000, 300, 1);
  support::fill_randomly(table, 15);
  const RowLayout layout = survey(table, world(), 0, 1);
  design::ProjectedSource projected(table, Eigen::VectorXd::Unit(300, 0));
  Recorder recorder;
  RowVisitor* const visitors[] = {&recorder};
  constexpr Index block_bytes = 1000 * 8 * double_bytes;
  run_row_pass(projected, layout, world(), visitors, block_bytes);
  EXPECT_LE(recorder.n_parts, layout.my_end_leaf - layout.my_first_leaf);  // one block, cut at the leaves
  EXPECT_EQ(static_cast<Index>(recorder.rows.size()), layout.my_end() - layout.my_begin());
  for (std::size_t i = 0; i < recorder.rows.size(); ++i)
    EXPECT_EQ(recorder.first_features[i], table.features(recorder.rows[i], 0));
}

}  // namespace
}  // namespace tallfit::compress
