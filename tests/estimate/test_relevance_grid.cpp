// Relevant columns are found alike on every process grid, and the pieces of the search are what they say.
#include <gtest/gtest.h>

#include "relevance_support.hpp"
#include "support/contract.hpp"
#include "support/grid_fit.hpp"
#include "support/grids.hpp"

#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/estimate/relevance_newton.hpp"
#include "tallfit/estimate/relevance_search.hpp"
#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::test {
namespace {

using estimate::Intercept;
using estimate::LeastSquaresSystem;
using estimate::LinearFit;
using estimate::Relevance;
using estimate::RelevancePosterior;
using estimate::ScaledSystem;

constexpr Index n_rows = 90;
constexpr Index n_cols = 11;

/// Three columns tell something, one is zero, two are nearly the same.
Rows some_rows() {
  Rows rows;
  rows.a =
      Eigen::MatrixXd::NullaryExpr(n_rows, n_cols, [](Index i, Index j) { return random_entry(9, i, j); });
  rows.a.col(4).setZero();
  rows.a.col(7) = rows.a.col(2) + 1e-3 * rows.a.col(7);
  rows.b = Eigen::VectorXd::NullaryExpr(n_rows, [&](Index i) {
    return rows.a(i, 0) - 2.0 * rows.a(i, 2) + 0.5 * rows.a(i, 9) + 0.3 * random_entry(9, i, n_cols) + 1.0;
  });
  return rows;
}

LeastSquaresSystem system_of(const linalg::ProcessGrid& grid, Intercept intercept) {
  static const Rows rows = some_rows();
  MemorySource source(rows);
  return system_on_grid(source, grid, intercept, {.rows_per_rank = 40, .block = 2});
}

TEST(RelevanceOnGrids, IsTheSame) {
  const Rows rows = some_rows();
  for (const auto& [name, intercept] :
       {std::pair("ard", Intercept::fitted), std::pair("bcs", Intercept::none)}) {
    {
      const LinearFit alone = fit_alone(rows, name, {}, intercept);
      for (const linalg::ProcessGrid& grid : all_grids()) {
        SCOPED_TRACE(testing::Message() << name << " on " << grid.rows() << " x " << grid.cols());
        const LinearFit is = estimate::make_estimator(name, {})->fit(system_of(grid, intercept));
        EXPECT_TRUE(is.converged);
        EXPECT_EQ(kept_columns(is.column_precisions), kept_columns(alone.column_precisions));
        // Both are at the maximum to 1e-10 of evidence, after a last step that squares what was left.
        EXPECT_NEAR(is.log_evidence, alone.log_evidence, 1e-9);
        EXPECT_LE((is.coefficients - alone.coefficients).norm(), 1e-8 * alone.coefficients.norm());
        EXPECT_LE((is.standard_errors - alone.standard_errors).norm(), 1e-8 * alone.standard_errors.norm());
        EXPECT_TRUE(same_bits(grid, is.coefficients));
        EXPECT_EQ(is.coefficients(4), 0.0);
        const Eigen::MatrixXd factor = linalg::replicate(estimate::covariance_factor(is));
        ASSERT_EQ(factor.rows(), n_cols + 1);
        for (Index j = 0; j < n_cols; ++j)
          EXPECT_NEAR(factor.row(j).norm(), is.standard_errors(j), 1e-12) << j;
      }
    }
  }
}

/// A point that is not special, some columns pruned.
Relevance some_relevance() {
  Relevance relevance{
      .precisions = Eigen::VectorXd::Constant(n_cols, std::numeric_limits<double>::infinity()),
      .noise_precision = 7.0};
  for (const Index j : {0, 2, 3, 7, 8}) relevance.precisions(j) = 0.05 * static_cast<double>(j + 1);
  return relevance;
}

double objective_at(const ScaledSystem& system, const Relevance& relevance, double rate) {
  return estimate::relevance_posterior(system, relevance).log_evidence -
         0.5 * rate * relevance.precisions.cwiseInverse().sum();
}

// Catches a sign, a factor or a term of gradient and Hessian, with and without a prior, on every grid.
TEST(RelevanceOnGrids, CurvatureIsThatOfTheEvidence) {
  for (const linalg::ProcessGrid& grid : all_grids()) {
    const LeastSquaresSystem rows = system_of(grid, Intercept::fitted);
    const ScaledSystem system = estimate::scaled(rows, 89.0, 1e-13);
    for (const double rate : {2.0}) {
      const auto gradient_at = [&](const Relevance& relevance) {
        const RelevancePosterior posterior = estimate::relevance_posterior(system, relevance);
        return estimate::curvature(system, posterior, estimate::posterior_covariance(posterior), relevance,
                                   rate);
      };
      const Relevance at = some_relevance();
      const estimate::RelevanceCurvature curve = gradient_at(at);
      const Eigen::MatrixXd hessian = -linalg::replicate(curve.neg_hessian);
      const std::vector<Index> active = at.active();
      ASSERT_EQ(hessian.rows(), 6);
      EXPECT_EQ(hessian, hessian.transpose());
      const double h = 1e-5;  // errors: h² = 1e-10 of third derivatives, ε |L| / h = 1e-9 of rounding
      for (Index j = 0; j < 6; ++j) {
        Relevance up = at;
        Relevance down = at;
        double& more = j < 5 ? up.precisions(active[static_cast<std::size_t>(j)]) : up.noise_precision;
        double& less = j < 5 ? down.precisions(active[static_cast<std::size_t>(j)]) : down.noise_precision;
        more *= std::exp(h);
        less *= std::exp(-h);
        const double slope = (objective_at(system, up, rate) - objective_at(system, down, rate)) / (2.0 * h);
        EXPECT_NEAR(curve.gradient(j), slope, 1e-6) << j;
        const Eigen::VectorXd bend = (gradient_at(up).gradient - gradient_at(down).gradient) / (2.0 * h);
        EXPECT_LE((hessian.col(j) - bend).norm(), 1e-6 * (1.0 + bend.norm())) << j;
      }
    }
  }
}

// What s and q promise of one column is what the evidence does: added, deleted, or with another precision.
TEST(RelevanceOnGrids, MovesGainWhatTheyPromise) {
  for (const linalg::ProcessGrid& grid : all_grids()) {
    const ScaledSystem system = estimate::scaled(system_of(grid, Intercept::none), 90.0, 1e-13);
    const Relevance at = some_relevance();
    RelevancePosterior posterior = estimate::relevance_posterior(system, at);
    estimate::add_active_in_place(posterior, at, linalg::diagonal(estimate::posterior_covariance(posterior)));
    for (Index j = 0; j < n_cols; ++j) {
      const double s = posterior.sparsity(j);
      const double q = posterior.quality(j);
      for (const double precision : {40.0, std::numeric_limits<double>::infinity()}) {
        Relevance other = at;
        other.precisions(j) = precision;
        const double promised = estimate::contribution(s, q, precision, 0.0) -
                                estimate::contribution(s, q, at.precisions(j), 0.0);
        EXPECT_NEAR(estimate::relevance_posterior(system, other).log_evidence - posterior.log_evidence,
                    promised, 1e-10 * (1.0 + std::abs(promised)))
            << j << " to " << precision;
      }
    }
  }
}

// The precision in closed form is the best of all.
TEST(RelevanceMoves, BestPrecisionIsTheBest) {
  for (const double rate : {0.0, 0.5, 20.0}) {
    for (const double q : {0.3, 1.2, 5.0, 40.0}) {
      const double best = estimate::best_precision(1.3, q, rate);
      const double most = estimate::contribution(1.3, q, best, rate);
      for (double other = 1e-4; other < 1e6; other *= 1.3)
        EXPECT_LE(estimate::contribution(1.3, q, other, rate), most + 1e-14 * (1.0 + most))
            << q << ", " << rate;
    }
  }
  EXPECT_FALSE(std::isfinite(estimate::best_precision(0.0, 0.0, 0.0)));  // a column of zeros
}

}  // namespace
}  // namespace tallfit::test
