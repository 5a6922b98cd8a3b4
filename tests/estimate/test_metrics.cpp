// Errors by rows and from factors; weights chosen after the compression.
#include <gtest/gtest.h>

#include <cmath>

#include "support/contract.hpp"

#include "tallfit/estimate/metrics.hpp"

namespace tallfit::test {
namespace {

using estimate::ErrorTable;
using estimate::Intercept;
using estimate::MetricsRow;

/// Three groups and four row types with one scale each; every fifth configuration is for testing, a few rows
/// have no weight.
Rows grouped_rows() {
  Rows rows = contract_rows(0.3);
  for (Index i = 0; i < rows.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    rows.type[at] = static_cast<design::RowType>(i % 4);
    rows.testing.push_back(i / 4 % 5 == 0 ? 1 : 0);
    rows.w(i) = i % 97 == 0 ? 0.0 : std::exp2(rows.group[at]) * std::pow(10.0, -static_cast<double>(i % 4));
    if (i % 4 == 2) rows.b(i) += 1e4;  // a mean that is far from 0: r2 must not cancel
  }
  return rows;
}

ErrorTable errors_by_rows(const Rows& rows, const compress::RowLayout& layout, const estimate::LinearFit& fit,
                          const comm::Communicator& comm) {
  MemorySource source(rows);
  estimate::ErrorVisitor visitor(fit.coefficients, fit.intercept);
  compress::RowVisitor* const visitors[] = {&visitor};
  compress::run_row_pass(source, layout, comm, visitors, test_block_bytes);
  return visitor.total(comm);
}

const std::vector<std::string> group_names = {"group_0", "group_1", "group_2"};

/// The line of the table that a plain loop gives.
MetricsRow plain(const Rows& rows, const estimate::LinearFit& fit, const MetricsRow& like) {
  MetricsRow sum = like;
  sum.count = 0;
  sum.mae = sum.rmse = sum.max_abs_error = 0.0;
  long double mean = 0.0L;
  std::vector<double> targets;
  for (Index i = 0; i < rows.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (rows.w(i) == 0.0) continue;
    if (like.group != "ALL" && like.group != group_names[static_cast<std::size_t>(rows.group[at])]) continue;
    if (like.row_type != design::to_string(rows.type[at])) continue;
    if ((like.split == "test") != (rows.testing[at] == 1)) continue;
    const double w = like.weighting == "weighted" ? rows.w(i) : 1.0;
    const double e = w * (rows.b(i) - rows.a.row(i).dot(fit.coefficients) - fit.intercept);
    ++sum.count;
    sum.mae += std::abs(e);
    sum.rmse += e * e;
    sum.max_abs_error = std::max(sum.max_abs_error, std::abs(e));
    targets.push_back(w * rows.b(i));
    mean += targets.back();
  }
  mean /= static_cast<long double>(sum.count);
  long double spread = 0.0L;
  for (const double t : targets) spread += (t - mean) * (t - mean);
  sum.r2 = 1.0 - sum.rmse / static_cast<double>(spread);
  sum.mae /= static_cast<double>(sum.count);
  sum.rmse = std::sqrt(sum.rmse / static_cast<double>(sum.count));
  return sum;
}

/// Sums of N terms of one sign, and cancellation of b against its prediction: errors of 1 from targets of
/// 1e4.
constexpr double bound = 1e4 * 100.0 * eps;

// Catches weights where there should be none, test rows in training lines, groups that are mixed up, means
// that are not subtracted, rows of weight 0 that count.
TEST(Metrics, RowsAndFactorsAndAPlainLoopAgree) {
  const auto world = comm::Communicator::world();
  const Rows rows = grouped_rows();
  MemorySource source(rows);
  const Compressed compressed = compress_rows(source, world);
  const auto ols = estimate::make_estimator("ols", {});
  const auto fit = fit_compressed(compressed.design, *ols, Intercept::fitted, world).fit;
  const auto ones = compress::group_multipliers(group_names, {});
  const auto by_rows =
      estimate::metrics_rows(errors_by_rows(rows, compressed.layout, fit, world), group_names);
  const auto by_factors = estimate::metrics_rows(
      estimate::errors_from_factors(compressed.design, ones, fit.coefficients, fit.intercept, world),
      group_names);
  ASSERT_EQ(by_rows.size(), 4U * 4U * 2U * 2U);  // (ALL and groups) x row types x splits x weightings
  ASSERT_EQ(by_factors.size(), by_rows.size());
  for (std::size_t i = 0; i < by_rows.size(); ++i) {
    const MetricsRow& is = by_rows[i];
    const MetricsRow& factor = by_factors[i];
    SCOPED_TRACE(is.group + " " + is.row_type + " " + is.split + " " + is.weighting);
    const MetricsRow should = plain(rows, fit, is);
    EXPECT_EQ(is.count, should.count);
    EXPECT_NEAR(is.mae, should.mae, bound * should.mae);
    EXPECT_NEAR(is.rmse, should.rmse, bound * should.rmse);
    EXPECT_NEAR(is.r2, should.r2, bound * (1.0 - should.r2));
    EXPECT_NEAR(is.max_abs_error, should.max_abs_error, bound * should.max_abs_error);
    EXPECT_EQ(factor.group + factor.row_type + factor.split + factor.weighting,
              is.group + is.row_type + is.split + is.weighting);
    EXPECT_EQ(factor.count, is.count);
    EXPECT_NEAR(factor.rmse, should.rmse, bound * should.rmse);
    EXPECT_NEAR(factor.r2, should.r2, bound * (1.0 - should.r2));
    EXPECT_TRUE(std::isnan(factor.mae) && std::isnan(factor.max_abs_error));
  }
}

// What a factor cannot tell is NaN, never a wrong number; what it can is there still.
TEST(Metrics, UnweightedErrorsOfCellsOfSeveralScalesAreUnknown) {
  const auto world = comm::Communicator::world();
  Rows rows = grouped_rows();
  for (Index i = 0; i < rows.size(); ++i) {
    if (rows.group[static_cast<std::size_t>(i)] == 1 && i % 8 == 5) rows.w(i) *= 3.0;
  }
  MemorySource source(rows);
  const Compressed compressed = compress_rows(source, world);
  const auto ols = estimate::make_estimator("ols", {});
  const auto fit = fit_compressed(compressed.design, *ols, Intercept::none, world).fit;
  const auto by_factors = estimate::metrics_rows(
      estimate::errors_from_factors(compressed.design, compress::group_multipliers(group_names, {}),
                                    fit.coefficients, fit.intercept, world),
      group_names);
  for (const MetricsRow& row : by_factors) {
    SCOPED_TRACE(row.group + " " + row.row_type + " " + row.split + " " + row.weighting);
    const bool unknown = row.weighting == "unweighted" && row.row_type == "force" &&
                         (row.group == "group_1" || row.group == "ALL");
    EXPECT_EQ(std::isnan(row.rmse), unknown);
    if (unknown) continue;
    const MetricsRow should = plain(rows, fit, row);
    EXPECT_NEAR(row.rmse, should.rmse, bound * should.rmse);
  }
}

// One pass over the rows, ten choices of weights. Catches multipliers that are squared, or applied to targets
// only, counts and metrics of groups that were switched off, light factors under heavy ones.
TEST(Reweighting, OneCompressionServesTenWeightings) {
  const auto world = comm::Communicator::world();
  const Rows rows = grouped_rows();
  MemorySource source(rows);
  const Compressed compressed = compress_rows(source, world);
  const auto ols = estimate::make_estimator("ols", {});
  const auto ridge = estimate::make_estimator("ridge", {.lambda = 0.1});
  for (int trial = 0; trial < 10; ++trial) {
    SCOPED_TRACE(testing::Message() << "weighting " << trial);
    std::map<std::string, double> weights;
    for (int g = 0; g < 3; ++g)
      weights[group_names[static_cast<std::size_t>(g)]] = std::pow(10.0, 4.0 * random_entry(8, trial, g));
    weights["group_1.stress"] = std::pow(10.0, 4.0 * random_entry(8, trial, 7));
    if (trial == 9) weights[group_names[0]] = 0.0;
    const design::GroupMultipliers multipliers = compress::group_multipliers(group_names, weights);
    Rows weighted = rows;
    for (Index i = 0; i < rows.size(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      weighted.w(i) *=
          multipliers[static_cast<std::size_t>(rows.group[at])][static_cast<std::size_t>(rows.type[at])];
    }
    MemorySource again(weighted);
    for (const auto* estimator : {ols.get(), ridge.get()}) {
      const auto fit =
          fit_compressed(compressed.design, *estimator, Intercept::fitted, multipliers, world).fit;
      const auto should = fit_rows(again, *estimator, Intercept::fitted, world).fit;
      EXPECT_LE(scaled_distance(weighted, fit.coefficients, should.coefficients), 1e-9);
      EXPECT_NEAR(fit.intercept, should.intercept,
                  1e-9 * (std::abs(should.intercept) + should.coefficients.norm()));
      EXPECT_NEAR(fit.residual_norm, should.residual_norm, 1e-9 * should.residual_norm);
      EXPECT_NEAR(fit.dof, should.dof, 1e-9 * should.dof);
    }
    const auto fit = fit_compressed(compressed.design, *ols, Intercept::fitted, multipliers, world).fit;
    for (const MetricsRow& row :
         estimate::metrics_rows(estimate::errors_from_factors(compressed.design, multipliers,
                                                              fit.coefficients, fit.intercept, world),
                                group_names)) {
      SCOPED_TRACE(row.group + " " + row.row_type + " " + row.split + " " + row.weighting);
      const MetricsRow should = plain(weighted, fit, row);
      EXPECT_EQ(row.count, should.count);
      EXPECT_NEAR(row.rmse, should.rmse, bound * should.rmse);
      EXPECT_NEAR(row.r2, should.r2, bound * (1.0 - should.r2));
    }
  }
}

}  // namespace
}  // namespace tallfit::test
