// The iterative engine against QR of the same rows, and its own promise: a small backward error.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/fit_rows.hpp"
#include "support/oracle.hpp"
#include "support/uneven_rows.hpp"

#include "tallfit/design/matrix_source.hpp"
#include "tallfit/estimate/iterative_fit.hpp"
#include "tallfit/linalg/petsc_session.hpp"

namespace tallfit::test {
namespace {

using estimate::Intercept;
using support::TableSource;

constexpr double eps = std::numeric_limits<double>::epsilon();

estimate::IterativeFit fit(design::RowSource& source, const estimate::IterativeOptions& options) {
  const auto world = comm::Communicator::world();
  const linalg::PetscSession petsc(world);
  const linalg::ProcessGrid grid = linalg::ProcessGrid::nearly_square(world);
  const Index n = source.info().n_rows;
  estimate::RowSet rows =
      estimate::read_row_set(source, n * world.rank() / world.size(), n * (world.rank() + 1) / world.size(),
                             options.intercept == Intercept::fitted, test_block_bytes);
  return estimate::fit_iteratively(std::move(rows), grid, options);
}

estimate::IterativeOptions with_sketch(Index n_cols) {
  return {.tolerance = 1e-14,
          .max_iterations = 1000,
          .sketch = linalg::SketchPlan{.n_rows = 4 * (n_cols + 2), .rows_per_rank = n_cols, .seed = 3}};
}

estimate::IterativeOptions without_sketch() { return {.tolerance = 1e-14, .max_iterations = 5000}; }

std::unique_ptr<TableSource> make_rows() { return support::uneven_rows(500, 9); }

struct Case {
  const char* name;
  double lambda;
  Intercept intercept;
  bool sketch;
};

class IterativeEngine : public testing::TestWithParam<Case> {};

// Mutations: test rows or rows of weight 0 among the rows, weights left out, a penalty on the intercept, the
// scaling of columns not taken back, penalty rows of one rank only.
TEST_P(IterativeEngine, FitsAsTheTallEngine) {
  const auto world = comm::Communicator::world();
  const auto table = make_rows();
  const auto estimator = estimate::make_estimator("ridge", {.lambda = GetParam().lambda});
  const Fitted tall = fit_rows(*table, *estimator, GetParam().intercept, world);
  estimate::IterativeOptions options = GetParam().sketch ? with_sketch(9) : without_sketch();
  options.penalty = GetParam().lambda;
  options.intercept = GetParam().intercept;
  const estimate::IterativeFit found = fit(*table, options);
  EXPECT_TRUE(found.converged);
  EXPECT_LE(found.backward_error, 1e-14);
  // Both are exact for columns changed by 1e-14 of their norm at most (QR by less): each coefficient moves by
  // the condition, about 10 here, and its square times the residual, which is as large as the targets.
  const double close = 1e-14 * 1000.0;
  for (Index j = 0; j < 9; ++j)
    EXPECT_NEAR(found.fit.coefficients(j), tall.fit.coefficients(j),
                close * (std::abs(tall.fit.coefficients(j)) + 10.0 * tall.fit.standard_errors(j)));
  EXPECT_NEAR(found.fit.intercept, tall.fit.intercept, close * 10.0);
  EXPECT_EQ(found.fit.has_intercept(), tall.fit.has_intercept());
  const double penalised = GetParam().lambda * tall.fit.coefficients.squaredNorm();
  EXPECT_NEAR(std::hypot(found.fit.residual_norm, std::sqrt(penalised)),
              std::hypot(tall.fit.residual_norm, std::sqrt(penalised)), 1e-10 * tall.fit.residual_norm);
  if (GetParam().lambda == 0.0) {
    EXPECT_NEAR(found.fit.dof, tall.fit.dof, 1e-9);
    EXPECT_NEAR(found.fit.noise_variance, tall.fit.noise_variance, 1e-10 * tall.fit.noise_variance);
  }
  EXPECT_TRUE(std::isnan(found.fit.standard_errors(0)));  // not known, and not made up
}

INSTANTIATE_TEST_SUITE_P(Cases, IterativeEngine,
                         testing::Values(Case{"ols_sketch", 0.0, Intercept::none, true},
                                         Case{"ols_intercept_sketch", 0.0, Intercept::fitted, true},
                                         Case{"ridge_intercept_sketch", 0.3, Intercept::fitted, true},
                                         Case{"ols_scaling", 0.0, Intercept::none, false},
                                         Case{"ols_intercept_scaling", 0.0, Intercept::fitted, false},
                                         Case{"ridge_intercept_scaling", 0.3, Intercept::fitted, false}),
                         [](const auto& one) { return std::string(one.param.name); });

class IllConditioned : public testing::TestWithParam<double> {};

// Mutations: no start from the sketch, no restart from the true residual (stagnates), R not applied.
TEST_P(IllConditioned, IterationsDoNotGrowWithTheCondition) {
  design::MatrixSource source(
      {.rows = 4000, .columns = 100, .condition = GetParam(), .noise = 0.01, .seed = 4});
  const estimate::IterativeFit found = fit(source, with_sketch(100));
  EXPECT_TRUE(found.converged);
  EXPECT_LE(found.backward_error, 1e-14);
  EXPECT_GE(found.iterations, 1);
  EXPECT_LE(found.iterations, 60);
  const auto world = comm::Communicator::world();
  const Fitted tall = fit_rows(source, *estimate::make_estimator("ols", {}), Intercept::none, world);
  // What both leave of the rows differs by what a backward error can explain: 1e-14 ‖A‖_F ‖x‖, squared.
  const double explained = 1e-14 * std::sqrt(100.0) * GetParam() * tall.fit.residual_norm;
  EXPECT_NEAR(found.fit.residual_norm, tall.fit.residual_norm,
              1e-12 * tall.fit.residual_norm + explained * explained / tall.fit.residual_norm);
}

INSTANTIATE_TEST_SUITE_P(Conditions, IllConditioned, testing::Values(1e4, 1e8, 1e12));

// Mutations: a singular sketch that is divided by; the solution of a basis instead of the smallest one.
TEST(IterativeEngine, DependentColumnsHaveTheSolutionOfMinimumNorm) {
  const auto world = comm::Communicator::world();
  const auto table = make_rows();
  table->features.col(8) = table->features.col(0) - 2.0 * table->features.col(3);
  table->features.col(5).setZero();
  const Fitted tall = fit_rows(*table, *estimate::make_estimator("ols", {}), Intercept::none, world);
  const estimate::IterativeFit found = fit(*table, with_sketch(9));
  EXPECT_EQ(found.fit.rank, 7);
  // Which of columns 0, 3 and 8 is named depends on the pivots, and those of a sketch are its own.
  EXPECT_EQ(found.fit.dependent_columns.size(), 2U);
  EXPECT_EQ(std::count(found.fit.dependent_columns.begin(), found.fit.dependent_columns.end(), 5), 1);
  EXPECT_LE((found.fit.coefficients - tall.fit.coefficients).norm(), 1e-10 * tall.fit.coefficients.norm());
}

// Mutation: the rows of a sparse design read, weighted or scaled in another way than dense ones.
TEST(IterativeEngine, SparseRowsGiveTheSameFit) {
  design::MatrixSource sparse({.rows = 2000,
                               .columns = 60,
                               .condition = 1e3,
                               .noise = 0.01,
                               .sparsity = 0.9,
                               .weight_max = 8.0,
                               .seed = 4});
  ASSERT_TRUE(sparse.info().n_entries.has_value());
  TableSource dense(2000, 60, 1);
  sparse.read_labels(0, 2000, dense.labels);
  std::fill(dense.labels.group.begin(), dense.labels.group.end(), 0U);
  sparse.read_features(0, 2000, dense.features.data());
  for (const bool sketched : {true, false}) {
    estimate::IterativeOptions options = sketched ? with_sketch(60) : without_sketch();
    options.intercept = Intercept::fitted;
    const estimate::IterativeFit a = fit(sparse, options);
    const estimate::IterativeFit b = fit(dense, options);
    EXPECT_TRUE(a.converged && b.converged);
    // Both are within 1e-14 of exact: 1e3, the condition, and its square times the small residual.
    EXPECT_LE((a.fit.coefficients - b.fit.coefficients).norm(),
              1e-14 * 1e3 * 60.0 * b.fit.coefficients.norm());
  }
}

// Mutation: a run that gives up and calls itself converged.
TEST(IterativeEngine, SaysWhereItGaveUp) {
  design::MatrixSource source({.rows = 1000, .columns = 50, .condition = 1e8, .noise = 0.01, .seed = 4});
  estimate::IterativeOptions options = without_sketch();
  options.max_iterations = 5;
  const estimate::IterativeFit found = fit(source, options);
  EXPECT_FALSE(found.converged);
  EXPECT_EQ(found.iterations, 5);
  EXPECT_GT(found.backward_error, 1e-14);
}

// Mutations: a value that is not finite passes as a sparse entry, or is named by another row or column.
TEST(RowSet, NamesEntriesThatAreNotFinite) {
  const auto table = make_rows();
  table->features(1, 2) = std::numeric_limits<double>::infinity();
  table->labels.scale[1] = 1.0;
  for (const bool sparse : {false, true}) {
    if (sparse) table->design_info.n_entries = 500 * 9;
    try {
      estimate::read_row_set(*table, 0, 500, false, test_block_bytes);
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::input);
      EXPECT_NE(std::string(error.what()).find("row 1"), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("x2"), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace tallfit::test
