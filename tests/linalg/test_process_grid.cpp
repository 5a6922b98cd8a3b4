#include <gtest/gtest.h>

#include "support/grids.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/linalg/process_grid.hpp"

namespace tallfit::linalg {
namespace {

TEST(ProcessGrid, NumbersRanksRowByRow) {
  for (const ProcessGrid& grid : test::all_grids()) {
    EXPECT_EQ(grid.rows() * grid.cols(), grid.comm().size());
    EXPECT_EQ(grid.rank_of(grid.my_row(), grid.my_col()), grid.comm().rank());
    EXPECT_EQ(grid.is_serial(), grid.comm().size() == 1);
  }
}

TEST(ProcessGrid, NearlySquareHasFewerRowsThanColumns) {
  const ProcessGrid grid = ProcessGrid::nearly_square(comm::Communicator::world());
  EXPECT_LE(grid.rows(), grid.cols());
  for (int p = grid.rows() + 1; p * p <= grid.comm().size(); ++p) EXPECT_NE(grid.comm().size() % p, 0);
}

TEST(ProcessGrid, RefusesAShapeThatDoesNotFitTheRanks) {
  const comm::Communicator world = comm::Communicator::world();
  for (const auto& [rows, cols] :
       {std::pair(world.size() + 1, 1), std::pair(0, world.size()), std::pair(-1, -1)}) {
    if (rows * cols == world.size() && rows > 0) continue;
    try {
      const ProcessGrid grid(world, rows, cols);
      ADD_FAILURE() << "accepted " << rows << " x " << cols;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::input);
      EXPECT_TRUE(error.is_collective());
    }
  }
}

// Grids on one communicator, on copies and on parts of it, made and dropped in any order. The harness fails
// on a BLACS warning about handles freed twice.
TEST(ProcessGrid, ManyMayShareACommunicator) {
  const comm::Communicator world = comm::Communicator::world();
  const comm::Communicator half = world.split(world.rank() % 2);
  for (int round = 0; round < 20; ++round) {
    const ProcessGrid first = ProcessGrid::nearly_square(world);
    const ProcessGrid second(world, world.size(), 1);
    const ProcessGrid part = ProcessGrid::nearly_square(half);
    const ProcessGrid copy = first;
    EXPECT_TRUE(copy == first);
    EXPECT_FALSE(second == first);
    EXPECT_EQ(part.comm().size(), half.size());
  }
}

// While an error unwinds, a grid frees nothing, since the others may not come: neither BLACS nor MPI
// complains, then or when the job ends.
TEST(ProcessGrid, FreesNothingWhileUnwinding) {
  const comm::Communicator world = comm::Communicator::world();
  try {
    const ProcessGrid grid = ProcessGrid::nearly_square(world);
    throw Error(ErrorKind::input, "thrown by all, but the destructor cannot know");
  } catch (const Error&) {
    SUCCEED();
  }
}

}  // namespace
}  // namespace tallfit::linalg
