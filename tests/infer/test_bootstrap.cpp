// Replicas from sums in whitened coordinates against fits of the resampled rows, one by one.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "replicas.hpp"
#include "support/errors.hpp"
#include "support/fit_rows.hpp"

#include "tallfit/infer/replica_sums.hpp"

namespace tallfit::test {
namespace {

struct Replicas {
  infer::Whitening whitening;
  Eigen::MatrixXd models;  ///< (K + 1) x replicas; NaN where a replica is to be fitted again
  Eigen::VectorXd norms, rows;
};

/// All of it: the fit to all rows, then the sums of all replicas in one pass, solved where they are.
Replicas run_bootstrap(TableSource& table, infer::Unit unit, const infer::Resampling& how, Index count,
                       estimate::Intercept intercept, const comm::Communicator& comm,
                       Index wait_bytes = Index{1} << 20U) {
  const Compressed compressed = compress_rows(table, comm);
  const auto system = estimate::training_system(
      compressed.design, compress::group_multipliers(table.info().group_names, {}), intercept, comm);
  const auto ols = estimate::make_estimator("ols", {});
  estimate::LinearFit fit;
  if (system) fit = ols->fit(*system);
  const Index k = table.info().n_cols;
  Replicas result{.whitening = infer::whitening_of(fit, k, comm),
                  .models = Eigen::MatrixXd::Zero(k + 1, count),
                  .norms = Eigen::VectorXd::Zero(count),
                  .rows = Eigen::VectorXd::Zero(count)};
  const infer::UnitRange units = infer::count_units(table, compressed.layout, unit, comm);
  infer::ReplicaSums sums(result.whitening, units, infer::replica_weights(how, units, 1, count), 1.0,
                          wait_bytes);
  infer::UnitRuns runs(unit, units, k, [&](const infer::UnitRun& run) { sums.add(run); });
  compress::RowVisitor* const visitors[] = {&runs};
  compress::run_row_pass(table, compressed.layout, comm, visitors, 4000);
  sums.finish(comm);
  for (Index r = 0; r < count; ++r) {
    const auto solution = infer::solve_replica(result.whitening, sums.of(r));
    result.models.col(r).setConstant(std::numeric_limits<double>::quiet_NaN());
    if (!solution) continue;
    result.models.col(r) << solution->coefficients, solution->intercept;
    result.norms(r) = solution->residual_norm;
    result.rows(r) = static_cast<double>(solution->n_rows);
  }
  return result;
}

// The heart of it: wrong units, weights that go with the wrong unit, residuals of the wrong sign, a lost
// intercept, test rows that are drawn.
TEST(Bootstrap, ReplicasAreFitsOfTheResampledRows) {
  const auto world = comm::Communicator::world();
  SomeTable table(1400, 9, 3);
  for (const auto unit : {infer::Unit::configuration, infer::Unit::row}) {
    for (const auto draw : {infer::Draw::bootstrap, infer::Draw::poisson, infer::Draw::bayesian,
                            infer::Draw::subsample, infer::Draw::folds}) {
      const bool intercept = draw != infer::Draw::poisson;
      const infer::Resampling how{.draw = draw, .fraction = 0.8, .folds = 4, .seed = 5};
      const Index count = 5;
      const Replicas is =
          run_bootstrap(table, unit, how, count,
                        intercept ? estimate::Intercept::fitted : estimate::Intercept::none, world);
      const std::vector<Index> units = units_of(table, unit);
      const Index n_units = *std::max_element(units.begin(), units.end()) + 1;
      const Eigen::MatrixXf weights =
          infer::replica_weights(how, {.first = 0, .count = n_units, .total = n_units}, 1, count);
      for (Index r = 0; r < count; ++r) {
        const Eigen::VectorXd should = fit_of_weighted(table, units, weights.col(r), intercept);
        // In whitened coordinates a fit has errors of rounding: 2^-45 for each of 1,000 units, times a few
        // for the condition of M; the second column is the first plus one part in 1,000.
        const Eigen::VectorXd off = is.models.col(r) - should;
        for (Index j = 0; j <= table.info().n_cols; ++j)
          EXPECT_NEAR(off(j), 0.0, 1e-10 * should.norm()) << "replica " << r << ", coefficient " << j;
      }
    }
  }
}

// Whole groups: few units, drawn with several copies.
TEST(Bootstrap, GroupsAreUnitsToo) {
  const auto world = comm::Communicator::world();
  SomeTable table(900, 4, 8);
  const infer::Resampling how{.seed = 9};
  const Replicas is = run_bootstrap(table, infer::Unit::group, how, 6, estimate::Intercept::none, world);
  const std::vector<Index> units = units_of(table, infer::Unit::group);
  const Eigen::MatrixXf weights = infer::replica_weights(how, {.first = 0, .count = 3, .total = 3}, 1, 6);
  for (Index r = 0; r < 6; ++r)
    EXPECT_LE((is.models.col(r) - fit_of_weighted(table, units, weights.col(r), false)).norm(), 1e-10);
}

// Sums of whole multiples of one number have no rounding, so neither ranks, nor how many wait to be added,
// nor which other replicas there are change a bit. Catches blocks that cut a unit's products differently.
TEST(Bootstrap, BitsDoNotDependOnRanksNorOnOtherReplicas) {
  const auto world = comm::Communicator::world();
  SomeTable table(3000, 7, 4);
  const infer::Resampling how{.seed = 1};
  const Replicas together =
      run_bootstrap(table, infer::Unit::configuration, how, 8, estimate::Intercept::fitted, world);
  const Replicas alone = run_bootstrap(table, infer::Unit::configuration, how, 5, estimate::Intercept::fitted,
                                       comm::Communicator::self(), 1);
  for (Index r = 0; r < 5; ++r) {
    EXPECT_EQ(together.models.col(r), alone.models.col(r));
    EXPECT_EQ(together.norms(r), alone.norms(r));
    EXPECT_EQ(together.rows(r), alone.rows(r));
  }
}

// A column that one configuration alone knows: replicas without it are not solved from sums, where the column
// would come out as noise; with it they are.
TEST(Bootstrap, ReplicasThatLackAColumnAreTold) {
  const auto self = comm::Communicator::self();
  SomeTable table(800, 5, 6);
  const std::vector<Index> units = units_of(table, infer::Unit::configuration);
  for (Index i = 0; i < 800; ++i)
    if (units[static_cast<std::size_t>(i)] != 20) table.features(i, 4) = 0.0;
  const infer::Resampling how{.seed = 2};
  const Index count = 12;
  const Replicas is =
      run_bootstrap(table, infer::Unit::configuration, how, count, estimate::Intercept::none, self);
  const Index n_units = *std::max_element(units.begin(), units.end()) + 1;
  const Eigen::MatrixXf weights =
      infer::replica_weights(how, {.first = 0, .count = n_units, .total = n_units}, 1, count);
  Index lacking = 0;
  for (Index r = 0; r < count; ++r) {
    EXPECT_EQ(std::isnan(is.models(0, r)), weights(20, r) == 0.0F) << r;
    lacking += weights(20, r) == 0.0F ? 1 : 0;
  }
  EXPECT_GT(lacking, 0);
  EXPECT_LT(lacking, count);
}

// Means and variances of the draws: n counts of mean 1 and variance about 1 (1 - 1/n for the Dirichlet
// weights, n/(n+1)), half of the units without replacement, and all but one part.
TEST(Bootstrap, DrawsHaveTheirDistributions) {
  const infer::UnitRange units{.first = 0, .count = 4000, .total = 4000};
  const auto draws = [&](infer::Draw draw, double fraction) {
    return Eigen::MatrixXd(
        infer::replica_weights({.draw = draw, .fraction = fraction, .folds = 4, .seed = 3}, units, 1, 8)
            .cast<double>());
  };
  for (const auto draw : {infer::Draw::bootstrap, infer::Draw::poisson, infer::Draw::bayesian}) {
    const Eigen::MatrixXd weights = draws(draw, 1.0);
    const double mean = weights.mean();
    const double variance = (weights.array() - mean).square().mean();
    // 32,000 draws: five standard errors of the mean are 0.028, of the variance (kurtosis at most 9) 0.08
    EXPECT_NEAR(mean, 1.0, 0.028);
    EXPECT_NEAR(variance, 1.0, 0.08);
    if (draw == infer::Draw::bootstrap) {
      for (Index r = 0; r < 8; ++r) EXPECT_EQ(weights.col(r).sum(), 4000.0);
    }
    // e^-1 are left out, but by no Bayesian bootstrap
    const double left_out = (weights.array() == 0.0).cast<double>().mean();
    EXPECT_NEAR(left_out, draw == infer::Draw::bayesian ? 0.0 : std::exp(-1.0), 0.014);
  }
  const Eigen::MatrixXd half = draws(infer::Draw::subsample, 0.5);
  EXPECT_EQ(half.maxCoeff(), 1.0);
  for (Index r = 0; r < 8; ++r) EXPECT_EQ(half.col(r).sum(), 2000.0);
  const Eigen::MatrixXd folds = draws(infer::Draw::folds, 1.0);
  // each of two rounds of four leaves every unit out once
  EXPECT_TRUE((folds.leftCols(4).rowwise().sum().array() == 3.0).all());
  EXPECT_TRUE((folds.rightCols(4).rowwise().sum().array() == 3.0).all());
  EXPECT_NE(folds.col(0), folds.col(4));
}

// A part of the units has the weights that it has among all.
TEST(Bootstrap, WeightsDoNotDependOnWhoAsks) {
  for (const auto draw : {infer::Draw::bootstrap, infer::Draw::poisson, infer::Draw::bayesian,
                          infer::Draw::subsample, infer::Draw::folds}) {
    const infer::Resampling how{.draw = draw, .fraction = 0.5, .folds = 3, .seed = 4};
    const Eigen::MatrixXf all = infer::replica_weights(how, {.first = 0, .count = 50, .total = 50}, 1, 10);
    const Eigen::MatrixXf part = infer::replica_weights(how, {.first = 20, .count = 7, .total = 50}, 4, 3);
    EXPECT_EQ(part, all.block(20, 3, 7, 3));
  }
  support::expect_error(ErrorKind::input, {"cannot be dealt to 4 folds"}, [] {
    infer::replica_weights({.draw = infer::Draw::folds, .folds = 4}, {.first = 0, .count = 3, .total = 3}, 1,
                           1);
  });
}

}  // namespace
}  // namespace tallfit::test
