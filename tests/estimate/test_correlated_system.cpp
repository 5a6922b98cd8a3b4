// Generalised least squares with one covariance of all rows, on every grid: against whitening in long double,
// and against blocks of configurations.
#include <gtest/gtest.h>

#include <cmath>

#include "support/contract.hpp"
#include "support/errors.hpp"
#include "support/fit_rows.hpp"
#include "support/grids.hpp"
#include "support/noise_oracle.hpp"
#include "support/noise_rows.hpp"

#include "tallfit/estimate/correlated_system.hpp"
#include "tallfit/estimate/quadratic_fit.hpp"

namespace tallfit::test {
namespace {

using estimate::Intercept;
using estimate::LinearFit;

constexpr Index n_rows = 90;

/// Correlations of rows by a kernel of random places, and a variance of its own for each row.
Eigen::MatrixXd kernel() {
  Eigen::MatrixXd c(n_rows, n_rows);
  for (Index i = 0; i < n_rows; ++i)
    for (Index j = 0; j < n_rows; ++j) {
      const double d = random_entry(41, i, 0) - random_entry(41, j, 0);
      c(i, j) = std::exp(-8.0 * d * d) + (i == j ? 0.3 + 0.2 * random_entry(41, i, 1) : 0.0);
    }
  return c;
}

/// A matrix as a file would give it, row by row.
design::NoiseTable table_of(const Eigen::MatrixXd& c) {
  return {.read =
              [c](Index begin, Index count, double* lines) {
                Eigen::Map<Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
                    lines, count, c.cols()) = c.middleRows(begin, count);
              },
          .width = c.cols()};
}

estimate::CorrelatedSystem system_with(const Rows& rows, const Eigen::MatrixXd& c,
                                       const linalg::ProcessGrid& grid, Intercept intercept) {
  MemorySource source(rows);
  const design::NoiseTable table = table_of(c);
  return estimate::correlated_system(
      {.source = source, .covariance = table, .n_lines = c.rows(), .block_bytes = 1024, .block = 4}, grid,
      intercept);
}

std::vector<Index> training(const Rows& rows) {
  std::vector<Index> list;
  for (Index i = 0; i < rows.size(); ++i)
    if (takes_part(rows, i)) list.push_back(i);
  return list;
}

// Catches rows or columns of the covariance that are dealt to others, L in place of Lᵀ, a determinant that is
// halved, and a column of ones that is not whitened. Condition of C below 300, 90 rows: 1e-11 is far above
// rounding (300 · 90 ε = 6e-12) of the fit's own condition of some units.
TEST(CorrelatedSystem, IsGeneralisedLeastSquares) {
  const Rows rows = labelled_rows(n_rows);
  const std::vector<Index> list = training(rows);
  ASSERT_LT(list.size(), static_cast<std::size_t>(n_rows));
  const Eigen::MatrixXd c = kernel();
  const Eigen::MatrixXd part = c(list, list);
  Rows used = rows.picked(list);
  const WhitenedOracle whitened = whitened_oracle(used, part.cast<long double>());
  for (const linalg::ProcessGrid& grid : all_grids()) {
    for (const Intercept intercept : {Intercept::none, Intercept::fitted}) {
      const Index n_unknowns = intercept == Intercept::fitted ? 4 : 3;
      const support::LongVector should =
          support::least_squares(whitened.rows.leftCols(n_unknowns), whitened.rows.col(4));
      const long double square =
          (whitened.rows.leftCols(n_unknowns) * should - whitened.rows.col(4)).squaredNorm();
      const support::LongMatrix normal =
          whitened.rows.leftCols(n_unknowns).transpose() * whitened.rows.leftCols(n_unknowns);
      for (const Eigen::MatrixXd* given : {&c, &part}) {  // a line for each row, or for each training row
        const estimate::CorrelatedSystem found = system_with(rows, *given, grid, intercept);
        EXPECT_NEAR(found.log_determinant, static_cast<double>(whitened.log_determinant), 1e-10);
        EXPECT_EQ(found.system.n_rows, used.size());
        const LinearFit fit = fit_quadratic(found.system, 0.0, {});
        for (Index j = 0; j < 3; ++j)
          EXPECT_NEAR(fit.coefficients(j), static_cast<double>(should(j)), 1e-11) << j;
        if (intercept == Intercept::fitted) {
          EXPECT_NEAR(fit.intercept, static_cast<double>(should(3)), 1e-11);
        }
        EXPECT_NEAR(fit.residual_norm, static_cast<double>(std::sqrt(square)), 1e-11);
        // standard errors: σ² (Aᵀ C⁻¹ A)⁻¹, the covariance known up to a factor
        const double variance = static_cast<double>(square) / static_cast<double>(used.size() - n_unknowns);
        const Eigen::MatrixXd r =
            support::triangle_of(Eigen::MatrixXd(whitened.rows.leftCols(n_unknowns).cast<double>()));
        const Eigen::MatrixXd inverse =
            support::solve_upper(r, Eigen::MatrixXd::Identity(n_unknowns, n_unknowns));
        for (Index j = 0; j < 3; ++j)
          EXPECT_NEAR(fit.standard_errors(j), std::sqrt(variance) * inverse.row(j).norm(), 1e-11) << j;
      }
    }
  }
}

// The same covariance as blocks, on rows whose configurations are far from each other.
TEST(CorrelatedSystem, OfBlocksIsTheModelOfBlocks) {
  const Rows rows = labelled_rows(n_rows);
  Eigen::MatrixXd c = Eigen::MatrixXd::Zero(n_rows, n_rows);
  constexpr Index width = 7;
  std::vector<double> blocks(static_cast<std::size_t>(n_rows * width), 0.0);
  const Eigen::MatrixXd all = kernel();
  for (Index i = 0; i < n_rows; ++i) {
    Index start = i;
    const auto configuration = [&](Index row) { return rows.configuration[static_cast<std::size_t>(row)]; };
    while (start > 0 && configuration(start - 1) == configuration(i)) --start;
    for (Index j = start; j < n_rows && configuration(j) == configuration(i); ++j) {
      c(i, j) = all(i, j);
      blocks[static_cast<std::size_t>(i * width + j - start)] = all(i, j);
    }
  }
  const comm::Communicator world = comm::Communicator::world();
  MemorySource memory(rows);
  design::WhitenedSource source(
      memory, {.kind = design::NoiseKind::blocks},
      {.read = [&](Index begin, Index count,
                   double* lines) { std::copy_n(blocks.begin() + begin * width, count * width, lines); },
       .width = width});
  const LinearFit should =
      fit_rows(source, *estimate::make_estimator("ridge", {.lambda = 3.0}), Intercept::fitted, world).fit;
  const std::vector<Index> bounds = {0, n_rows};
  const double log_determinant = source.log_determinants(bounds).at(0);
  for (const linalg::ProcessGrid& grid : all_grids()) {
    const estimate::CorrelatedSystem found = system_with(rows, c, grid, Intercept::fitted);
    const LinearFit fit = estimate::make_estimator("ridge", {.lambda = 3.0})->fit(found.system);
    EXPECT_LE((fit.coefficients - should.coefficients).norm(), 1e-11);
    EXPECT_LE((fit.standard_errors - should.standard_errors).norm(), 1e-11);
    EXPECT_NEAR(fit.intercept, should.intercept, 1e-11);
    EXPECT_NEAR(fit.residual_norm, should.residual_norm, 1e-11);
    EXPECT_NEAR(found.log_determinant, log_determinant, 1e-10);
  }
}

TEST(CorrelatedSystem, NamesTheRowThatIsWrong) {
  const Rows rows = labelled_rows(n_rows);
  const std::vector<Index> list = training(rows);
  const Index row = list[20];
  const Index other = list[30];
  const linalg::ProcessGrid grid = linalg::ProcessGrid::nearly_square(comm::Communicator::world());
  const auto with = [&](const std::function<void(Eigen::MatrixXd&)>& change) {
    return [&, change] {
      Eigen::MatrixXd c = kernel();
      change(c);
      system_with(rows, c, grid, Intercept::none);
    };
  };
  using support::expect_error;
  expect_error(ErrorKind::input, {"noise.covariance", fmt::format("row {}", row), "-1"},
               with([&](auto& c) { c(row, row) = -1.0; }));
  expect_error(ErrorKind::input, {"symmetric", fmt::format("rows {} and {}", row, other)},
               with([&](auto& c) { c(row, other) += 1e-6; }));
  expect_error(ErrorKind::input, {"symmetric"}, with([&](auto& c) {
                 c(row, other) = c(other, row) = std::numeric_limits<double>::quiet_NaN();
               }));
  expect_error(ErrorKind::input, {"positive definite", fmt::format("row {}", other)}, with([&](auto& c) {
                 c.row(other) = c.row(row).eval();  // two rows that always err alike
                 c.col(other) = c.col(row).eval();
               }));
  expect_error(ErrorKind::input, {"positive definite", fmt::format("row {}", other)},
               with([&](auto& c) { c(row, other) = c(other, row) = 50.0; }));
  expect_error(ErrorKind::input, {"90 rows", "89"},
               with([&](auto& c) { c = c.topLeftCorner(89, 89).eval(); }));
  Rows bad = rows;
  bad.a(row, 1) = std::numeric_limits<double>::infinity();
  expect_error(ErrorKind::input, {fmt::format("row {}", row), "NaN or infinity"},
               [&] { system_with(bad, kernel(), grid, Intercept::none); });
}

}  // namespace
}  // namespace tallfit::test
