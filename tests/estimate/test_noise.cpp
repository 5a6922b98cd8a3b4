// Fits of correlated errors against stored results, likelihoods, coverage, and errors.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>

#include "sklearn_sets.hpp"
#include "support/contract.hpp"
#include "support/errors.hpp"
#include "support/fit_rows.hpp"
#include "support/noise_oracle.hpp"
#include "support/noise_rows.hpp"

#include "tallfit/estimate/noise_likelihood.hpp"

namespace tallfit::test {
namespace {

using design::NoiseKind;
using design::NoiseModel;
using design::NoiseWithin;
using estimate::Intercept;
using nlohmann::json;

// 3000 rows are eleven leaves, which ranks share; a trajectory crosses them all. Catches a sequence that
// starts anew at the border of a block, a leaf or a rank.
TEST(Noise, FitsHaveTheSameBitsOnAnyNumberOfRanks) {
  const auto world = comm::Communicator::world();
  Rows rows = labelled_rows(3000);
  std::fill(rows.group.begin(), rows.group.end(), 0);
  for (const NoiseModel& model :
       {NoiseModel{.kind = NoiseKind::ar1, .within = NoiseWithin::group, .parameter = 0.9},
        NoiseModel{.kind = NoiseKind::ar1, .parameter = 0.5, .nugget = 0.5},
        NoiseModel{.kind = NoiseKind::equicorrelated, .within = NoiseWithin::group, .parameter = 0.3}}) {
    const auto fit = [&](const comm::Communicator& comm) {
      MemorySource memory(rows);
      design::WhitenedSource source(memory, model);
      return fit_rows(source, *estimate::make_estimator("ols", {}), Intercept::fitted, comm).fit;
    };
    const estimate::LinearFit alone = fit(comm::Communicator::self());
    const estimate::LinearFit together = fit(world);
    EXPECT_EQ(alone.coefficients, together.coefficients);
    EXPECT_EQ(alone.intercept, together.intercept);
    EXPECT_EQ(alone.residual_norm, together.residual_norm);
  }
}

/// The set of the stored GLS fits, as one sequence, or as configurations of @p length rows.
Rows series(Index length) {
  Rows rows = sklearn_set("ar1");
  rows.group.assign(static_cast<std::size_t>(rows.size()), 0);
  rows.type.assign(static_cast<std::size_t>(rows.size()), design::RowType::other);
  for (Index i = 0; i < rows.size(); ++i)
    rows.configuration.push_back(static_cast<std::uint64_t>(i / length));
  return rows;
}

/// Coefficients, standard errors, σ² and likelihood of statsmodels' GLS, whose numbers have rounding errors
/// of its inverse of C, condition 1e3, times those of the fit: 1e-9 is far above, and far below any
/// difference of method (the first row alone moves coefficients by 1e-2).
///
/// The constant is a column of the set; it is fitted as that, and as the intercept of the other columns.
void expect_gls(const json& should, Rows rows, const NoiseModel& model, const std::vector<double>& times) {
  const auto world = comm::Communicator::world();
  const auto params = should.at("params").get<std::vector<double>>();
  const auto errors = should.at("bse").get<std::vector<double>>();
  constexpr double bound = 1e-9;
  for (const Intercept intercept : {Intercept::none, Intercept::fitted}) {
    const Index skip = intercept == Intercept::fitted ? 1 : 0;
    if (skip == 1) rows.a = rows.a.rightCols(rows.a.cols() - 1).eval();
    MemorySource memory(rows);
    design::WhitenedSource source(memory, model, numbers_of(times, rows.size()));
    const estimate::LinearFit fit =
        fit_rows(source, *estimate::make_estimator("ols", {}), intercept, world).fit;
    if (skip == 1) {
      EXPECT_NEAR(fit.intercept / params.at(0), 1.0, bound);
      EXPECT_NEAR(fit.intercept_standard_error / errors.at(0), 1.0, bound);
    }
    for (Index j = 0; j < rows.a.cols(); ++j) {
      const auto at = static_cast<std::size_t>(j + skip);
      EXPECT_NEAR(fit.coefficients(j) / params.at(at), 1.0, bound) << j;
      EXPECT_NEAR(fit.standard_errors(j) / errors.at(at), 1.0, bound) << j;
    }
    EXPECT_NEAR(fit.noise_variance / should.at("scale").get<double>(), 1.0, bound);
    const std::vector<Index> bounds = {0, rows.size()};
    const double likelihood = estimate::profile_log_likelihood(fit.residual_norm, rows.size(),
                                                               source.log_determinants(bounds).at(0));
    EXPECT_NEAR(likelihood / should.at("llf").get<double>(), 1.0, bound);
  }
}

TEST(Noise, FitsAreThoseOfStatsmodels) {
  if (!support::have_data("statsmodels") || !support::have_data("sklearn"))
    GTEST_SKIP() << support::no_data("statsmodels");
  const json results =
      json::parse(std::ifstream(support::data_folder() / "statsmodels/statsmodels.json")).at("ar1");
  expect_gls(results.at("gls_ar1_rho0.8"), series(300), {.kind = NoiseKind::ar1, .parameter = 0.8}, {});
  const json& irregular = results.at("gls_exponential_irregular");
  expect_gls(
      irregular, series(300),
      {.kind = NoiseKind::exponential, .parameter = irregular.at("ell"), .nugget = irregular.at("nugget")},
      irregular.at("t").get<std::vector<double>>());
  // A sequence may as well be rows that are configurations of their own.
  expect_gls(results.at("gls_ar1_rho0.8"), series(1),
             {.kind = NoiseKind::ar1, .within = NoiseWithin::group, .parameter = 0.8}, {});
  expect_gls(results.at("gls_block_exchangeable"), series(10),
             {.kind = NoiseKind::equicorrelated, .parameter = 0.3}, {});
}

/// The band of a moving average over all rows, as one block.
std::vector<double> band_table(const std::vector<double>& band, Index n) {
  std::vector<double> table(static_cast<std::size_t>(n * n), 0.0);
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < n; ++j)
      if (const auto d = static_cast<std::size_t>(std::abs(i - j)); d < band.size())
        table[static_cast<std::size_t>(i * n + j)] = band[d];
  return table;
}

TEST(Noise, ABandIsABlock) {
  if (!support::have_data("statsmodels") || !support::have_data("sklearn"))
    GTEST_SKIP() << support::no_data("statsmodels");
  const json moving = json::parse(std::ifstream(support::data_folder() / "statsmodels/statsmodels.json"))
                          .at("ar1")
                          .at("gls_banded_ma2");
  expect_gls(moving, series(300), {.kind = NoiseKind::blocks},
             band_table(moving.at("band").get<std::vector<double>>(), 300));
}

// The correlation that a search finds among fits has a likelihood by the dense covariance, and its neighbours
// have less: it falls by N/(1 - ρ²) δ²/2 = 4e-4 for δ = 1e-3, and a place off by half of that would show.
// Rounding is that of 300 terms of size 1: 1e-9 is a thousand times that.
TEST(Noise, TheBestCorrelationHasTheGreatestLikelihood) {
  if (comm::Communicator::world().size() > 1) GTEST_SKIP() << "on one rank";
  if (!support::have_data("sklearn")) GTEST_SKIP() << support::no_data("sklearn");
  const Rows rows = series(300);
  const auto ols = estimate::make_estimator("ols", {});
  const auto likelihood = [&](double rho) {
    MemorySource memory(rows);
    design::WhitenedSource source(memory, {.kind = NoiseKind::ar1, .parameter = rho});
    const auto fit = fit_rows(source, *ols, Intercept::none, comm::Communicator::self()).fit;
    const std::vector<Index> bounds = {0, rows.size()};
    return estimate::profile_log_likelihood(fit.residual_norm, rows.size(),
                                            source.log_determinants(bounds).at(0));
  };
  const auto dense = [&](double rho) {
    const WhitenedOracle of =
        whitened_oracle(rows, noise_covariance(rows, {.kind = NoiseKind::ar1, .parameter = rho}, {}));
    const Index k = rows.a.cols();
    const support::LongMatrix a = of.rows.leftCols(k);
    const support::LongVector b = of.rows.col(k + 1);
    const auto norm = static_cast<double>((a * support::least_squares(a, b) - b).norm());
    return estimate::profile_log_likelihood(norm, rows.size(), static_cast<double>(of.log_determinant));
  };
  const double best = std::tanh(
      estimate::minimise([&](double z) { return -likelihood(std::tanh(z)); }, {.low = -5.0, .high = 5.0}));
  const double greatest = dense(best);
  EXPECT_NEAR(likelihood(best), greatest, 1e-9);
  for (const double delta : {-1e-3, 1e-3}) EXPECT_LT(dense(best + delta), greatest - 1e-4);
}

// Catches a search that stops at the wrong neighbour, and one that trusts the scan.
TEST(Noise, MinimiseFindsPlacesBetweenThePointsOfItsScan) {
  // Where f has its minimum it is flat: values differ by rounding within sqrt(ε) of it, 1e-8 here.
  EXPECT_NEAR(estimate::minimise([](double x) { return (x - 0.3) * (x - 0.3); }, {.low = -2.0, .high = 5.0}),
              0.3, 1e-5);
  EXPECT_NEAR(
      estimate::minimise([](double x) { return std::cosh(3.0 * (x - 4.9)); }, {.low = -5.0, .high = 5.0}),
      4.9, 1e-5);
  EXPECT_NEAR(estimate::minimise([](double x) { return std::abs(x + 1.0); }, {.low = -5.0, .high = 5.0}),
              -1.0, 2e-5);
  EXPECT_NEAR(estimate::minimise([](double x) { return -x; }, {.low = -5.0, .high = 5.0}), 5.0, 2e-5);
  // Two minima: the scan chooses the lower one.
  EXPECT_NEAR(
      estimate::minimise([](double x) { return std::pow(x * x - 4.0, 2) + x; }, {.low = -5.0, .high = 5.0}),
      -2.03054, 1e-4);
}

/// Errors of an AR(1) process, one standard deviation each, by sums of twelve uniform numbers.
Eigen::VectorXd ar1_errors(Index n, double rho, std::uint64_t seed) {
  Eigen::VectorXd errors(n);
  for (Index i = 0; i < n; ++i) {
    double normal = 0.0;
    for (Index part = 0; part < 12; ++part) normal += 0.5 * random_entry(seed, i, part);
    errors(i) = i == 0 ? normal : rho * errors(i - 1) + std::sqrt(1.0 - rho * rho) * normal;
  }
  return errors;
}

// 500 series of 60 rows with a constant and a slow column, AR(1) errors of 0.6: nominal 90 % intervals of
// Student's t (58 degrees of freedom: 1.6716). 1000 of them, in pairs that hardly depend on one another: a
// share of 0.9 has a standard deviation of 0.0095 to 0.0134. The bounds are at 2.2 to 3 of them (the seeds
// are fixed), and those that ignore the correlation are 15 away.
TEST(Noise, IntervalsCoverWithTheModelAndDoNotWithout) {
  if (comm::Communicator::world().size() > 1) GTEST_SKIP() << "on one rank";
  constexpr Index n = 60;
  constexpr int sets = 500;
  constexpr double quantile = 1.6716;
  Rows rows;
  rows.a = Eigen::MatrixXd::NullaryExpr(
      n, 2, [](Index i, Index j) { return j == 0 ? 1.0 : std::cos(0.1 * static_cast<double>(i)); });
  rows.configuration.assign(n, 1);
  const auto ols = estimate::make_estimator("ols", {});
  int covered = 0;
  int covered_plain = 0;
  for (std::uint64_t seed = 1; seed <= sets; ++seed) {
    rows.b = rows.a * Eigen::Vector2d(1.0, -2.0) + ar1_errors(n, 0.6, seed);
    MemorySource memory(rows);
    design::WhitenedSource source(memory, {.kind = NoiseKind::ar1, .parameter = 0.6});
    const auto count = [&](design::RowSource& of, int& sum) {
      // As fit_rows() does, but without a thread for each of a thousand small fits.
      const auto fit = ols->fit(estimate::make_system(
          linalg::ProcessGrid::serial(), support::triangle_of(read_weighted(of, 0, n)), n, Intercept::none));
      for (Index j = 0; j < 2; ++j)
        sum += std::abs(fit.coefficients(j) - (j == 0 ? 1.0 : -2.0)) <= quantile * fit.standard_errors(j) ? 1
                                                                                                          : 0;
    };
    count(source, covered);
    count(memory, covered_plain);
  }
  RecordProperty("covered", covered);
  RecordProperty("covered_without_model", covered_plain);
  EXPECT_GE(covered, 0.87 * 2 * sets);
  EXPECT_LE(covered, 0.93 * 2 * sets);
  EXPECT_LE(covered_plain, 0.75 * 2 * sets);
}

TEST(Noise, BadParametersAreNamed) {
  const Rows rows = labelled_rows(120);
  MemorySource memory(rows);
  const auto make = [&](const NoiseModel& model) {
    design::WhitenedSource source(memory, model, numbers_of({}, 120));
  };
  const auto expect = [&](const NoiseModel& model, const std::vector<std::string>& parts) {
    support::expect_error(ErrorKind::input, parts, [&] { make(model); });
  };
  expect({.kind = NoiseKind::ar1, .parameter = 1.0}, {"noise.parameter = 1 ", "between -1 and 1"});
  expect({.kind = NoiseKind::ar1, .parameter = -1.0}, {"noise.parameter = -1 "});
  expect({.kind = NoiseKind::equicorrelated, .parameter = std::nan("")}, {"noise.parameter = nan "});
  expect({.kind = NoiseKind::exponential, .parameter = 0.0}, {"noise.parameter = 0 ", "length"});
  expect({.kind = NoiseKind::ar1, .parameter = 0.5, .nugget = -1.0}, {"noise.nugget = -1"});
  expect({.kind = NoiseKind::equicorrelated, .parameter = 0.5, .nugget = 1.0}, {"noise.nugget = 1"});

  Rows long_block = rows;
  std::fill(long_block.configuration.begin(), long_block.configuration.end(), 1);
  MemorySource of_block(long_block);
  design::WhitenedSource negative(of_block, {.kind = NoiseKind::equicorrelated, .parameter = -0.2});
  design::RowLabels labels;
  support::expect_error(ErrorKind::input, {"noise.parameter = -0.2", "too long"},
                        [&] { negative.read_labels(0, 120, labels); });
  // Five rows may have -1/4 only in the limit.
  Rows five = rows.picked({0, 1, 2, 3, 5});
  five.w.setOnes();
  five.type.assign(5, design::RowType::force);
  five.configuration.assign(5, 1);
  five.testing.assign(5, 0);
  MemorySource of_five(five);
  for (const double rho : {-0.25, -0.3}) {
    design::WhitenedSource source(of_five, {.kind = NoiseKind::equicorrelated, .parameter = rho});
    support::expect_error(ErrorKind::input, {"noise.parameter = -0."},
                          [&] { source.read_labels(0, 5, labels); });
  }
  design::WhitenedSource(of_five, {.kind = NoiseKind::equicorrelated, .parameter = -0.2499})
      .read_labels(0, 5, labels);
  std::vector<double> times = irregular_times(120);
  times[41] = times[0];
  std::fill(long_block.type.begin(), long_block.type.end(), design::RowType::force);
  design::WhitenedSource irregular(of_block, {.kind = NoiseKind::exponential, .parameter = 1.0},
                                   numbers_of(times, 120));
  support::expect_error(ErrorKind::input, {"noise.times of row 41", "must increase"},
                        [&] { irregular.read_labels(0, 120, labels); });
}

TEST(Noise, BadBlocksAreNamed) {
  const Rows rows = labelled_rows(120);
  MemorySource memory(rows);
  const auto expect = [&](std::vector<double> table, const std::vector<std::string>& parts) {
    design::WhitenedSource source(memory, {.kind = NoiseKind::blocks}, numbers_of(table, rows.size()));
    design::RowLabels labels;
    support::expect_error(ErrorKind::input, parts, [&] { source.read_labels(0, 120, labels); });
  };
  expect(std::vector<double>(240, 1.0), {"noise.covariance", "not positive definite"});
  expect(std::vector<double>(120, 1.0), {"noise.covariance has 1 columns", "more rows"});
  expect(std::vector<double>(960, 0.0), {"noise.covariance", "not positive definite up to row 0"});
  std::vector<double> lopsided = random_blocks(rows);
  lopsided[8] *= 1.001;  // of the second row with the first
  expect(lopsided, {"noise.covariance", "not symmetric", "row 1 "});
  support::expect_error(ErrorKind::input, {"noise.within"}, [&] {
    design::require_valid({.kind = NoiseKind::blocks, .within = NoiseWithin::group});
  });
}

}  // namespace
}  // namespace tallfit::test
