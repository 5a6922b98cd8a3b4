// Sizes at and beyond the counts of LAPACK and ScaLAPACK; nothing is allocated. Expected numbers are worked
// out by hand from the formulas of the documentation, in the comments.
#include <gtest/gtest.h>

#include "tallfit/linalg/cyclic_axis.hpp"
#include "tallfit/linalg/grid_fold.hpp"
#include "tallfit/linalg/matrix_sizes.hpp"
#include "tallfit/linalg/row_tiles.hpp"

namespace tallfit::linalg {
namespace {

constexpr Index target_rows = 100'000'000;
constexpr Index target_cols = 100'000;

MatrixShape square(Index n, int grid_rows, int grid_cols, Index block = 64) {
  return {.rows = n, .cols = n, .grid_rows = grid_rows, .grid_cols = grid_cols, .block = block};
}

// Mutations: a product of two 32-bit numbers in any of these; k (k + 1) first passes 2^31 at 46,341.
TEST(MatrixSizes, ProductsOfSidesAreIn64Bits) {
  for (const Index n : {Index{46340}, Index{46341}, Index{65535}, Index{65536}, target_cols}) {
    EXPECT_EQ(packed_size(n), n * (n + 1) / 2);
    EXPECT_EQ(local_entries(square(n, 1, 1)), padded_rows(n) * n);
    EXPECT_EQ(GridFold::factor_bytes(1, 1, n), 8 * n * n);
  }
  EXPECT_EQ(packed_size(46341), 1'073'767'311);
  EXPECT_EQ(packed_size(65536), 2'147'516'416);  // beyond 2^31, although of a triangle
}

// The limit is 2^31 - 1 entries with padding: 46337 columns of 46344 rows are 41,719 fewer, 46338 are 4,625
// more. Mutations: the padding left out, < for <=.
TEST(MatrixSizes, LocalPartsAreCountedWithTheirPadding) {
  EXPECT_EQ(local_entries(square(46337, 1, 1)), most_counted - 41'719);
  EXPECT_EQ(local_entries(square(46338, 1, 1)), most_counted + 4'625);
  EXPECT_TRUE(is_countable(square(46337, 1, 1)));
  EXPECT_FALSE(is_countable(square(46338, 1, 1)));
  EXPECT_FALSE(is_countable({.rows = most_counted + 1, .cols = 0}));
  EXPECT_FALSE(is_countable({.rows = 1, .cols = 1, .block = most_counted + 1}));
  EXPECT_TRUE(is_countable({.rows = most_counted - 7, .cols = 1}));  // a whole number of lines
}

// N = 1e8 and K = 1e5 on 65,536 ranks: 390,656 x 448 numbers of the rows (1.4 GB) and 448 x 448 of the
// factor.
TEST(MatrixSizes, TheTargetFits) {
  const MatrixShape rows{target_rows, target_cols, 256, 256, 64};
  EXPECT_EQ(rows.local_rows(), 390'656);
  EXPECT_EQ(rows.local_cols(), 448);
  EXPECT_EQ(local_entries(rows), Index{390'664} * 448);  // 390,656 is a multiple of 512
  EXPECT_TRUE(is_countable(rows));
  EXPECT_FALSE(is_countable({target_rows, target_cols, 64, 64, 64}));  // 2.5e9
  // 64 (390,656 + 448 + 192)
  EXPECT_EQ(qr_workspace(rows), 25'042'944);
  const MatrixShape factor = square(target_cols, 256, 256);
  // 2 n + 1 + 6 n + 2 np nq
  EXPECT_EQ(symmetric_eigen_workspace(factor), 1'201'409);
  // 2 + 6 n + n (2 + 2) + 4 n
  EXPECT_EQ(svd_workspace(factor, true), 1'400'002);
  EXPECT_LE(pivoted_qr_workspace(factor), 4 * 448);
  // One step of the exchange is three buffers of 2 MiB: its MPI counts are far from 2^31.
  EXPECT_LE(GridFold::exchange_bytes(target_cols, ceil_div(target_rows, 65536)), 3 << 21U);
  EXPECT_TRUE(GridFold::is_countable(256, 256, target_cols, ceil_div(target_rows, 65536)));
}

// K = 1e5 on one rank: every workspace that is not O(K) is beyond what can be passed, and says so in 64 bits.
// Mutations: a term computed in int; a routine's own answer believed.
TEST(MatrixSizes, WorkspacesBeyondTheCountsAreSeen) {
  EXPECT_EQ(symmetric_eigen_workspace(square(target_cols, 1, 1)), 20'000'600'001);
  EXPECT_EQ(divide_and_conquer_svd_workspace(target_cols, target_cols), 40'000'800'000);
  EXPECT_EQ(svd_workspace(square(target_cols, 1, 1), true), 500'000);
  // 2 x 2: slices of 25,000 rows and columns; 6 n + 2 + 2 n 25,000 + 2 (50,016 + 50,016) 64 + 64^2.
  EXPECT_EQ(svd_workspace(square(target_cols, 2, 2), true), 5'013'408'194);
  EXPECT_EQ(symmetric_eigen_workspace(square(target_cols, 2, 2)), 5'004'000'513);
  // The last that fit: 2 n^2 + 6 n + 1 and 4 n^2 + 8 n.
  EXPECT_LE(symmetric_eigen_workspace(square(32766, 1, 1)), most_counted);
  EXPECT_GT(symmetric_eigen_workspace(square(32767, 1, 1)), most_counted);
  EXPECT_LE(divide_and_conquer_svd_workspace(23169, 23169), most_counted);
  EXPECT_GT(divide_and_conquer_svd_workspace(23170, 23170), most_counted);
  // 65,536 columns on 2 x 2: 32,768 x 32,768 on a rank fit, 2 np nq + 8 n + 1 do not.
  EXPECT_TRUE(is_countable(square(65536, 2, 2)));
  EXPECT_EQ(symmetric_eigen_workspace(square(65536, 2, 2)), 2'148'007'937);
  // One block as wide as the rows of a rank are high, as FitSNAP sets its solver up: K (N / P + K).
  EXPECT_GT(qr_workspace({target_rows, target_cols, 1024, 1, target_cols}), most_counted);
}

// Mutations: a block that leaves ranks empty where a smaller one would not; 0 for a matrix without columns; a
// block above 64.
TEST(MatrixSizes, BlocksLeaveNoRankEmpty) {
  EXPECT_EQ(block_for(target_cols, 256, 256), 64);
  EXPECT_EQ(block_for(100, 1, 1), 64);
  EXPECT_EQ(block_for(100, 2, 2), 64);
  EXPECT_EQ(block_for(100, 3, 2), 32);
  EXPECT_EQ(block_for(32, 7, 1), 4);
  EXPECT_EQ(block_for(3, 7, 1), 1);
  EXPECT_EQ(block_for(0, 2, 2), 1);
  for (const Index n : {2, 10, 31, 100, 1000}) {
    for (const int parts : {1, 2, 3, 7, 16}) {
      const MatrixShape shape = square(n, 1, parts, block_for(n, 1, parts));
      const CyclicAxis columns(n, shape.block, parts);
      EXPECT_TRUE(columns.local_size(parts - 1) > 0 || n < parts || shape.block == 1) << n << ", " << parts;
    }
  }
}

}  // namespace
}  // namespace tallfit::linalg
