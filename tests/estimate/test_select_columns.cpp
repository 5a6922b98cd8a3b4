// A fit of some columns is the fit of rows that have only these, on every grid.
#include <gtest/gtest.h>

#include <array>

#include "support/contract.hpp"
#include "support/grid_fit.hpp"
#include "support/grids.hpp"

#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::test {
namespace {

using estimate::Intercept;
using estimate::LeastSquaresSystem;
using estimate::LinearFit;

const std::array<Index, 3> chosen = {3, 4, 0};  // two that travel together, and not in order

Rows rows_of_chosen(const Rows& rows) {
  Rows some = rows;
  some.a.resize(rows.size(), 3);
  for (Index j = 0; j < 3; ++j) some.a.col(j) = rows.a.col(chosen[static_cast<std::size_t>(j)]);
  return some;
}

LeastSquaresSystem system_of_rows(const Rows& rows, const linalg::ProcessGrid& grid, Intercept intercept) {
  MemorySource source(rows);
  return system_on_grid(source, grid, intercept, {.rows_per_rank = 97, .block = 2});
}

TEST(SelectColumns, IsTheFitOfFewerColumns) {
  const Rows rows = contract_rows(0.3);
  const Rows few = rows_of_chosen(rows);
  for (const linalg::ProcessGrid& grid : all_grids()) {
    for (const Intercept intercept : {Intercept::none, Intercept::fitted}) {
      SCOPED_TRACE(testing::Message() << grid.rows() << " x " << grid.cols());
      const LeastSquaresSystem part = estimate::select_columns(system_of_rows(rows, grid, intercept), chosen);
      const LinearFit is = estimate::expanded(fit_quadratic(part, 2.0, {}), chosen, 5);
      const LinearFit should = fit_quadratic(system_of_rows(few, grid, intercept), 2.0, {});
      const double bound = rounding_of_fit(few, intercept == Intercept::fitted);
      Eigen::VectorXd of_chosen(3);
      for (Index j = 0; j < 3; ++j) {
        const Index at = chosen[static_cast<std::size_t>(j)];
        of_chosen(j) = is.coefficients(at);
        EXPECT_NEAR(is.standard_errors(at) / should.standard_errors(j), 1.0, bound);
      }
      EXPECT_LE(scaled_distance(few, of_chosen, should.coefficients), bound);
      EXPECT_EQ(is.coefficients(1), 0.0);
      EXPECT_EQ(is.standard_errors(2), 0.0);
      EXPECT_NEAR(is.residual_norm / should.residual_norm, 1.0, bound);
      EXPECT_NEAR(is.intercept, should.intercept, bound * 100.0 * (1.0 + std::abs(should.intercept)));

      const Eigen::MatrixXd factor = linalg::replicate(estimate::covariance_factor(is));
      ASSERT_EQ(factor.rows(), 6);
      for (Index j = 0; j < 5; ++j) EXPECT_NEAR(factor.row(j).norm(), is.standard_errors(j), bound);
      EXPECT_NEAR(factor.row(5).norm(), is.intercept_standard_error, bound);
    }
  }
}

// Catches squares of squares, roots, and test rows or light ones that are counted.
TEST(SumOfWeights, IsThatOfTheRows) {
  const Rows rows = contract_rows(0.3);
  const double should = rows.w.squaredNorm();
  const comm::Communicator world = comm::Communicator::world();
  MemorySource source(rows);
  const double bound = 1e-12 * should;  // 1500 sums of positive numbers: 1500 ε = 3.3e-13
  for (const Intercept intercept : {Intercept::none, Intercept::fitted}) {
    const auto fitted = fit_rows(source, *estimate::make_estimator("ols", {}), intercept, world);
    if (fitted.system) {
      EXPECT_NEAR(fitted.system->sum_of_weights, should, bound);
    }
    for (const linalg::ProcessGrid& grid : all_grids())
      EXPECT_NEAR(system_of_rows(rows, grid, intercept).sum_of_weights, should, bound);
  }
}

}  // namespace
}  // namespace tallfit::test
