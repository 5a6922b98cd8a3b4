// What is known to fail in other codes that solve such problems over MPI, one test each, and here does not.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <limits>

#include "support/errors.hpp"
#include "support/grid_fit.hpp"
#include "support/grids.hpp"
#include "support/memory_source.hpp"
#include "support/oracle.hpp"

#include "tallfit/base/memory.hpp"
#include "tallfit/compress/grid_plan.hpp"
#include "tallfit/design/matrix_source.hpp"

namespace tallfit::test {
namespace {

using estimate::Intercept;

#ifdef __SANITIZE_ADDRESS__
constexpr bool keeps_freed_memory = true;  // in quarantine
#else
constexpr bool keeps_freed_memory = false;
#endif

/// Grids of all ranks; a rank alone would survey rows of its own.
std::vector<linalg::ProcessGrid> grids_of_all_ranks() {
  std::vector<linalg::ProcessGrid> grids = all_grids();
  if (comm::Communicator::world().size() > 1) grids.pop_back();
  return grids;
}

Rows random_rows(Index n_rows, Index n_cols) {
  Rows rows;
  rows.a.resize(n_rows, n_cols);
  rows.b.resize(n_rows);
  for (Index i = 0; i < n_rows; ++i) {
    for (Index j = 0; j < n_cols; ++j) rows.a(i, j) = random_entry(5, i, j);
    rows.b(i) = random_entry(6, i, 0);
  }
  return rows;
}

/// @param n_summed numbers that a sum runs over; 10 covers constants, the condition here is below 1e3.
double rounding_of(Index n_summed) {
  return 1e4 * static_cast<double>(n_summed) * std::numeric_limits<double>::epsilon();
}

/// The fit of minimum norm, and as many dependent columns as there are, without which the others are
/// independent. Which of two equal columns is named is a matter of roundoff, which depends on the grid.
void expect_fit(const estimate::LinearFit& fit, const Rows& rows, Index rank) {
  const Eigen::VectorXd expected = support::minimum_norm(rows.a, rows.b, rank);
  EXPECT_TRUE(fit.coefficients.allFinite());
  EXPECT_LE((fit.coefficients - expected).norm(), rounding_of(rows.size()) * expected.norm());
  EXPECT_EQ(fit.rank, rank);
  const std::vector<Index>& dependent = fit.dependent_columns;
  std::vector<Index> others;
  for (Index j = 0; j < rows.a.cols(); ++j)
    if (std::find(dependent.begin(), dependent.end(), j) == dependent.end()) others.push_back(j);
  EXPECT_EQ(static_cast<Index>(others.size()), rank);
  const Eigen::VectorXd values = support::singular_values(rows.a(Eigen::all, others));
  EXPECT_GT(values.minCoeff(), 1e-3 * values.maxCoeff());
}

/// Both engines, every grid of the ranks and these blocks. @collective
void expect_all_engines(const Rows& rows, Index rank, const std::vector<Index>& blocks) {
  const auto world = comm::Communicator::world();
  const auto ols = estimate::make_estimator("ols", {});
  MemorySource source(rows);
  expect_fit(fit_rows(source, *ols, Intercept::none, world).fit, rows, rank);
  for (const linalg::ProcessGrid& grid : grids_of_all_ranks()) {
    for (const Index block : blocks) {
      for (const Index rows_per_rank : {Index{3}, rows.size()}) {
        SCOPED_TRACE(testing::Message() << grid.rows() << " x " << grid.cols() << ", blocks of " << block
                                        << ", panels of " << rows_per_rank);
        expect_fit(fit_on_grid(source, *ols, grid, Intercept::none,
                               {.rows_per_rank = rows_per_rank, .block = block}),
                   rows, rank);
      }
    }
  }
}

// A solver with all rows of the K x K factor gathered on one rank needs K² numbers there, whatever the number
// of ranks. Ours holds three matrices of K²/P in the solve (the factor, the equilibrated factor and its
// inverse). A K x K matrix on any rank would be K² more; the bound is half of that above the plan. A small
// fit comes first, so that buffers of BLAS and MPI are there.
TEST(KnownFailures, NoRankHoldsTheFactorOfAll) {
  const auto world = comm::Communicator::world();
  if (world.size() != 4 || keeps_freed_memory) GTEST_SKIP() << "for four ranks, without a sanitizer";
  mallopt(M_MMAP_MAX, 65536);  // as the program does: freed arrays go back
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  const auto ols = estimate::make_estimator("ols", {});
  const linalg::ProcessGrid grid(world, 2, 2);
  const auto growth = [&](Index n_cols) {
    design::MatrixSource source({.rows = n_cols + n_cols / 5, .columns = n_cols});
    const Index before = current_rss_bytes();
    const estimate::LinearFit fit =
        fit_on_grid(source, *ols, grid, Intercept::none, {.rows_per_rank = n_cols / 8});
    EXPECT_EQ(fit.rank, n_cols);
    return peak_rss_bytes() - before;
  };
  growth(300);
  constexpr Index n_cols = 2000;
  const Index square = n_cols * n_cols * double_bytes;
  Index most = growth(n_cols);
  comm::max_in_place(world, std::span(&most, 1));
  EXPECT_LE(most, 3 * square / 4 + square / 2);
  EXPECT_GE(most, square / 4) << "the measurement sees nothing";
}

// "Illegal parameter to PDGEQR2" and NaN with more than one rank: one block column as wide as the matrix on a
// P x 1 grid, rows that are no multiple of anything, ranks with fewer than K rows.
TEST(KnownFailures, OneBlockColumnOnRowsThatAreNoMultiple) {
  const Index n_cols = 12;
  const auto world = comm::Communicator::world();
  const auto ols = estimate::make_estimator("ols", {});
  const Rows rows = random_rows(2 * n_cols + 3, n_cols);
  MemorySource source(rows);
  const linalg::ProcessGrid grid(world, world.size(), 1);
  for (const Index block : {n_cols, n_cols + 1, n_cols + 2}) {
    for (const Index rows_per_rank : {Index{1}, Index{5}, rows.size()}) {
      SCOPED_TRACE(testing::Message() << "blocks of " << block << ", panels of " << rows_per_rank);
      expect_fit(
          fit_on_grid(source, *ols, grid, Intercept::none, {.rows_per_rank = rows_per_rank, .block = block}),
          rows, n_cols);
    }
  }
}

// Training sets of several elements have columns that vanish or depend on each other, here of a second
// element: others give NaN. Ours gives the solution of minimum norm, the rank and the columns. Mutations: a
// zero column that is divided by, a pivot of roundoff that counts, dependent columns of one rank's part only.
TEST(KnownFailures, DependentColumnsOfSeveralElements) {
  Rows rows = random_rows(61, 14);
  for (Index i = 0; i < rows.size(); ++i) {
    if (i % 3 == 0) rows.a.row(i).head(7).setZero();  // no atoms of the first element
    if (i % 3 == 1) rows.a.row(i).tail(7).setZero();
  }
  rows.a.col(9).setZero();
  rows.a.col(12) = rows.a.col(5);
  rows.a.col(13) = rows.a.col(1) - 2.0 * rows.a.col(8);
  expect_all_engines(rows, 11, {1, 5, 64});
}

// An array that is not allocated where a rank has no rows, a row of the grid no part of the factor, or all
// rows are one leaf: more ranks than rows, than leaves and than blocks.
TEST(KnownFailures, RanksWithoutRows) {
  expect_all_engines(random_rows(3, 2), 2, {1, 2, 64});
  expect_all_engines(random_rows(1, 1), 1, {1, 64});
}

// Fewer rows than columns: as many coefficients as rows are determined.
TEST(KnownFailures, FewerRowsThanColumns) { expect_all_engines(random_rows(5, 9), 5, {1, 5, 64}); }

// A workspace that a routine counts in 32 bits is refused by the plan, before a row is read, with numbers.
TEST(KnownFailures, WorkspacesBeyond32Bits) {
  compress::RowLayout layout;
  layout.n_cols = 100'000;
  layout.n_rows = layout.n_used = 100'000'000;
  layout.leaf_begin = {0, layout.n_rows};
  support::expect_error(
      ErrorKind::resource, {"the SVD of 100000 columns on a 2 x 2 grid", "numbers per rank", "2^31 - 1"},
      [&] { compress::plan_grid(layout, {.n_ranks = 4, .limit_bytes = Index{1} << 50, .takes_svd = true}); });
}

}  // namespace
}  // namespace tallfit::test
