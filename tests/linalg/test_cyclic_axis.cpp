#include <gtest/gtest.h>

#include "tallfit/base/error.hpp"
#include "tallfit/linalg/cyclic_axis.hpp"

namespace tallfit::linalg {
namespace {

// The maps are one to one, every index has one owner, and the local counts add up.
TEST(CyclicAxis, MapsAreInverseOfEachOther) {
  for (const Index size : {0, 1, 5, 12, 13, 40}) {
    for (const Index block : {1, 3, 5, 64}) {
      for (const int ranks : {1, 2, 3, 7}) {
        const CyclicAxis axis(size, block, ranks);
        Index total = 0;
        for (int rank = 0; rank < ranks; ++rank) {
          total += axis.local_size(rank);
          EXPECT_LE(axis.local_size(rank), axis.largest_local_size());
          for (Index local = 0; local < axis.local_size(rank); ++local) {
            const Index global = axis.global_index(local, rank);
            EXPECT_EQ(axis.owner(global), rank);
            EXPECT_EQ(axis.local_index(global), local);
            EXPECT_EQ(axis.count_before(global, rank), local);
          }
        }
        EXPECT_EQ(total, size);
      }
    }
  }
}

// 1e10 rows over 65536 ranks, by hand: nothing may pass through 32 bits. Nothing is allocated.
TEST(CyclicAxis, CountsBeyond32Bits) {
  const Index size = 10'000'000'000;
  const Index block = 64;
  const int ranks = 65536;
  const CyclicAxis axis(size, block, ranks);

  const Index last = size - 1;
  EXPECT_EQ(axis.owner(last), 12'175);  // block 156249999 = 2384 rounds of 65536 and 12175
  EXPECT_EQ(axis.global_index(axis.local_index(last), axis.owner(last)), last);
  EXPECT_EQ(axis.local_size(axis.owner(last)), axis.local_index(last) + 1);
  Index total = 0;
  for (int rank = 0; rank < ranks; ++rank) total += axis.local_size(rank);
  EXPECT_EQ(total, size);
}

// The target sizes: N = 1e8 rows and K = 1e5 columns on a 256 x 256 grid.
TEST(CyclicAxis, HoldsTheTargetSizes) {
  const CyclicAxis rows(100'000'000, 64, 256);
  const CyclicAxis cols(100'000, 64, 256);
  EXPECT_EQ(rows.largest_local_size(), 390'656);  // 1562500 blocks = 6103 rounds and 132 blocks
  EXPECT_EQ(rows.local_size(132), 390'592);
  EXPECT_EQ(cols.largest_local_size(), 448);  // 1562 blocks = 6 rounds and 26 blocks, 32 columns over
  EXPECT_EQ(cols.local_size(26), 416);
  EXPECT_EQ(cols.local_size(27), 384);
}

// A block larger than everything: rank 0 has it all.
TEST(CyclicAxis, AcceptsABlockLargerThanTheMatrix) {
  const CyclicAxis axis(10, Index{1} << 30, 3);
  EXPECT_EQ(axis.local_size(0), 10);
  EXPECT_EQ(axis.local_size(1), 0);
  EXPECT_EQ(axis.owner(9), 0);
}

TEST(CyclicAxis, RefusesWhatIsNoDeal) {
  EXPECT_THROW(CyclicAxis(-1, 1, 1), Error);
  EXPECT_THROW(CyclicAxis(1, 0, 1), Error);
  EXPECT_THROW(CyclicAxis(1, 1, 0), Error);
}

}  // namespace
}  // namespace tallfit::linalg
