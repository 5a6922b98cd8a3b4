// Predictions and their standard errors against an explicit covariance.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "support/fit_rows.hpp"
#include "support/memory_source.hpp"

#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/infer/prediction.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::test {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

struct Predicted {
  Eigen::VectorXd prediction, std_error, residual;
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
  all.times.assign(static_cast<std::size_t>(rows.size()), 0);
  Index next = layout.my_begin();
  infer::PredictionVisitor visitor(model, [&](const infer::RowPredictions& part) {
    EXPECT_EQ(part.begin, next) << "rows come in order, none twice";
    next += static_cast<Index>(part.prediction.size());
    all.n_errors += static_cast<Index>(part.std_error.size());
    for (std::size_t i = 0; i < part.prediction.size(); ++i) {
      const Index row = part.begin + static_cast<Index>(i);
      all.prediction(row) = part.prediction[i];
      all.residual(row) = part.residual[i];
      if (!part.std_error.empty()) all.std_error(row) = part.std_error[i];
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

infer::LinearModel some_model(Index k, Index r) {
  infer::LinearModel model{
      .coefficients = Eigen::VectorXd(k), .intercept = 0.7, .covariance_factor = Eigen::MatrixXd(k + 1, r)};
  for (Index j = 0; j < k; ++j) model.coefficients(j) = random_entry(5, j, 0);
  for (Index j = 0; j <= k; ++j) {
    for (Index c = 0; c < r; ++c) model.covariance_factor(j, c) = random_entry(6, j, c);
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
    const infer::LinearModel model = some_model(k, r);
    const Eigen::MatrixXd c = model.covariance_factor * model.covariance_factor.transpose();
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
  const Predicted is = predict(rows, some_model(3, 0), world, 4096);
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
  const infer::LinearModel model{
      .coefficients = fitted.fit.coefficients,
      .intercept = fitted.fit.intercept,
      .covariance_factor = linalg::replicate(estimate::covariance_factor(fitted.fit)) / sigma};
  EXPECT_NEAR(sigma * model.covariance_factor.row(k).norm(), fitted.fit.intercept_standard_error,
              100.0 * eps * fitted.fit.intercept_standard_error);

  const Predicted is = predict(rows, model, self, 5000);
  EXPECT_NEAR(rows.w.cwiseProduct(is.std_error).squaredNorm(), static_cast<double>(k + 1), 1e-10);
  EXPECT_NEAR(rows.w.cwiseProduct(is.residual).norm(), fitted.fit.residual_norm,
              1e-10 * fitted.fit.residual_norm);
}

}  // namespace
}  // namespace tallfit::test
