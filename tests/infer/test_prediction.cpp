// Predictions and their standard errors against an explicit covariance.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "support/fit_rows.hpp"
#include "support/memory_source.hpp"

#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/infer/coverage.hpp"
#include "tallfit/infer/prediction.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::test {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

struct Predicted {
  Eigen::VectorXd prediction, std_error, residual;
  Eigen::MatrixXd envelope;
  std::vector<int> times;
  Index n_errors = 0;
};

Predicted predict(const Rows& rows, const infer::LinearModel& model, const comm::Communicator& comm,
                  Index block_bytes) {
  MemorySource source(rows);
  const compress::RowLayout layout = compress::survey(source, comm, 0, 1);
  Predicted all;
  all.prediction.setZero(rows.size());
  all.std_error.setZero(rows.size());
  all.residual.setZero(rows.size());
  all.envelope.setZero(rows.size(), 2);
  all.times.assign(static_cast<std::size_t>(rows.size()), 0);
  Index next = layout.my_begin();
  infer::PredictionVisitor visitor(model, [&](const infer::RowPredictions& part) {
    EXPECT_EQ(part.begin, next) << "rows come in order, none twice";
    next += static_cast<Index>(part.prediction.size());
    all.n_errors += part.deviations.cols() == 0 ? 0 : part.size();
    for (std::size_t i = 0; i < part.prediction.size(); ++i) {
      const Index row = part.begin + static_cast<Index>(i);
      all.prediction(row) = part.prediction[i];
      all.residual(row) = part.residual[i];
      if (part.deviations.cols() > 0) all.std_error(row) = part.deviation(0)[i];
      if (part.envelope.cols() > 0) all.envelope.row(row) = part.envelope.row(static_cast<Index>(i));
      ++all.times[static_cast<std::size_t>(row)];
    }
  });
  compress::RowVisitor* const visitors[] = {&visitor};
  compress::run_row_pass(source, layout, comm, visitors, block_bytes);
  EXPECT_EQ(next, layout.my_end());
  return all;
}

Rows some_rows(Index n, Index k) {
  Rows rows;
  rows.a.resize(n, k);
  rows.b.resize(n);
  rows.w.resize(n);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < k; ++j)
      rows.a(i, j) = random_entry(3, i, j) * std::pow(10.0, static_cast<double>(j % 5) - 2.0);
    rows.b(i) = random_entry(4, i, 0);
    rows.w(i) = i % 6 == 0 ? 0.0 : 1e-3 + std::abs(random_entry(4, i, 1));
  }
  return rows;
}

/// A model of one uncertainty, from one factor.
infer::LinearModel model_of(Eigen::VectorXd coefficients, double intercept, Eigen::MatrixXd factor) {
  return {.coefficients = std::move(coefficients),
          .intercept = intercept,
          .factors = {std::move(factor)},
          .uncertainties = {{.name = "classical", .dataset = "std_error", .factors = {0}}},
          .envelope = {},
          .multipliers = {}};
}

infer::LinearModel some_model(Index k, Index r) {
  infer::LinearModel model = model_of(Eigen::VectorXd(k), 0.7, Eigen::MatrixXd(k + 1, r));
  for (Index j = 0; j < k; ++j) model.coefficients(j) = random_entry(5, j, 0);
  for (Index j = 0; j <= k; ++j) {
    for (Index c = 0; c < r; ++c) model.factors[0](j, c) = random_entry(6, j, c);
  }
  return model;
}

// Catches row scales that multiply predictions, rows of weight 0 that are left out, an intercept without
// variance, C that is taken for its factor or its square, blocks that begin inside a leaf.
TEST(Prediction, StandardErrorIsTheRootOfTheQuadraticForm) {
  const auto world = comm::Communicator::world();
  const Index k = 6;
  const Rows rows = some_rows(1300, k);
  for (const Index r : {Index{1}, Index{4}, k + 1}) {
    infer::LinearModel model = some_model(k, r);
    if (r > k)  // as that of a fit
      model.factors[0].topLeftCorner(k, k).triangularView<Eigen::StrictlyLower>().setZero();
    model.envelope = {.factor = 0, .scale = 3.0};
    const Eigen::MatrixXd c = model.factors[0] * model.factors[0].transpose();
    for (const Index block_bytes : {Index{1}, Index{1000}, Index{1} << 20U}) {
      const Predicted is = predict(rows, model, world, block_bytes);
      EXPECT_EQ(is.n_errors, std::count(is.times.begin(), is.times.end(), 1));
      Index mine = 0;
      for (Index i = 0; i < rows.size(); ++i) {
        if (is.times[static_cast<std::size_t>(i)] == 0) continue;
        ++mine;
        EXPECT_EQ(is.times[static_cast<std::size_t>(i)], 1);
        Eigen::VectorXd a(k + 1);
        a << rows.a.row(i).transpose(), 1.0;
        const double should = a.head(k).dot(model.coefficients) + model.intercept;
        // a dot product of K + 1 terms
        const double size = a.head(k).cwiseAbs().dot(model.coefficients.cwiseAbs()) + 1.0;
        EXPECT_NEAR(is.prediction(i), should, 2.0 * static_cast<double>(k) * eps * size);
        EXPECT_EQ(is.residual(i), rows.b(i) - is.prediction(i));
        const Eigen::RowVectorXd members = 3.0 * a.transpose() * model.factors[0];
        const double slack = 10.0 * static_cast<double>(k) * eps * (size + 3.0 * a.norm() * c.norm());
        EXPECT_NEAR(is.envelope(i, 0), should + members.minCoeff(), slack);
        EXPECT_NEAR(is.envelope(i, 1), should + members.maxCoeff(), slack);
        // the quadratic form cancels where a Cᵃ aᵀ is small: compare squares, against ‖a‖² ‖C‖
        EXPECT_NEAR(is.std_error(i) * is.std_error(i), a.dot(c * a),
                    10.0 * static_cast<double>(k) * eps * a.squaredNorm() * c.norm());
      }
      std::vector<Index> all = {mine};
      comm::sum_in_place(world, std::span(all));
      EXPECT_EQ(all[0], rows.size());
    }
  }
}

