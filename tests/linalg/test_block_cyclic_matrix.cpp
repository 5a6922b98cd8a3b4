#include <gtest/gtest.h>

#include <tuple>

#include "matrices.hpp"
#include "support/grids.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/linalg/block_cyclic_matrix.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::linalg {
namespace {

double place(Index i, Index j) { return static_cast<double>(1000 * i + j); }

class Dealt : public testing::TestWithParam<std::tuple<Index, Index, Index>> {};  // rows, columns, block

// All ways from and to a dense matrix give the same entries, bit for bit, for every shape, block and grid.
TEST_P(Dealt, ComesBackAsItWas) {
  const auto [rows, cols, block] = GetParam();
  const Eigen::MatrixXd expected = test::dense(rows, cols, place);
  for (const ProcessGrid& grid : test::all_grids()) {
    SCOPED_TRACE(test::describe(grid));
    BlockCyclicMatrix filled(grid, rows, cols, block);
    EXPECT_TRUE((filled.local().array() == 0.0).all());
    filled.fill(place);
    EXPECT_TRUE(replicate(filled) == expected);

    EXPECT_TRUE(distribute(grid, expected, block).local() == filled.local());

    const bool root = grid.comm().is_root();
    const Eigen::MatrixXd on_root = root ? expected : Eigen::MatrixXd();
    const BlockCyclicMatrix dealt = distribute_from_root(grid, on_root, block);
    EXPECT_TRUE(dealt.local() == filled.local());
    const Eigen::MatrixXd gathered = gather(dealt);
    EXPECT_TRUE(root ? gathered == expected : gathered.size() == 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, Dealt,
                         testing::Combine(testing::Values<Index>(0, 1, 13, 70),
                                          testing::Values<Index>(0, 1, 33),
                                          testing::Values<Index>(1, 5, 33, 64)));

// Columns a page apart collide in the cache.
TEST(BlockCyclicMatrix, LeadingDimensionAvoidsPages) {
  const ProcessGrid serial = ProcessGrid::serial();
  for (const Index rows : {1, 8, 500, 512, 1024, 1030}) {
    const BlockCyclicMatrix a(serial, rows, 2);
    EXPECT_GE(a.leading_dimension(), rows);
    EXPECT_LE(a.leading_dimension(), rows + 15);
    EXPECT_EQ(a.leading_dimension() % 8, 0);
    EXPECT_NE(a.leading_dimension() % 512, 0);
  }
}

// The limit is that of the largest rank, so all refuse alike, before anything is allocated.
TEST(BlockCyclicMatrix, RefusesWhatScalapackCannotCount) {
  for (const ProcessGrid& grid : test::all_grids()) {
    SCOPED_TRACE(test::describe(grid));
    for (const auto& [rows, cols] : {std::pair<Index, Index>(200'000, 200'000), {Index{1} << 31, 1}}) {
      try {
        const BlockCyclicMatrix a(grid, rows, cols);
        ADD_FAILURE() << "accepted " << rows << " x " << cols;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::resource);
        EXPECT_TRUE(error.is_collective());
      }
    }
  }
}

TEST(BlockCyclicMatrix, CopiesAreIndependent) {
  const ProcessGrid grid = ProcessGrid::nearly_square(comm::Communicator::world());
  BlockCyclicMatrix a(grid, 9, 9, 2);
  a.fill(place);
  const BlockCyclicMatrix b = a;
  a.fill([](Index, Index) { return -1.0; });
  EXPECT_TRUE(replicate(b) == test::dense(9, 9, place));
}

}  // namespace
}  // namespace tallfit::linalg
