#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support/table_source.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/design/row_filters.hpp"
#include "tallfit/design/row_stream.hpp"

namespace tallfit::design {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;
using support::TableSource;

/// Passes on another source's rows, late or not at all.
class DifficultSource final : public RowSource {
public:
  explicit DifficultSource(RowSource& source) : source_(source) {}
  const DesignInfo& info() const override { return source_.info(); }
  void read_labels(Index begin, Index count, RowLabels& labels) override {
    source_.read_labels(begin, count, labels);
  }
  void read_features(Index begin, Index count, double* features) override {
    const Clock::time_point start = Clock::now();
    std::this_thread::sleep_for(delay);
    if (begin >= broken_from) fail(ErrorKind::input, "row {} cannot be read", begin);
    source_.read_features(begin, count, features);
    spent += Clock::now() - start;
  }

  std::chrono::milliseconds delay{0};
  Index broken_from = 1'000'000'000;
  Seconds spent{0};

private:
  RowSource& source_;
};

// Mutations: a block given twice or left out, a last block of the wrong size, labels of another block.
TEST(RowStream, EveryRowOnceAndInOrder) {
  TableSource table(101, 3, 2);
  support::fill_randomly(table, 1);
  for (const Index block_rows : {1, 7, 100, 101, 500}) {
    for (const auto& [begin, end] : {std::pair<Index, Index>{0, 101}, {13, 94}, {100, 101}}) {
      RowStream stream(table, begin, end, block_rows);
      Index next = begin;
      while (const RowBlock* block = stream.next()) {
        ASSERT_EQ(block->begin, next);
        ASSERT_EQ(block->size(), std::min(block_rows, end - next));
        ASSERT_EQ(block->features(), table.features.middleRows(next, block->size()));
        ASSERT_EQ(block->labels.target.front(), table.labels.target[static_cast<std::size_t>(next)]);
        ASSERT_EQ(block->labels.configuration.back(),
                  table.labels.configuration[static_cast<std::size_t>(next + block->size() - 1)]);
        next += block->size();
      }
      EXPECT_EQ(next, end);
      EXPECT_EQ(stream.next(), nullptr);  // and for ever
    }
  }
}

TEST(RowStream, AnEmptyRangeHasNoBlock) {
  TableSource table(10, 3, 1);
  support::fill_randomly(table, 1);
  RowStream stream(table, 4, 4, 2);
  EXPECT_EQ(stream.next(), nullptr);
}

// Mutation: the reader fills the block that is still worked on (one slot too few).
TEST(RowStream, ABlockStaysAsItIsUntilTheNextCall) {
  TableSource table(60, 2, 1);
  support::fill_randomly(table, 2);
  RowStream stream(table, 0, 60, 10);
  while (const RowBlock* block = stream.next()) {
    const RowMajorMatrix before = block->features();
    std::this_thread::sleep_for(std::chrono::milliseconds(3));  // the reader has long read what it may
    ASSERT_EQ(block->features(), before);
    ASSERT_EQ(block->features(), table.features.middleRows(block->begin, 10));
  }
}

// Mutations: rows in memory copied or read again; blocks of the wrong rows where memory holds the first ones
// only; NaN not looked for where there is no reading thread.
TEST(RowStream, RowsInMemoryAreShownWhereTheyAre) {
  TableSource table(101, 3, 2);
  support::fill_randomly(table, 4);
  table.features(60, 1) = std::numeric_limits<double>::quiet_NaN();
  KeptSource kept(table, 13, 94);
  for (RowStream some(kept, 13, 53, 10); some.next() != nullptr;) {
  }
  const int reads = table.feature_reads;
  for (const auto& [end, in_memory] : {std::pair<Index, bool>{53, true}, {94, false}, {94, true}}) {
    RowStream stream(kept, 13, end, 10);
    Index next = 13;
    bool found = false;
    while (const RowBlock* block = stream.next()) {
      ASSERT_EQ(block->begin, next);
      const RowMajorMatrix expected = table.features.middleRows(next, block->size());
      ASSERT_TRUE(block->features().cwiseEqual(expected).all() || !block->nonfinite.empty());
      if (in_memory) {
        EXPECT_EQ(block->data, kept.features_in_memory(next, block->size()));
      }
      if (!block->nonfinite.empty()) found = block->nonfinite.front().row == 60;
      next += block->size();
    }
    EXPECT_EQ(next, end);
    EXPECT_EQ(found, end == 94);
    if (end == 53) {
      EXPECT_EQ(table.feature_reads, reads);
    }
  }
}

// Mutations: an error of the reading thread that ends the program, that is swallowed (rows missing without a
// word), or that overtakes good blocks.
TEST(RowStream, ErrorsOfTheReaderAreRethrownAfterTheGoodBlocks) {
  TableSource table(50, 2, 1);
  support::fill_randomly(table, 3);
  DifficultSource source(table);
  source.broken_from = 30;
  RowStream stream(source, 0, 50, 10);
  for (int block = 0; block < 3; ++block) ASSERT_NE(stream.next(), nullptr);
  try {
    stream.next();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::input);
    EXPECT_STREQ(error.what(), "row 30 cannot be read");
  }
}

// Mutation: a destructor that joins a reader which waits for a free block hangs (the test's time limit).
TEST(RowStream, MayBeLeftEarly) {
  TableSource table(500, 2, 1);
  support::fill_randomly(table, 4);
  for (int blocks = 0; blocks < 4; ++blocks) {
    for (const int wait_ms : {0, 2}) {
      RowStream stream(table, 0, 500, 5);
      for (int i = 0; i < blocks; ++i) ASSERT_NE(stream.next(), nullptr);
      std::this_thread::sleep_for(std::chrono::milliseconds(wait_ms));
    }
  }
  EXPECT_THROW(
      {
        RowStream stream(table, 0, 500, 5);
        stream.next();
        throw std::runtime_error("the work failed");
      },
      std::runtime_error);
}

// Reading and working take 20 ms a block each, so a pass takes max(read, work) and the first read. Mutation:
// reading in turn with the work takes twice as long. Times are measured, for a busy machine oversleeps; best
// of three.
TEST(RowStream, ReadsWhileTheBlockIsWorkedOn) {
  constexpr std::chrono::milliseconds pause{20};
  constexpr Index n_blocks = 20;
  TableSource table(n_blocks, 2, 1);
  support::fill_randomly(table, 5);
  double best = 1e9;
  for (int attempt = 0; attempt < 3 && best > 1.0; ++attempt) {
    DifficultSource source(table);
    source.delay = pause;
    Seconds work{0};
    const Clock::time_point start = Clock::now();
    {
      RowStream stream(source, 0, n_blocks, 1);
      while (stream.next() != nullptr) {
        const Clock::time_point begin = Clock::now();
        std::this_thread::sleep_for(pause);
        work += Clock::now() - begin;
      }
    }
    const Seconds total = Clock::now() - start;
    const Seconds first_read = source.spent / static_cast<double>(n_blocks);
    best = std::min(best, total / (1.15 * std::max(source.spent, work) + first_read));
  }
  EXPECT_LE(best, 1.0) << "times what overlap allows";
}

TEST(RowStream, RowsInABlock) {
  EXPECT_EQ(rows_in(8000, 10), 100);
  EXPECT_EQ(rows_in(8079, 10), 100);
  EXPECT_EQ(rows_in(1, 10), 1);  // at least one row
  EXPECT_EQ(rows_in(80, 0), 10);
}

}  // namespace
}  // namespace tallfit::design