TEST(Prediction, NoErrorsAreComputedWhereNoneAreAskedFor) {
  const auto world = comm::Communicator::world();
  const Rows rows = some_rows(300, 3);
  infer::LinearModel model = some_model(3, 0);
  model.factors.clear();
  model.uncertainties.clear();
  const Predicted is = predict(rows, model, world, 4096);
  EXPECT_EQ(is.n_errors, 0);
}

// The error of the mean at the rows of the fit: trace of the hat matrix, Σ w² a C aᵀ / σ² = K + 1. Ties the
// fit's covariance (with an intercept) to the predictions; catches a lost term between slope and intercept.
TEST(Prediction, LeveragesOfAFitAddUpToItsCoefficients) {
  const auto self = comm::Communicator::self();
  const Index k = 5;
  const Rows rows = some_rows(900, k);
  MemorySource source(rows);
  const auto ols = estimate::make_estimator("ols", {});
  const Fitted fitted = fit_rows(source, *ols, estimate::Intercept::fitted, self);
  const double sigma = std::sqrt(fitted.fit.noise_variance);
  const infer::LinearModel model =
      model_of(fitted.fit.coefficients, fitted.fit.intercept,
               linalg::replicate(estimate::covariance_factor(fitted.fit)) / sigma);
  EXPECT_NEAR(sigma * model.factors[0].row(k).norm(), fitted.fit.intercept_standard_error,
              100.0 * eps * fitted.fit.intercept_standard_error);

  const Predicted is = predict(rows, model, self, 5000);
  EXPECT_NEAR(rows.w.cwiseProduct(is.std_error).squaredNorm(), static_cast<double>(k + 1), 1e-10);
  EXPECT_NEAR(rows.w.cwiseProduct(is.residual).norm(), fitted.fit.residual_norm,
              1e-10 * fitted.fit.residual_norm);
}

/// Two uncertainties, of one factor and noise of weights that a fit multiplied, and their coverage.
infer::CoverageTable coverage_of(const Rows& rows, const infer::LinearModel& model,
                                 const comm::Communicator& comm, Index block_bytes) {
  MemorySource source(rows);
  const compress::RowLayout layout = compress::survey(source, comm, 0, 1);
  infer::CoverageVisitor coverage(model.uncertainties);
  infer::PredictionVisitor predictions(model, [&](const infer::RowPredictions& part) { coverage.add(part); });
  compress::RowVisitor* const visitors[] = {&predictions, &coverage};
  compress::run_row_pass(source, layout, comm, visitors, block_bytes);
  return coverage.total(comm);
}

// Against sums over the rows, with published quantiles of Student's distribution for 5 degrees of freedom.
// Catches noise that is not divided by w², multipliers that are lost or squared twice, normal quantiles,
// rows of weight 0, bits that depend on ranks or blocks.
TEST(Prediction, CoverageCountsErrorsInsideTheIntervals) {
  const auto world = comm::Communicator::world();
  const Index k = 6;
  const Rows rows = some_rows(1300, k);
  infer::LinearModel model = some_model(k, 4);
  model.factors[0] *= 0.05;
  model.coefficients.setZero();
  model.intercept = 0.0;
  model.uncertainties[0].dof = 5.0;
  model.uncertainties.push_back({.name = "predictive",
                                 .dataset = "predictive_std",
                                 .factors = {0},
                                 .noise_variance = 0.01,
                                 .dof = 5.0});
  model.multipliers = {{{2.0, 2.0, 2.0, 2.0}}};
  const infer::CoverageTable is = coverage_of(rows, model, world, 3000);
  const infer::CoverageTable alone = coverage_of(rows, model, comm::Communicator::self(), 1 << 20);

  constexpr std::array<double, 4> published = {0.726687, 0, 2.015048, 2.570582};  // 0.68 is in no table
  std::array<infer::CoverageSums, 2> should;
  const Eigen::MatrixXd& s = model.factors[0];
  for (Index i = 0; i < rows.size(); ++i) {
    if (rows.w(i) == 0.0) continue;
    const double mean = (rows.a.row(i) * s.topRows(k) + s.row(k)).squaredNorm();
    const double noise = 0.01 / (4.0 * rows.w(i) * rows.w(i));
    for (std::size_t u = 0; u < 2; ++u) {
      const double standardised = std::abs(rows.b(i)) / std::sqrt(mean + (u == 1 ? noise : 0.0));
      ++should[u].count;
      should[u].squares += standardised * standardised;
      for (std::size_t l = 0; l < published.size(); ++l)
        if (standardised <= published[l]) ++should[u].covered[l];
    }
  }
  ASSERT_EQ(is.size(), 2U);
  for (const auto& [key, sums] : is) {
    const infer::CoverageSums& want = should[static_cast<std::size_t>(key.uncertainty)];
    EXPECT_EQ(sums.count, want.count);
    for (const std::size_t l : {0U, 2U, 3U}) EXPECT_EQ(sums.covered[l], want.covered[l]) << l;
    EXPECT_NEAR(sums.squares, want.squares, 1e-11 * want.squares);
    EXPECT_GT(want.covered[2], want.covered[0]);
    const infer::CoverageSums& of_one = alone.at(key);
    EXPECT_EQ(sums.covered, of_one.covered);
    EXPECT_EQ(sums.squares, of_one.squares);
  }
}

}  // namespace
}  // namespace tallfit::test
