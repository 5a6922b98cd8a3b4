// The grid engine against the tall one: the same rows, the same estimators.
#include <gtest/gtest.h>

#include <limits>
#include <memory>

#include "support/grid_fit.hpp"
#include "support/grids.hpp"
#include "support/uneven_rows.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/compress/grid_compressor.hpp"
#include "tallfit/estimate/grid_system.hpp"
#include "tallfit/estimate/metrics.hpp"
#include "tallfit/estimate/normal_equations.hpp"

namespace tallfit::test {
namespace {

using estimate::Intercept;
using support::TableSource;

constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr Index n_cols = 9;

std::unique_ptr<TableSource> make_rows() { return support::uneven_rows(400, n_cols); }

std::vector<linalg::ProcessGrid> grids_of_world() {
  std::vector<linalg::ProcessGrid> grids = all_grids();
  if (comm::Communicator::world().size() > 1) grids.pop_back();  // each rank alone: its layout would differ
  return grids;
}

struct Case {
  const char* estimator;
  Intercept intercept;
  Index rows_per_rank;
};

class GridEngine : public testing::TestWithParam<Case> {};

// Mutations: test rows or rows of weight 0 that are folded, weights not applied, the column of ones not
// first, a rank's rows left out where it has more panels than others, a penalty added twice, standard errors
// from one rank's part of the inverse.
TEST_P(GridEngine, FitsAsTheTallEngine) {
  const auto world = comm::Communicator::world();
  const auto table = make_rows();
  const auto estimator = estimate::make_estimator(GetParam().estimator, {.lambda = 0.3});
  const Fitted tall = fit_rows(*table, *estimator, GetParam().intercept, world);
  const compress::RowLayout layout = compress::survey(*table, world, 0, 1);
  for (const linalg::ProcessGrid& grid : grids_of_world()) {
    SCOPED_TRACE(testing::Message() << "grid " << grid.rows() << " x " << grid.cols());
    const estimate::LeastSquaresSystem system =
        estimate::grid_system({.source = *table,
                               .layout = layout,
                               .rows_per_rank = GetParam().rows_per_rank,
                               .block_bytes = test_block_bytes},
                              grid, GetParam().intercept);
    const estimate::LinearFit fit = estimator->fit(system);
    // Two backward stable factorisations of equilibrated columns: each coefficient to a multiple of the
    // condition (about 3 here) and the number of rows that a sum runs over.
    const double close = 400.0 * eps * fit.condition;
    for (Index j = 0; j < n_cols; ++j) {
      EXPECT_NEAR(fit.coefficients(j), tall.fit.coefficients(j),
                  close * (std::abs(tall.fit.coefficients(j)) + tall.fit.standard_errors(j)));
      EXPECT_NEAR(fit.standard_errors(j), tall.fit.standard_errors(j), close * tall.fit.standard_errors(j));
    }
    EXPECT_NEAR(fit.intercept, tall.fit.intercept, close * 10.0);
    EXPECT_NEAR(fit.intercept_standard_error, tall.fit.intercept_standard_error, close);
    EXPECT_NEAR(fit.residual_norm, tall.fit.residual_norm, close * tall.fit.residual_norm);
    EXPECT_NEAR(fit.effective_dof, tall.fit.effective_dof, close * n_cols);
    EXPECT_EQ(system.n_rows, tall.system ? tall.system->n_rows : system.n_rows);
    EXPECT_TRUE(same_bits(grid, fit.coefficients));
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, GridEngine,
                         testing::Values(Case{"ols", Intercept::none, 400}, Case{"ols", Intercept::none, 7},
                                         Case{"ols", Intercept::fitted, 400},
                                         Case{"ols", Intercept::fitted, 7},
                                         Case{"ridge", Intercept::none, 50},
                                         Case{"ridge", Intercept::fitted, 5}),
                         [](const auto& one) {
                           return std::string(one.param.estimator) +
                                  (one.param.intercept == Intercept::fitted ? "_intercept_" : "_") +
                                  std::to_string(one.param.rows_per_rank);
                         });

// Mutations: a panel counted twice or never, rows of an earlier panel left in it, scales not taken back, the
// penalty among the rows, one correction in place of two, the sum of the targets lost.
TEST_P(GridEngine, NormalEquationsWithCorrectionsFitAsTheTallEngine) {
  const auto world = comm::Communicator::world();
  const auto table = make_rows();
  const auto estimator = estimate::make_estimator(GetParam().estimator, {.lambda = 0.3});
  const Fitted tall = fit_rows(*table, *estimator, GetParam().intercept, world);
  const compress::RowLayout layout = compress::survey(*table, world, 0, 1);
  for (const linalg::ProcessGrid& grid : grids_of_world()) {
    for (const Index block : {1, 5, 64}) {
      SCOPED_TRACE(testing::Message()
                   << "grid " << grid.rows() << " x " << grid.cols() << ", block " << block);
      const estimate::GridRows rows{.source = *table,
                                    .layout = layout,
                                    .rows_per_rank = GetParam().rows_per_rank,
                                    .block_bytes = test_block_bytes,
                                    .block = block};
      const auto [system, fit] =
          estimate::fit_normal_equations(rows, grid, GetParam().intercept, *estimator, {});
      // The condition is about 3: the factor has lost its square, the corrections bring the rest back, so
      // that what differs is the rounding of the tall engine.
      const double close = 400.0 * eps * tall.fit.condition;
      for (Index j = 0; j < n_cols; ++j) {
        EXPECT_NEAR(fit.coefficients(j), tall.fit.coefficients(j),
                    close * (std::abs(tall.fit.coefficients(j)) + tall.fit.standard_errors(j)));
        EXPECT_NEAR(fit.standard_errors(j), tall.fit.standard_errors(j),
                    10.0 * close * tall.fit.standard_errors(j));
      }
      EXPECT_NEAR(fit.intercept, tall.fit.intercept, close * 10.0);
      EXPECT_NEAR(fit.residual_norm, tall.fit.residual_norm, close * tall.fit.residual_norm);
      EXPECT_EQ(system.n_rows, tall.system ? tall.system->n_rows : system.n_rows);
    }
  }
}

// Mutation: dependent columns that give NaN, or a factor of rounding errors.
TEST(GridEngine, NormalEquationsOfDependentColumnsAreRefused) {
  const auto world = comm::Communicator::world();
  const auto table = make_rows();
  table->features.col(5).setZero();
  const compress::RowLayout layout = compress::survey(*table, world, 0, 1);
  const linalg::ProcessGrid grid(world, world.size(), 1);
  try {
    estimate::normal_system(
        {.source = *table, .layout = layout, .rows_per_rank = 60, .block_bytes = test_block_bytes}, grid,
        Intercept::none);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::numerical);
    EXPECT_NE(std::string(error.what()).find("column 5"), std::string::npos) << error.what();
  }
}

// Mutations: a grid that gives NaN for dependent columns, as other codes do on several elements; another
// solution than that of minimum norm.
TEST(GridEngine, DependentColumnsHaveTheSolutionOfMinimumNorm) {
  const auto world = comm::Communicator::world();
  const auto table = make_rows();
  table->features.col(8) = table->features.col(0) - 2.0 * table->features.col(3);
  table->features.col(5).setZero();
  const auto estimator = estimate::make_estimator("ols", {});
  const Fitted tall = fit_rows(*table, *estimator, Intercept::none, world);
  const compress::RowLayout layout = compress::survey(*table, world, 0, 1);
  for (const linalg::ProcessGrid& grid : grids_of_world()) {
    const estimate::LinearFit fit = estimator->fit(estimate::grid_system(
        {.source = *table, .layout = layout, .rows_per_rank = 60, .block_bytes = test_block_bytes}, grid,
        Intercept::none));
    EXPECT_EQ(fit.rank, n_cols - 2);
    EXPECT_EQ(fit.dependent_columns, tall.fit.dependent_columns);
    EXPECT_LE((fit.coefficients - tall.fit.coefficients).norm(), 1e-10 * tall.fit.coefficients.norm());
    EXPECT_EQ(fit.coefficients(5), 0.0);
  }
}

// Two groups of ranks fit rows of their own at the same time. Mutation: MPI_COMM_WORLD anywhere between the
// survey and the standard errors: the groups would wait for each other, or mix.
TEST(GridEngine, FitsOnAPartOfTheRanks) {
  const auto world = comm::Communicator::world();
  const int group = world.rank() % 2;
  const auto part = world.split(group);
  const auto table = make_rows();
  if (group == 1) table->features.col(4) *= 3.0;
  const auto estimator = estimate::make_estimator("ridge", {.lambda = 0.3});
  const Fitted tall = fit_rows(*table, *estimator, Intercept::fitted, part);
  const linalg::ProcessGrid grid(part, part.size(), 1);
  const estimate::LinearFit fit =
      fit_on_grid(*table, *estimator, grid, Intercept::fitted, {.rows_per_rank = 40, .block = 2});
  const double close = 400.0 * eps * fit.condition;
  EXPECT_LE((fit.coefficients - tall.fit.coefficients).norm(), close * tall.fit.coefficients.norm());
  EXPECT_LE((fit.standard_errors - tall.fit.standard_errors).norm(), close * tall.fit.standard_errors.norm());
}

// Mutation: the rank that reads the bad row throws alone, and the others wait for its rows for ever.
TEST(GridEngine, ABadRowIsEveryRanksError) {
  const auto world = comm::Communicator::world();
  const auto table = make_rows();
  table->features(399, 2) = std::numeric_limits<double>::infinity();
  table->labels.scale[399] = 1.0;
  table->labels.testing[399] = 0;
  const compress::RowLayout layout = compress::survey(*table, world, 0, 1);
  const linalg::ProcessGrid grid(world, world.size(), 1);
  try {
    estimate::grid_system(
        {.source = *table, .layout = layout, .rows_per_rank = 10, .block_bytes = test_block_bytes}, grid,
        Intercept::none);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::input);
    EXPECT_NE(std::string(error.what()).find("row 399"), std::string::npos) << error.what();
  }
}

struct TableRows {
  design::RowSource& table;
  const compress::RowLayout& layout;
  compress::CellPlan plan;
};

TableRows in_cells(design::RowSource& table, const compress::RowLayout& layout) {
  return {table, layout, compress::make_cells(layout, {.group = true, .row_type = true, .fold = false})};
}

/// The cells of a table on a grid. @collective
compress::CompressedDesign cells_on(const linalg::ProcessGrid& grid, const TableRows& rows, Index block) {
  return compress::compress_on_grid({.source = rows.table,
                                     .layout = rows.layout,
                                     .cells = rows.plan,
                                     .rows_per_rank = 20,
                                     .waiting_rows = 200,
                                     .block_bytes = test_block_bytes,
                                     .what = {}},
                                    grid, block);
}

struct CellCase {
  const char* estimator;
  Intercept intercept;
};

class GridCellFit : public testing::TestWithParam<CellCase> {};

// Mutations: test cells that are fitted, a multiplier left out or squared, the ones not eliminated first, z
// or rho from another row, norms of a rank's part of a factor.
TEST_P(GridCellFit, FitsAndJudgesAsTheTallEngine) {
  const auto world = comm::Communicator::world();
  const auto table = make_rows();
  const auto estimator = estimate::make_estimator(GetParam().estimator, {.lambda = 0.3});
  const auto multipliers = compress::group_multipliers(table->info().group_names, {{"g1.force", 0.5}});
  const compress::CompressedDesign cells = compress_rows(*table, world).design;
  const Fitted tall = fit_compressed(cells, *estimator, GetParam().intercept, multipliers, world);
  const estimate::ErrorTable tall_errors =
      estimate::errors_from_factors(cells, multipliers, tall.fit.coefficients, tall.fit.intercept, world);
  const compress::RowLayout layout = compress::survey(*table, world, 0, 1);
  for (const linalg::ProcessGrid& grid : grids_of_world()) {
    for (const Index block : {1, 5, 64}) {
      SCOPED_TRACE(testing::Message() << "grid " << grid.rows() << " x " << grid.cols() << ", " << block);
      const compress::CompressedDesign design = cells_on(grid, in_cells(*table, layout), block);
      const estimate::LinearFit fit =
          estimator->fit(estimate::grid_training_system(design, multipliers, GetParam().intercept));
      const double close = 400.0 * eps * fit.condition;  // as above
      for (Index j = 0; j < n_cols; ++j) {
        EXPECT_NEAR(fit.coefficients(j), tall.fit.coefficients(j),
                    close * (std::abs(tall.fit.coefficients(j)) + tall.fit.standard_errors(j)));
        EXPECT_NEAR(fit.standard_errors(j), tall.fit.standard_errors(j), close * tall.fit.standard_errors(j));
      }
      EXPECT_NEAR(fit.intercept, tall.fit.intercept, close * 10.0);
      EXPECT_NEAR(fit.intercept_standard_error, tall.fit.intercept_standard_error, close);
      EXPECT_NEAR(fit.residual_norm, tall.fit.residual_norm, close * tall.fit.residual_norm);
      EXPECT_EQ(fit.dof, tall.fit.dof);
      const estimate::ErrorTable errors = estimate::errors_from_factors(
          design, multipliers, tall.fit.coefficients, tall.fit.intercept, world);
      EXPECT_EQ(errors.size(), tall_errors.size());
      for (const auto& [key, sums] : tall_errors) {
        EXPECT_EQ(errors.at(key).targets.count, sums.targets.count);
        // R [θ; c; -1] cancels to the size of the errors from that of the targets, 10 times 4 here.
        EXPECT_NEAR(std::sqrt(errors.at(key).weighted_squares), std::sqrt(sums.weighted_squares),
                    close * (std::sqrt(sums.weighted_squares) + std::sqrt(sums.targets.wtt.value())));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, GridCellFit,
                         testing::Values(CellCase{"ols", Intercept::none}, CellCase{"ols", Intercept::fitted},
                                         CellCase{"ridge", Intercept::fitted}),
                         [](const auto& one) {
                           return std::string(one.param.estimator) +
                                  (one.param.intercept == Intercept::fitted ? "_intercept" : "");
                         });

// Columns that only rows 1e8 times lighter than the others see keep their digits. Mutation: light cells on
// top of heavy ones, or folded with them as they come.
TEST(GridCellFit, LightRowsKeepTheirDigits) {
  const auto world = comm::Communicator::world();
  const auto table = make_rows();
  for (std::size_t i = 0; i < 400; ++i) {
    const bool light = i % 2 == 0;
    table->labels.scale[i] = light ? 1e-4 : 1e4;
    table->labels.testing[i] = 0;
    if (!light) table->features.row(static_cast<Index>(i)).tail(3).setZero();
    table->labels.target[i] = table->features.row(static_cast<Index>(i)).sum();  // noiseless: θ = 1
  }
  const auto estimator = estimate::make_estimator("ols", {});
  const compress::RowLayout layout = compress::survey(*table, world, 0, 1);
  for (const linalg::ProcessGrid& grid : grids_of_world()) {
    for (const TableRows& rows :
         {in_cells(*table, layout), TableRows{*table, layout, compress::scale_classes(layout).value()}}) {
      const compress::CompressedDesign design = cells_on(grid, rows, 5);
      const auto ones = compress::group_multipliers(table->info().group_names, {});
      const estimate::LinearFit fit =
          estimator->fit(estimate::grid_training_system(design, ones, Intercept::none));
      // Row-wise backward stable (Higham, 19.4): each row to c n ε of its own size, so that θ has the
      // accuracy of the columns equilibrated by the rows that see them, whose condition is below 10; columns
      // are 10^2.25 apart there, and the targets of light rows are 1e4 times the smallest terms in them.
      for (Index j = 0; j < n_cols; ++j)
        EXPECT_NEAR(fit.coefficients(j), 1.0, 1e4 * 10.0 * 400.0 * eps) << "column " << j;
    }
  }
}

}  // namespace
}  // namespace tallfit::test
