// Every factorisation of the grid engine against the tall engine, on published training sets and on columns
// of condition 1e10, for the grids and blocks that matter.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/data.hpp"
#include "support/grid_fit.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/design/matrix_source.hpp"
#include "tallfit/estimate/normal_equations.hpp"
#include "tallfit/io/import.hpp"

namespace tallfit::test {
namespace {

using Eigen::VectorXd;
using estimate::Intercept;

constexpr double eps = std::numeric_limits<double>::epsilon();

/// 1x1, 1x2, 2x1, 2x2, 1x3, 3x2, 7x1: one or two at each number of ranks.
std::vector<linalg::ProcessGrid> chosen_grids() {
  const auto world = comm::Communicator::world();
  std::vector<linalg::ProcessGrid> grids;
  for (const auto& [rows, cols] : {std::pair(1, 1), std::pair(1, 2), std::pair(2, 1), std::pair(2, 2),
                                   std::pair(1, 3), std::pair(3, 2), std::pair(7, 1)})
    if (rows * cols == world.size()) grids.emplace_back(world, rows, cols);
  return grids;
}

std::unique_ptr<estimate::Estimator> ols(estimate::Algorithm algorithm) {
  return estimate::make_estimator("ols", {.solver = {.algorithm = algorithm}});
}

double relative(const VectorXd& x, const VectorXd& y) {
  return (x - y).cwiseQuotient(y).lpNorm<Eigen::Infinity>();
}

double relative_norm(const VectorXd& x, const VectorXd& y) { return (x - y).norm() / y.norm(); }

/// By panels, so that the Gram matrix is a sum.
estimate::LinearFit cholesky_fit(design::RowSource& source, const linalg::ProcessGrid& grid, Index block) {
  const compress::RowLayout layout = compress::survey(source, grid.comm(), 0, 1);
  const estimate::GridRows rows{
      .source = source,
      .layout = layout,
      .rows_per_rank = ceil_div(ceil_div(layout.n_rows, Index{grid.comm().size()}), Index{3}),
      .block_bytes = std::max(test_block_bytes, source.info().bytes_per_row * 16),
      .block = block};
  return estimate::fit_normal_equations(rows, grid, Intercept::none, *ols(estimate::Algorithm::qr), {}).fit;
}

/// In core and by panels, by QR and by SVD of R, for blocks smaller than, as large as and larger than the
/// factor.
template <class Check>
void for_each_factorisation(design::RowSource& source, const Check& check) {
  const Index n_rows = source.info().n_rows;
  const Index n_cols = source.info().n_cols;
  for (const linalg::ProcessGrid& grid : chosen_grids()) {
    const Index all = ceil_div(n_rows, grid.comm().size());
    for (const Index block : {Index{1}, Index{5}, Index{64}, n_cols}) {
      for (const Index rows_per_rank : {all, ceil_div(all, 7)}) {
        const estimate::LeastSquaresSystem system =
            system_on_grid(source, grid, Intercept::none, {.rows_per_rank = rows_per_rank, .block = block});
        for (const estimate::Algorithm algorithm : {estimate::Algorithm::qr, estimate::Algorithm::svd}) {
          SCOPED_TRACE(testing::Message()
                       << grid.rows() << " x " << grid.cols() << ", blocks of " << block << ", panels of "
                       << rows_per_rank << (algorithm == estimate::Algorithm::svd ? ", SVD" : ", QR"));
          check(ols(algorithm)->fit(system));
        }
      }
    }
  }
}

class GridOnRealData : public testing::TestWithParam<const char*> {};

// Both engines are within 1e-11 of the refined solution (mpi_published); 1e-9 is what is promised of any two.
// Mutations: rows or weights lost or counted twice between panels, blocks or rows of the grid; a solve with
// columns in another order; standard errors of another scale.
TEST_P(GridOnRealData, FitsAsTheTallEngine) {
  const std::string set = GetParam();
  if (!support::have_data(set + "/Descriptors.npy")) GTEST_SKIP() << support::no_data(set);
  const auto world = comm::Communicator::world();
  const auto source = io::open_fitsnap({.folder = support::data_folder() / set});
  const Fitted tall = fit_rows(*source, *ols(estimate::Algorithm::qr), Intercept::none, world);
  for_each_factorisation(*source, [&](const estimate::LinearFit& fit) {
    EXPECT_LE(relative(fit.coefficients, tall.fit.coefficients), 1e-9);
    EXPECT_LE(relative(fit.standard_errors, tall.fit.standard_errors), 1e-9);
    EXPECT_NEAR(fit.residual_norm, tall.fit.residual_norm, 1e-9 * tall.fit.residual_norm);
    EXPECT_EQ(fit.rank, source->info().n_cols);
  });
}

// Condition 1e4: the error of the solves by the Gram matrix, κ² ε = 2e-8, was seen before the corrections;
// after them, its square. Mutations: a correction left out, panels left out of the sum, blocks that are not
// of the upper triangle.
TEST_P(GridOnRealData, CholeskyFitsAsTheTallEngine) {
  const std::string set = GetParam();
  if (!support::have_data(set + "/Descriptors.npy")) GTEST_SKIP() << support::no_data(set);
  const auto world = comm::Communicator::world();
  const auto source = io::open_fitsnap({.folder = support::data_folder() / set});
  const Fitted tall = fit_rows(*source, *ols(estimate::Algorithm::qr), Intercept::none, world);
  for (const linalg::ProcessGrid& grid : chosen_grids()) {
    for (const Index block : {Index{1}, Index{5}, Index{64}, source->info().n_cols}) {
      SCOPED_TRACE(testing::Message() << grid.rows() << " x " << grid.cols() << ", blocks of " << block);
      EXPECT_LE(relative_norm(cholesky_fit(*source, grid, block).coefficients, tall.fit.coefficients), 1e-9);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, GridOnRealData, testing::Values("ta_linear", "fe_linear"),
                         [](const auto& set) { return std::string(set.param); });

design::MatrixOptions ill_conditioned(double condition) {
  return {.rows = 500, .columns = 37, .condition = condition, .noise = 0.0, .column_decades = 4.0};
}

// Without a residual the error is ε κ and no κ²; 400 stands for constants and the lengths of sums.
// Mutations: the Gram matrix instead of QR anywhere (κ² = 1e20: no digit), columns that are not equilibrated.
TEST(GridFactorisations, KeepTheDigitsOfCondition1e10) {
  const auto world = comm::Communicator::world();
  design::MatrixSource source(ill_conditioned(1e10));
  const Fitted tall = fit_rows(source, *ols(estimate::Algorithm::qr), Intercept::none, world);
  EXPECT_GT(tall.fit.condition, 1e9);
  const double close = 400.0 * eps * tall.fit.condition;
  for_each_factorisation(source, [&](const estimate::LinearFit& fit) {
    EXPECT_LE(relative_norm(fit.coefficients, tall.fit.coefficients), close);
    EXPECT_LE(
        relative_norm(fit.standard_errors.cwiseQuotient(VectorXd::Constant(37, fit.residual_norm)),
                      tall.fit.standard_errors.cwiseQuotient(VectorXd::Constant(37, tall.fit.residual_norm))),
        close);
    EXPECT_EQ(fit.rank, 37);
  });
}

// Cholesky allows condition 1e5: κ² ε = 2e-6 after the factor, its square after one correction and rounding
// after two. At 1e10 it must notice: a pivot that is not positive, or a condition estimate that warns of
// itself.
TEST(GridFactorisations, CholeskyAsFarAsTheConditionAllows) {
  const auto world = comm::Communicator::world();
  design::MatrixSource fair_source(ill_conditioned(1e5));
  design::MatrixSource bad_source(ill_conditioned(1e10));
  const Fitted tall = fit_rows(fair_source, *ols(estimate::Algorithm::qr), Intercept::none, world);
  const double close = 400.0 * eps * tall.fit.condition;
  for (const linalg::ProcessGrid& grid : chosen_grids()) {
    for (const Index block : {1, 5, 64, 37}) {
      SCOPED_TRACE(testing::Message() << grid.rows() << " x " << grid.cols() << ", blocks of " << block);
      EXPECT_LE(relative_norm(cholesky_fit(fair_source, grid, block).coefficients, tall.fit.coefficients),
                close);
      try {
        EXPECT_GE(cholesky_fit(bad_source, grid, block).condition, 1e7);
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::numerical) << error.what();
      }
    }
  }
}

// Matrices smaller than a block, down to one column and one row more than columns.
TEST(GridFactorisations, OfMatricesSmallerThanABlock) {
  const auto world = comm::Communicator::world();
  for (const Index n_cols : {1, 2, 3}) {
    design::MatrixSource source({.rows = n_cols + 1, .columns = n_cols, .condition = 1.0});
    const Fitted tall = fit_rows(source, *ols(estimate::Algorithm::qr), Intercept::none, world);
    const double close = 400.0 * eps * tall.fit.condition * tall.fit.condition;
    for_each_factorisation(source, [&](const estimate::LinearFit& fit) {
      EXPECT_LE(relative_norm(fit.coefficients, tall.fit.coefficients), close);
    });
  }
}

}  // namespace
}  // namespace tallfit::test
