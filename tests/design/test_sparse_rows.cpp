#include <Eigen/Core>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "support/errors.hpp"
#include "support/oracle.hpp"
#include "support/table_source.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/design/atoms_source.hpp"
#include "tallfit/design/matrix_source.hpp"
#include "tallfit/design/row_filters.hpp"

namespace tallfit::design {
namespace {

using Slices = std::vector<std::pair<Index, Index>>;  // begin, count

RowMajorMatrix scattered(const SparseRows& rows) {
  RowMajorMatrix features = RowMajorMatrix::Constant(rows.n_rows(), rows.n_cols, -1.0);
  scatter(rows, features.data());
  return features;
}

/// Sparse rows are well formed and hold what read_features() gives.
void expect_sparse_rows(RowSource& source, const Slices& slices) {
  SparseRows rows;
  for (const auto& [begin, count] : slices) {
    SCOPED_TRACE(testing::Message() << "rows " << begin << " + " << count);
    source.read_sparse(begin, count, rows);
    ASSERT_EQ(rows.n_cols, source.info().n_cols);
    ASSERT_EQ(rows.n_rows(), count);
    ASSERT_EQ(rows.begin.front(), 0);
    ASSERT_EQ(rows.begin.back(), rows.n_entries());
    ASSERT_EQ(rows.column.size(), rows.value.size());
    for (std::size_t i = 0; i + 1 < rows.begin.size(); ++i) {
      for (Index k = rows.begin[i]; k + 1 < rows.begin[i + 1]; ++k) {
        const auto at = static_cast<std::size_t>(k);
        ASSERT_LT(rows.column[at], rows.column[at + 1]) << "row " << i;
      }
    }
    RowMajorMatrix features(count, source.info().n_cols);
    source.read_features(begin, count, features.data());
    EXPECT_EQ(scattered(rows), features);
    if (source.info().n_entries)
      EXPECT_EQ(source.count_entries(begin, count), rows.n_entries());
    else
      EXPECT_EQ(source.count_entries(begin, count), count * source.info().n_cols);
  }
}

const Slices slices_of_200 = {{0, 200}, {0, 1}, {199, 1}, {37, 90}, {50, 0}};

MatrixOptions sparse_options() {
  return {.rows = 200, .columns = 23, .sparsity = 0.8, .column_decades = 2, .seed = 11};
}

// Mutations: a default that drops the last column or row of a piece, or counts from the block's begin.
TEST(SparseRows, DenseSourcesGiveWhatIsNotZero) {
  support::TableSource table(200, 1500, 2);  // pieces of 1 MiB hold 87 rows
  support::fill_randomly(table, 3);
  for (Index i = 0; i < 200; ++i)
    for (Index j = 0; j < 1500; ++j)
      if ((i + j) % 3 != 0 || i % 50 == 7) table.features(i, j) = 0.0;
  expect_sparse_rows(table, slices_of_200);
  SparseRows rows;
  table.read_sparse(7, 2, rows);
  EXPECT_EQ(rows.begin, (std::vector<Index>{0, 0, 500}));

  AtomsSource atoms({.configurations = 11, .order = 1});
  expect_sparse_rows(atoms, {{0, 30}, {800, 5}});
  MatrixSource matrix({.rows = 200, .columns = 7, .zero_columns = 2});
  expect_sparse_rows(matrix, slices_of_200);
}

// Mutation: NaN taken for "not different from 0".
TEST(SparseRows, NaNIsAnEntry) {
  support::TableSource table(3, 4, 1);
  support::fill_randomly(table, 4);
  table.features.row(1) << 0.0, std::numeric_limits<double>::quiet_NaN(), 0.0, 2.0;
  SparseRows rows;
  table.read_sparse(1, 1, rows);
  EXPECT_EQ(rows.column, (std::vector<std::int32_t>{1, 3}));
  EXPECT_TRUE(std::isnan(rows.value[0]));
}

// Mutations: a filter that forwards nothing (and so reads dense rows), masks the wrong row, or masks with a
// product, which would keep NaN; rows kept in memory and rows read again that disagree.
TEST(SparseRows, FiltersPassThemOn) {
  MatrixSource matrix(sparse_options());
  expect_sparse_rows(matrix, slices_of_200);

  WeightedSource weighted(matrix, GroupMultipliers(4, {2.0, 2.0, 2.0, 2.0}));
  expect_sparse_rows(weighted, slices_of_200);

  MaskedSource masked(matrix, {0, 37, 126, 199});
  expect_sparse_rows(masked, slices_of_200);
  SparseRows rows;
  masked.read_sparse(36, 2, rows);
  EXPECT_EQ(rows.begin, (std::vector<Index>{0, 5, 10}));  // a fifth of 23 columns, rounded
  EXPECT_NE(rows.value[4], 0.0);
  EXPECT_EQ(std::count(rows.value.begin() + 5, rows.value.end(), 0.0), 5);

  support::TableSource table(200, 9, 1);
  support::fill_randomly(table, 5);
  for (RowSource* source : {static_cast<RowSource*>(&matrix), static_cast<RowSource*>(&table)}) {
    KeptSource kept(*source, 20, 120);
    RowMajorMatrix features(100, source->info().n_cols);
    kept.read_features(20, 100, features.data());
    expect_sparse_rows(kept, {{20, 100}, {50, 3}, {0, 200}});
  }
}

// Mutation: a count that stops one halving late, or never reaches one row.
TEST(SparseRows, RowsOfEntriesKeepsToTheLimit) {
  MatrixSource matrix(sparse_options());  // 5 entries a row
  EXPECT_EQ(rows_of_entries(matrix, 0, 200, 1000), 200);
  EXPECT_EQ(rows_of_entries(matrix, 0, 200, 999), 100);
  EXPECT_EQ(rows_of_entries(matrix, 190, 200, 12), 2);  // 10, 5, 3, 2
  EXPECT_EQ(rows_of_entries(matrix, 190, 200, 1), 1);
}

TEST(SparseRows, MoreColumnsThan32BitsCountAreRefused) {
  support::TableSource table(1, 1, 1);
  table.design_info.n_cols = Index{1} << 31;
  SparseRows rows;
  support::expect_error(ErrorKind::input, {"table: has 2147483648 columns", "32 bits"},
                        [&] { table.read_sparse(0, 1, rows); });
}

// Mutations: random numbers keyed by the place in a block; a target that is not that of the entries.
TEST(SparseMatrixSource, RowsDoNotDependOnHowTheyAreRead) {
  MatrixOptions options = sparse_options();
  options.noise = 0.0;
  MatrixSource source(options);
  SparseRows all;
  source.read_sparse(0, 200, all);
  RowLabels labels;
  source.read_labels(0, 200, labels);
  const Eigen::VectorXd targets = scattered(all) * source.true_coefficients();
  MatrixSource again(options);
  for (const Index block : {64, 7, 1}) {
    for (Index begin = (200 - 1) / block * block; begin >= 0; begin -= block) {
      const Index count = std::min(block, 200 - begin);
      SparseRows part;
      again.read_sparse(begin, count, part);
      const auto from = all.begin[static_cast<std::size_t>(begin)];
      ASSERT_TRUE(std::equal(part.column.begin(), part.column.end(), all.column.begin() + from));
      ASSERT_TRUE(std::equal(part.value.begin(), part.value.end(), all.value.begin() + from));
      RowLabels some;
      again.read_labels(begin, count, some);
      for (Index i = 0; i < count; ++i) {
        const auto row = static_cast<std::size_t>(begin + i);
        ASSERT_EQ(some.target[static_cast<std::size_t>(i)], labels.target[row]);
        // a sum of 5 products and 23 with zeros: 28 roundings of terms that are below 100
        ASSERT_NEAR(labels.target[row], targets(begin + i), 28 * 100 * 2.3e-16);
      }
    }
  }
}

// Mutations: a share that is rounded down, a row without entries, columns drawn twice or out of order.
TEST(SparseMatrixSource, EveryRowHasTheSameNumberOfEntries) {
  for (const auto& [columns, sparsity, per_row] : {std::tuple<Index, double, Index>{23, 0.8, 5},
                                                   {10, 0.999, 1},
                                                   {1, 0.5, 1},
                                                   {7, 0.01, 7},
                                                   {8, 0.5, 4},
                                                   {20000, 0.999, 20}}) {
    MatrixSource source({.rows = 200, .columns = columns, .sparsity = sparsity, .seed = 2});
    EXPECT_EQ(source.info().n_entries, 200 * per_row);
    EXPECT_EQ(source.count_entries(17, 5), 5 * per_row);
    EXPECT_EQ(source.info().bytes_per_row, 12 * per_row);
    expect_sparse_rows(source, {{0, 20}, {190, 10}});
  }
}

// A column is in a row with probability m / K, independently of other rows: of N = 20000 rows with m = 3 of
// K = 17 it is in 3529 +- 54, so that 17 columns stay within 7 of these but for 17 * 3e-12. Mutation: pieces
// that always begin at column 0 with lengths 5 and 6, which would give 4000 and 3333.
TEST(SparseMatrixSource, EveryColumnIsAsLikely) {
  MatrixSource source({.rows = 20000, .columns = 17, .sparsity = 1.0 - 3.0 / 17.0, .seed = 8});
  SparseRows rows;
  source.read_sparse(0, 20000, rows);
  std::vector<Index> count(17);
  for (const std::int32_t j : rows.column) ++count[static_cast<std::size_t>(j)];
  for (const Index n : count) EXPECT_NEAR(static_cast<double>(n), 3529.4, 7 * 54.0);
}

// A = G P D with rows of G independent and E g gᵀ = 1: sigma_i(A) lies between sigma_min(G) sigma_i and
// sigma_max(G) sigma_i, and the columns' norms are sqrt(N) sigma within 7 deviations: a square of an entry
// has mean 1 and variance 1.8 K / m - 1 = 8, so that the squared norm is N (1 +- 7 sqrt(8 / N)). Mutations: a
// variance of 1 whatever the sparsity, scales not from 1 to 1 / condition, the same scale on every column.
TEST(SparseMatrixSource, TheConditionIsAsAsked) {
  constexpr Index n = 20000;
  constexpr Index k = 10;
  MatrixSource source({.rows = n, .columns = k, .condition = 1e6, .sparsity = 0.8, .seed = 6});
  RowMajorMatrix features(n, k);
  source.read_features(0, n, features.data());
  std::vector<double> norms;
  for (Index j = 0; j < k; ++j) norms.push_back(features.col(j).norm());
  std::sort(norms.rbegin(), norms.rend());
  const double spread = 7.0 * std::sqrt(8.0 / static_cast<double>(n));
  for (Index i = 0; i < k; ++i) {
    const double sigma = std::pow(1e6, -static_cast<double>(i) / static_cast<double>(k - 1));
    const double norm = norms[static_cast<std::size_t>(i)] / std::sqrt(static_cast<double>(n));
    EXPECT_NEAR(norm * norm, sigma * sigma, spread * sigma * sigma);
  }
  const Eigen::VectorXd values = support::singular_values(features);
  // a Gram matrix of unit columns differs from 1 by less than k * spread in norm
  EXPECT_NEAR(std::log10(values(0) / values(k - 1)), 6.0, std::log10(1.0 + 2.0 * k * spread));
}

}  // namespace
}  // namespace tallfit::design
