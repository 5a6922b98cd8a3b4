// Leverages and left-out errors against fits without the rows.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/fit_rows.hpp"
#include "support/oracle.hpp"
#include "support/table_source.hpp"

#include "tallfit/infer/influence.hpp"

namespace tallfit::test {
namespace {

using support::TableSource;

struct Influences {
  Eigen::MatrixXd table;  ///< N x 4: leverage, left out, Cook's distance, configuration left out
  infer::InfluenceTotals totals;
  double noise_variance = 0.0;
};

Influences influence_of(TableSource& source, const estimate::Estimator& estimator,
                        estimate::Intercept intercept, const comm::Communicator& comm) {
  const Compressed compressed = compress_rows(source, comm);
  Fitted fitted = fit_compressed(compressed.design, estimator, intercept, comm);
  const Index k = source.info().n_cols;
  const infer::Whitening whitening = infer::whitening_of(fitted.fit, k, comm);
  const infer::UnitRange units =
      infer::count_units(source, compressed.layout, infer::Unit::configuration, comm);
  infer::Influence influence(whitening, fitted.fit.noise_variance, compressed.layout);
  infer::UnitRuns runs(
      infer::Unit::configuration, units, k, [&](const infer::UnitRun& run) { influence.add(run); },
      std::numeric_limits<Index>::max());
  compress::RowVisitor* const visitors[] = {&runs, &influence};
  compress::run_row_pass(source, compressed.layout, comm, visitors, 3000);
  Influences result{.table = Eigen::MatrixXd::Zero(source.info().n_rows, 4),
                    .totals = influence.totals(comm),
                    .noise_variance = fitted.fit.noise_variance};
  const infer::InfluenceTable& mine = influence.table();
  result.table.middleRows(mine.begin, mine.leverage.size()) << mine.leverage, mine.left_out,
      mine.cooks_distance, mine.configuration_left_out;
  comm::sum_in_place(comm, std::span(result.table.data(), static_cast<std::size_t>(result.table.size())));
  return result;
}

/// min Σ w² (b - a θ - c)² + λ ‖θ‖² over some rows, by QR in extended precision: θ and c.
Eigen::VectorXd fit_of(const TableSource& table, double lambda, bool intercept,
                       const std::function<bool(std::size_t)>& takes) {
  const Index k = table.info().n_cols;
  const Index n = table.info().n_rows;
  support::LongMatrix a = support::LongMatrix::Zero(n + k, k + (intercept ? 1 : 0));
  support::LongVector b = support::LongVector::Zero(n + k);
  for (Index i = 0; i < n; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (!takes(at)) continue;
    const double w = table.labels.scale[at];
    for (Index j = 0; j < k; ++j) a(i, j) = w * table.features(i, j);
    if (intercept) a(i, k) = w;
    b(i) = w * table.labels.target[at];
  }
  for (Index j = 0; j < k; ++j) a(n + j, j) = std::sqrt(lambda);
  Eigen::VectorXd model = Eigen::VectorXd::Zero(k + 1);
  model.head(a.cols()) = support::least_squares(a, b).cast<double>();
  return model;
}

double error_of(const TableSource& table, const Eigen::VectorXd& model, Index row) {
  const Index k = table.info().n_cols;
  return table.labels.target[static_cast<std::size_t>(row)] - table.features.row(row).dot(model.head(k)) -
         model(k);
}

// Fits without a row or a configuration, made again from the rows. Catches residuals that are weighted twice,
// an intercept's share of the leverage, a penalty that is forgotten, rows of other configurations.
TEST(Influence, LeftOutErrorsAreThoseOfFitsWithout) {
  const auto world = comm::Communicator::world();
  TableSource table(160, 5, 2);
  support::fill_randomly(table, 7);
  for (std::size_t i = 0; i < 160; ++i) {
    table.labels.scale[i] = i % 9 == 4 ? 0.0 : 0.5 + 0.25 * static_cast<double>(i % 5);
    table.labels.testing[i] = table.labels.configuration[i] % 7 == 3 ? 1 : 0;
  }
  const auto is_training = [&](std::size_t i) {
    return table.labels.scale[i] > 0.0 && table.labels.testing[i] == 0;
  };
  for (const double lambda : {0.0, 3.0}) {
    for (const bool intercept : {false, true}) {
      const auto estimator = estimate::make_estimator(lambda > 0.0 ? "ridge" : "ols", {.lambda = lambda});
      const Influences is = influence_of(
          table, *estimator, intercept ? estimate::Intercept::fitted : estimate::Intercept::none, world);
      const Eigen::VectorXd all = fit_of(table, lambda, intercept, is_training);
      double press = 0.0;
      for (Index i = 0; i < 160; ++i) {
        const auto at = static_cast<std::size_t>(i);
        if (!is_training(at)) {
          EXPECT_TRUE(std::isnan(is.table(i, 0)));
          continue;
        }
        const Eigen::VectorXd without =
            fit_of(table, lambda, intercept, [&](std::size_t j) { return j != at && is_training(j); });
        const Eigen::VectorXd without_configuration = fit_of(table, lambda, intercept, [&](std::size_t j) {
          return table.labels.configuration[j] != table.labels.configuration[at] && is_training(j);
        });
        // errors of rounding: ε times the size of residuals over 1 - h, which is above 1e-3 here
        EXPECT_NEAR(is.table(i, 1), error_of(table, without, i), 1e-11);
        EXPECT_NEAR(is.table(i, 3), error_of(table, without_configuration, i), 1e-11);
        const double h = 1.0 - error_of(table, all, i) / error_of(table, without, i);
        EXPECT_NEAR(is.table(i, 0), h, 1e-10);
        const double w = table.labels.scale[at];
        const double moved = w * error_of(table, without, i);
        EXPECT_NEAR(is.table(i, 2), moved * moved * h / ((intercept ? 6.0 : 5.0) * is.noise_variance), 1e-9);
        press += moved * moved;
      }
      EXPECT_NEAR(is.totals.press, press, 1e-10 * press);
      if (lambda == 0.0) {
        EXPECT_NEAR(is.totals.leverage, intercept ? 6.0 : 5.0, 1e-12);
      }
      EXPECT_EQ(is.totals.undetermined, 0);
      EXPECT_EQ(is.totals.undetermined_configurations, 0);
    }
  }
}

// One row alone knows a column: its leverage is 1 and there is no fit without it; all others are as before.
TEST(Influence, WhatARowAloneDeterminesHasNoErrorWithoutIt) {
  const auto world = comm::Communicator::world();
  TableSource table(90, 4, 1);
  support::fill_randomly(table, 9);
  table.features.col(3).setZero();
  table.features(40, 3) = 2.0;
  const auto ols = estimate::make_estimator("ols", {});
  const Influences is = influence_of(table, *ols, estimate::Intercept::none, world);
  EXPECT_NEAR(is.table(40, 0), 1.0, 1e-14);
  EXPECT_TRUE(std::isnan(is.table(40, 1)));
  EXPECT_TRUE(std::isnan(is.table(40, 3)));
  EXPECT_EQ(is.totals.undetermined, 1);
  EXPECT_EQ(is.totals.undetermined_configurations, 1);
  for (Index i = 0; i < 90; ++i)
    if (table.labels.configuration[static_cast<std::size_t>(i)] != table.labels.configuration[40]) {
      EXPECT_FALSE(std::isnan(is.table(i, 3))) << i;
    }
}

TEST(Influence, BitsDoNotDependOnRanks) {
  const auto world = comm::Communicator::world();
  TableSource table(2000, 6, 3);
  support::fill_randomly(table, 3);
  const auto ols = estimate::make_estimator("ols", {});
  const Influences all = influence_of(table, *ols, estimate::Intercept::fitted, world);
  const Influences one = influence_of(table, *ols, estimate::Intercept::fitted, comm::Communicator::self());
  EXPECT_EQ(all.table, one.table);
  EXPECT_EQ(all.totals.press, one.totals.press);
}

}  // namespace
}  // namespace tallfit::test
