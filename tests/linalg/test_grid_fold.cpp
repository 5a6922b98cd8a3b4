#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "matrices.hpp"
#include "support/grids.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/linalg/grid_fold.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::linalg {
namespace {

using Eigen::MatrixXd;

struct Shape {
  Index rows;
  Index cols;
  Index rows_per_rank;  ///< of a panel
  Index block;
};

/// Row i of a matrix belongs to rank i % ranks, but the last rank has none where there are three or more.
BlockCyclicMatrix folded(const ProcessGrid& grid, const MatrixXd& dense, const Shape& shape) {
  const int ranks = grid.comm().size() >= 3 ? grid.comm().size() - 1 : grid.comm().size();
  GridFold fold(grid, dense.cols(), shape.rows_per_rank, shape.block);
  const Index most = fold.most_rows();
  for (Index round = 0; round * ranks * most < dense.rows(); ++round) {
    std::vector<double> rows;
    for (Index k = 0; k < most && grid.comm().rank() < ranks; ++k) {
      const Index row = (round * most + k) * ranks + grid.comm().rank();
      if (row < dense.rows()) rows.insert(rows.end(), dense.row(row).begin(), dense.row(row).end());
    }
    fold.append(rows);
  }
  return fold.finish();
}

class GridFoldShapes : public testing::TestWithParam<Shape> {};

// Mutations: rows of an earlier panel that stay in the next one, reflectors copied into R, a super-block that
// starts on another rank than its panel, columns of a row swapped on their way, a panel that is not folded at
// the end, fewer rows than columns.
TEST_P(GridFoldShapes, KeepTheGramMatrix) {
  const Shape shape = GetParam();
  const MatrixXd dense = test::dense(shape.rows, shape.cols, test::noise);
  for (const ProcessGrid& grid : test::all_grids()) {
    SCOPED_TRACE(test::describe(grid));
    const MatrixXd r = replicate(folded(grid, dense, shape));
    ASSERT_EQ(r.rows(), shape.cols);
    EXPECT_TRUE(r.isUpperTriangular(0.0));
    EXPECT_LE((r.transpose() * r - dense.transpose() * dense).norm(),
              test::rounding(shape.rows + shape.cols) * dense.squaredNorm());
    EXPECT_TRUE(test::same_bits(grid, r));
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, GridFoldShapes,
                         testing::Values(Shape{60, 7, 4, 2},        // many panels
                                         Shape{100, 7, 100, 5},     // one panel holds all
                                         Shape{3, 8, 2, 3},         // fewer rows than columns
                                         Shape{1, 1, 1, 1},         //
                                         Shape{50, 6, 5, 64},       // smaller than a block
                                         Shape{320, 530, 80, 64}),  // several super-blocks, the last not full
                         [](const auto& shape) {
                           return std::to_string(shape.param.rows) + "x" + std::to_string(shape.param.cols) +
                                  "_block_" + std::to_string(shape.param.block) + "_panel_" +
                                  std::to_string(shape.param.rows_per_rank);
                         });

// Mutation: rows written without an order of their own.
TEST(GridFold, TheSameGridGivesTheSameBits) {
  const Shape shape{.rows = 200, .cols = 40, .rows_per_rank = 10, .block = 8};
  const MatrixXd dense = test::dense(shape.rows, shape.cols, test::noise);
  for (const ProcessGrid& grid : test::all_grids())
    EXPECT_EQ(replicate(folded(grid, dense, shape)), replicate(folded(grid, dense, shape)));
}

TEST(GridFold, NoRowsAreZero) {
  for (const ProcessGrid& grid : test::all_grids()) {
    GridFold fold(grid, 5, 3, 2);
    EXPECT_EQ(replicate(fold.finish()), MatrixXd::Zero(5, 5));
  }
}

// A library is given a communicator, not MPI_COMM_WORLD: here two groups of ranks, each in reverse order,
// with rows and grids of their own. Mutations: MPI_COMM_WORLD, or ranks of it, anywhere below; BLACS handles
// of one group used by the other.
TEST(GridFold, WorksOnAPartOfTheRanksInAnyOrder) {
  const comm::Communicator world = comm::Communicator::world();
  const int group = world.rank() % 2;
  MPI_Comm handle = MPI_COMM_NULL;
  MPI_Comm_split(world.get(), group, -world.rank(), &handle);
  {
    const comm::Communicator part = comm::Communicator::borrow(handle);
    const Shape shape{.rows = 60 + 11 * group, .cols = 7 + group, .rows_per_rank = 4, .block = 3};
    const MatrixXd dense = test::dense(shape.rows, shape.cols, test::noise);
    for (int rows = 1; rows <= part.size(); ++rows) {
      if (part.size() % rows != 0) continue;
      const ProcessGrid grid(part, rows, part.size() / rows);
      SCOPED_TRACE(test::describe(grid));
      const MatrixXd r = replicate(folded(grid, dense, shape));
      EXPECT_LE((r.transpose() * r - dense.transpose() * dense).norm(),
                test::rounding(shape.rows + shape.cols) * dense.squaredNorm());
      EXPECT_TRUE(test::same_bits(grid, r));
    }
  }
  MPI_Comm_free(&handle);
}

// Mutations: a part that starts within a block, or on another rank, shifted; more rows than one step takes.
TEST(Transfer, SubMatricesAreWhatTheyCutOut) {
  const MatrixXd dense = test::dense(130, 90, test::noise);
  for (const ProcessGrid& grid : test::all_grids()) {
    SCOPED_TRACE(test::describe(grid));
    for (const Index block : {1, 5, 64}) {
      const BlockCyclicMatrix a = distribute(grid, dense, block);
      for (const auto& [row, col, rows, cols] : {std::array<Index, 4>{0, 0, 130, 90},
                                                 {1, 1, 89, 89},
                                                 {64, 5, 3, 80},
                                                 {129, 89, 1, 1},
                                                 {7, 7, 0, 4}})
        EXPECT_EQ(replicate(sub_matrix(a, row, col, rows, cols)), dense.block(row, col, rows, cols))
            << block << ": " << row << ", " << col;
      EXPECT_THROW(sub_matrix(a, 1, 0, 130, 1), Error);
    }
  }
}

}  // namespace
}  // namespace tallfit::linalg
