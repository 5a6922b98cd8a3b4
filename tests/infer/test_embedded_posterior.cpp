// The sampled posterior of random coefficients against quadrature.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "embedded.hpp"

#include "tallfit/infer/diagnostics.hpp"
#include "tallfit/infer/embedded_target.hpp"
#include "tallfit/infer/sample.hpp"

namespace tallfit::infer {
namespace {

using test::EmbeddedError;

/// A line through a parabola.
test::Rows bent_rows(Index n) {
  test::Rows rows;
  rows.a.resize(n, 2);
  rows.b.resize(n);
  for (Index i = 0; i < n; ++i) {
    const double x = -1.0 + 2.0 * (static_cast<double>(i) + 0.5) / static_cast<double>(n);
    rows.a.row(i) << 1.0, x;
    rows.b(i) = 1.0 + 0.5 * x + 2.0 * x * x;
  }
  return rows;
}

/// What a parameter has: mean, deviation, quantiles of 5, 50 and 95 %.
struct Marginal {
  double mean = 0.0;
  double sd = 0.0;
  std::array<double, 3> quantiles = {};
};
constexpr std::array<double, 3> probabilities = {0.05, 0.5, 0.95};

/// Of masses at the logarithms of increasing values; a quantile lies between them, evenly.
Marginal marginal_of(const Eigen::VectorXd& log_values, const Eigen::VectorXd& masses) {
  const Eigen::ArrayXd values = log_values.array().exp();
  const Eigen::ArrayXd p = masses.array() / masses.sum();
  Marginal of{.mean = (p * values).sum()};
  of.sd = std::sqrt((p * (values - of.mean).square()).sum());
  for (std::size_t q = 0; q < probabilities.size(); ++q) {
    double below = 0.0;  // up to the middle between values
    Index i = 0;
    while (below + p(i) < probabilities[q]) below += p(i++);
    const double step = log_values(1) - log_values(0);
    of.quantiles[q] = std::exp(log_values(i) + step * ((probabilities[q] - below) / p(i) - 0.5));
  }
  return of;
}

/// The posterior of the deviations (s_0, s_1) of both coefficients about least squares, noise known, by the
/// sum over 600 x 600 logarithms from 1e-6 of a size, below which there is 1e-6 of the mass, to 150 of it:
/// Π N(e_i; 0, s_0² + s_1² x_i² + noise²), half-Cauchy priors whose scale is that at which a deviation alone
/// makes the sum of squares.
std::array<Marginal, 2> by_quadrature(const test::Rows& rows, double noise) {
  constexpr Index n = 600;
  const Eigen::VectorXd e =
      rows.b - rows.a * support::inverse_of(rows.a.transpose() * rows.a) * (rows.a.transpose() * rows.b);
  const Eigen::ArrayXXd squares = rows.a.array().square();
  std::array<Eigen::VectorXd, 2> grid;
  std::array<double, 2> size = {};
  for (std::size_t j = 0; j < 2; ++j) {
    size[j] = std::sqrt(e.squaredNorm() / squares.col(static_cast<Index>(j)).sum());
    grid[j] = Eigen::VectorXd::LinSpaced(n, std::log(1e-6 * size[j]), std::log(150.0 * size[j]));
  }
  const auto log_prior = [&](std::size_t j, double log_s) {
    return log_s - std::log1p(std::pow(std::exp(log_s) / size[j], 2));
  };
  Eigen::MatrixXd log_p(n, n);
  for (Index i = 0; i < n; ++i)
    for (Index k = 0; k < n; ++k) {
      const Eigen::ArrayXd v = std::exp(2.0 * grid[0](i)) * squares.col(0) +
                               std::exp(2.0 * grid[1](k)) * squares.col(1) + noise * noise;
      log_p(i, k) = -0.5 * (e.array().square() / v + v.log()).sum() + log_prior(0, grid[0](i)) +
                    log_prior(1, grid[1](k));
    }
  const Eigen::MatrixXd p = (log_p.array() - log_p.maxCoeff()).exp();
  return {marginal_of(grid[0], p.rowwise().sum()), marginal_of(grid[1], p.colwise().sum().transpose())};
}

// Within four Monte Carlo standard errors. Catches a Jacobian of logarithms that is missing, priors of
// another scale, coordinates that are not undone: half-Cauchy priors of twice the scale move the mean of s_1
// by 18 of them.
TEST_F(EmbeddedError, posterior_is_that_of_quadrature) {
  const test::Rows rows = bent_rows(8);
  const auto of = test::embedded(
      rows, {.columns = {0, 1}, .options = {.density = {}, .noise = 0.1, .has_prior = true}}, self);
  const EmbeddedModel& model = of->model;
  const EmbeddedOptimum mode = find_optimum(model, {}, self);
  const EmbeddedTarget target(model, mode.point, laplace_root(model, mode.point),
                              {.coefficients = {"a", "b"}, .embedded = {"a", "b"}});
  const Chains chains = sample(target, make_sampler("nuts", target.dimension(), {}),
                               {.warmup = 500, .draws = 4000, .seed = 5}, self);
  const std::array<Marginal, 2> should = by_quadrature(rows, 0.1);
  for (std::size_t j = 0; j < chains.parameters.size(); ++j) {  // of rank 0
    const Eigen::MatrixXd& draws = chains.parameters[j];
    EXPECT_LT(std::abs(mean(draws) - should[j].mean), 4.0 * mcse_mean(draws)) << j;
    EXPECT_LT(std::abs(standard_deviation(draws) - should[j].sd), 4.0 * mcse_sd(draws)) << j;
    EXPECT_LT(mcse_mean(draws), 0.03 * standard_deviation(draws)) << "too few draws to tell";
    for (std::size_t q = 0; q < probabilities.size(); ++q)
      EXPECT_LT(std::abs(quantile(draws, probabilities[q]) - should[j].quantiles[q]),
                4.0 * mcse_quantile(draws, probabilities[q]))
          << j << " " << probabilities[q];
  }
}

}  // namespace
}  // namespace tallfit::infer
