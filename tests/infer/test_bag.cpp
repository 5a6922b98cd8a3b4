// Ensembles of any estimator and any design against dense fits of the resampled rows.
#include <gtest/gtest.h>

#include <limits>

#include "replicas.hpp"
#include "support/errors.hpp"
#include "support/fit_rows.hpp"

#include "tallfit/infer/bag.hpp"

namespace tallfit::test {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

struct BagCase {
  std::string estimator = "ols";
  estimate::EstimatorOptions options = {};
  estimate::Intercept intercept = estimate::Intercept::none;
  bool out_of_bag = false;
};

/// What the program does, from the fit of all rows to the ensemble.
infer::Ensemble bag_of(TableSource& table, const BagCase& how, infer::BagOptions options,
                       const comm::Communicator& comm) {
  const Compressed compressed = compress_rows(table, comm);
  const auto system = estimate::training_system(
      compressed.design, compress::group_multipliers(table.info().group_names, {}), how.intercept, comm);
  estimate::LinearFit fit;
  if (system) fit = estimate::make_estimator("ols", {})->fit(*system);
  options.sum_of_weights = system ? system->sum_of_weights : 0.0;
  comm::broadcast(comm, std::span(&options.sum_of_weights, 1), 0);
  options.intercept = how.intercept;
  if (options.sums_bytes == 0) options.sums_bytes = Index{1} << 16U;
  const infer::BagRows rows{table, compressed.layout, comm, 4000};
  infer::Ensemble ensemble = infer::fit_replicas(rows, infer::whitening_of(fit, table.info().n_cols, comm),
                                                 *estimate::make_estimator(how.estimator, how.options),
                                                 how.estimator == "ols", options);
  if (how.out_of_bag) infer::add_out_of_bag(rows, options, ensemble);
  return ensemble;
}

/// The weights that a bag of a table has, for all of its units.
Eigen::MatrixXf weights_of(const std::vector<Index>& units, const infer::BagOptions& options) {
  return infer::replica_weights(options.resampling, all_units(units), options.first, options.count);
}

// Errors of rows that a replica did not draw, by its own dense fit: of each group and row type.
// In batches of two: sums of 300 bytes and weights of some 150 units each.
TEST(Bag, OutOfBagErrorsAreThoseOfRefitsForUnseenConfigurations) {
  const auto world = comm::Communicator::world();
  SomeTable table(1200, 6, 12);
  const infer::BagOptions options{
      .resampling = {.seed = 4}, .first = 3, .count = 4, .sums_bytes = Index{1} << 12U};
  const infer::Ensemble ensemble =
      bag_of(table, {.intercept = estimate::Intercept::fitted, .out_of_bag = true}, options, world);
  const std::vector<Index> units = units_of(table, infer::Unit::configuration);
  const Eigen::MatrixXf weights = weights_of(units, options);
  ASSERT_EQ(ensemble.out_of_bag.size(), 4U);
  for (Index r = 0; r < options.count; ++r) {
    const Eigen::VectorXd model = fit_of_weighted(table, units, weights.col(r), true);
    estimate::ErrorTable should;
    for (Index i = 0; i < table.info().n_rows; ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (units[at] < 0 || weights(units[at], r) != 0.0F) continue;
      const double b = table.labels.target[at];
      estimate::ErrorSums& sums = should[{.group = static_cast<int>(table.labels.group[at]),
                                          .row_type = static_cast<int>(table.labels.type[at]),
                                          .test = false}];
      sums.add(b - table.features.row(i).dot(model.head(6)) - model(6), table.labels.scale[at]);
      ++sums.targets.count;
    }
    const estimate::ErrorTable& is = ensemble.out_of_bag[static_cast<std::size_t>(r)];
    ASSERT_EQ(is.size(), should.size());
    for (const auto& [key, sums] : should) {
      ASSERT_TRUE(is.contains(key));
      const estimate::ErrorSums& of_bag = is.at(key);
      EXPECT_EQ(of_bag.targets.count, sums.targets.count);
      // coefficients are good to 1e-10, features of 1e3 times two nearly equal ones; errors are of order 1
      const double bound = 1e-8;
      EXPECT_NEAR(of_bag.squares, sums.squares, bound * sums.squares);
      EXPECT_NEAR(of_bag.absolute, sums.absolute, bound * sums.absolute);
      EXPECT_NEAR(of_bag.largest, sums.largest, bound * sums.largest);
      EXPECT_NEAR(of_bag.weighted_squares, sums.weighted_squares, bound * sums.weighted_squares);
      EXPECT_NEAR(of_bag.weighted_absolute, sums.weighted_absolute, bound * sums.weighted_absolute);
      EXPECT_NEAR(of_bag.weighted_largest, sums.weighted_largest, bound * sums.weighted_largest);
    }
  }
}

// ‖W (A θ + c - b)‖² + λ ‖θ‖²: rows √λ below those of the replica.
TEST(Bag, ReplicasOfRidgeAreRefits) {
  const auto world = comm::Communicator::world();
  SomeTable table(900, 5, 7);
  constexpr double lambda = 300.0;
  const infer::BagOptions options{.resampling = {.seed = 2}, .count = 5};
  const infer::Ensemble ensemble = bag_of(
      table, {.estimator = "ridge", .options = {.lambda = lambda}, .intercept = estimate::Intercept::fitted},
      options, world);
  const std::vector<Index> units = units_of(table, infer::Unit::configuration);
  const Eigen::MatrixXf weights = weights_of(units, options);
  for (Index r = 0; r < options.count; ++r) {
    WeightedRows rows = weighted_rows(table, units, weights.col(r), true);
    const Index n = rows.b.size();
    rows.a.conservativeResize(n + 5, Eigen::NoChange);
    rows.b.conservativeResize(n + 5);
    rows.b.tail(5).setZero();
    rows.a.bottomRows(5).setZero();
    for (Index j = 0; j < 5; ++j) rows.a(n + j, j) = std::sqrt(static_cast<long double>(lambda));
    const Eigen::VectorXd should = support::least_squares(rows.a, rows.b).cast<double>();
    // as for least squares; the first two columns have a condition of 1e3
    EXPECT_LE((ensemble.models.col(r) - should).norm(), 1e-10 * should.norm()) << r;
  }
}

// 1 / (2 S) ‖W (A θ - b)‖² + λ Σ |θ_j|, S the weights of the replica: its minimum is where the gradient of
// the squares is -λ sign θ_j, or at most λ at zeros. Catches an S of all rows in place of the replica's.
TEST(Bag, ReplicasOfLassoAreMinima) {
  const auto world = comm::Communicator::world();
  TableSource table(900, 6, 3);
  support::fill_randomly(table, 5);
  for (std::size_t i = 0; i < 900; ++i)
    table.labels.target[i] +=
        table.features(static_cast<Index>(i), 0) - 0.4 * table.features(static_cast<Index>(i), 3);
  constexpr double lambda = 0.1;
  const infer::BagOptions options{
      .unit = infer::Unit::row, .resampling = {.fraction = 0.3, .seed = 6}, .count = 4};
  const infer::Ensemble ensemble =
      bag_of(table, {.estimator = "lasso", .options = {.lambda = lambda, .tol = 1e-12}}, options, world);
  const std::vector<Index> units = units_of(table, infer::Unit::row);
  const Eigen::MatrixXf weights = weights_of(units, options);
  Index zeros = 0;
  for (Index r = 0; r < options.count; ++r) {
    const WeightedRows rows = weighted_rows(table, units, weights.col(r), false);
    const support::LongVector theta = ensemble.models.col(r).head(6).cast<long double>();
    const long double s = weights.col(r).sum();
    const support::LongVector slope = rows.a.transpose() * (rows.b - rows.a * theta) / s;
    for (Index j = 0; j < 6; ++j) {
      // a duality gap of 1e-12 ‖b‖² leaves slopes that are wrong by its root or so
      constexpr double bound = 3e-6;
      if (theta(j) == 0.0L)
        EXPECT_LE(std::abs(static_cast<double>(slope(j))), lambda + bound);
      else
        EXPECT_NEAR(static_cast<double>(slope(j)), theta(j) > 0.0L ? lambda : -lambda, bound);
      zeros += theta(j) == 0.0L ? 1 : 0;
    }
  }
  EXPECT_GT(zeros, 0);
  EXPECT_LT(zeros, 24);
}

/// Errors of replicas, and of QR in double of the same rows, against QR in extended precision: the largest.
struct Accuracy {
  double of_replicas = 0.0;
  double of_qr = 0.0;
};

Accuracy accuracy_of(TableSource& table, const infer::Ensemble& ensemble, const infer::BagOptions& options) {
  const std::vector<Index> units = units_of(table, options.unit);
  const Eigen::MatrixXf weights = weights_of(units, options);
  const Index k = table.info().n_cols;
  Accuracy accuracy;
  for (Index r = 0; r < options.count; ++r) {
    const WeightedRows rows = weighted_rows(table, units, weights.col(r), false);
    const Eigen::VectorXd truth = support::least_squares(rows.a, rows.b).cast<double>();
    Eigen::MatrixXd all(rows.a.rows(), k + 1);
    all << rows.a.cast<double>(), rows.b.cast<double>();
    const Eigen::MatrixXd triangle = support::triangle_of(all);
    const Eigen::VectorXd qr = support::solve_upper(triangle.topLeftCorner(k, k), triangle.col(k).head(k));
    accuracy.of_qr = std::max(accuracy.of_qr, (qr - truth).norm() / truth.norm());
    accuracy.of_replicas =
        std::max(accuracy.of_replicas, (ensemble.models.col(r).head(k) - truth).norm() / truth.norm());
  }
  return accuracy;
}

// Columns that nearly depend on one another, with a condition of 1e12 that scaling does not mend: normal
// equations have no digits left, QR some four. Replicas must be as good as QR; both errors are random, of the
// size ε times the condition, and the largest of six times eight numbers each: ten times that of QR is far
// from what a squared condition leaves.
TEST(Bag, ReplicasOfAnIllConditionedDesignAreAsGoodAsQr) {
  const auto world = comm::Communicator::world();
  SomeTable table(800, 6, 21);
  Eigen::VectorXd model = Eigen::VectorXd::LinSpaced(6, 1.0, 2.0);
  for (Index i = 0; i < 800; ++i) {
    table.features(i, 5) = table.features(i, 3) + table.features(i, 4) + 1e-12 * table.features(i, 5);
    table.labels.target[static_cast<std::size_t>(i)] *= 1e-3;
    table.labels.target[static_cast<std::size_t>(i)] += table.features.row(i).dot(model);
  }
  const infer::BagOptions options{.resampling = {.seed = 8}, .count = 8};
  const infer::Ensemble ensemble = bag_of(table, {}, options, world);
  EXPECT_TRUE(ensemble.refitted.empty());
  const Accuracy accuracy = accuracy_of(table, ensemble, options);
  EXPECT_LE(accuracy.of_replicas, 10.0 * std::max(accuracy.of_qr, 1e12 * eps));
}

// Directions that one configuration alone knows well: half of these to 1e2 of what all others know (replicas
// without it have M of condition 1e4 or so, and come from sums), half to 1e5 (they are fitted from their
// rows).
TEST(Bag, ReplicasOfHighLeveragesAreAsGoodAsQr) {
  const auto world = comm::Communicator::world();
  TableSource table(1000, 16, 2);
  support::fill_randomly(table, 31);
  const std::vector<Index> units = units_of(table, infer::Unit::configuration);
  // configuration 5 + 7 j is the one that knows column j, by its first row
  Index seen = -1;
  for (Index i = 0; i < 1000; ++i) {
    const Index unit = units[static_cast<std::size_t>(i)];
    for (Index j = 0; j < 12; ++j) {
      const bool knows = unit == 5 + 7 * j && unit != seen;
      if (!knows) table.features(i, j) *= j < 6 ? 1e-3 : 1e-6;
      if (knows) table.features(i, j) = 3.0;
    }
    seen = unit;
  }
  const infer::BagOptions options{.resampling = {.seed = 3}, .count = 10};
  const Eigen::MatrixXf weights = weights_of(units, options);
  const infer::Ensemble ensemble = bag_of(table, {}, options, world);
  std::vector<Index> lacking;
  for (Index r = 0; r < options.count; ++r)
    for (Index j = 6; j < 12; ++j)
      if (weights(5 + 7 * j, r) == 0.0F && (lacking.empty() || lacking.back() != r + 1))
        lacking.push_back(r + 1);
  EXPECT_EQ(ensemble.refitted, lacking);
  EXPECT_FALSE(lacking.empty());
  const Accuracy accuracy = accuracy_of(table, ensemble, options);
  // M = I + what rounding of 2^-45 for each of some 140 units adds, times the condition of 1e6 at most that
  // sums are trusted with: 140 · 2^-45 · 1e6
  EXPECT_LE(accuracy.of_replicas, std::max(10.0 * accuracy.of_qr, 4e-6));
}

// A column twice, and one of zeros: the solution of the smallest norm, as a fit of the resampled rows has it.
TEST(Bag, ReplicasOfDependentColumnsHaveTheSmallestNorm) {
  const auto world = comm::Communicator::world();
  TableSource table(700, 6, 2);
  support::fill_randomly(table, 9);
  table.features.col(4) = 2.0 * table.features.col(1);
  table.features.col(5).setZero();
  const infer::BagOptions options{.resampling = {.seed = 1}, .count = 6};
  const infer::Ensemble ensemble = bag_of(table, {}, options, world);
  EXPECT_TRUE(ensemble.refitted.empty());
  const std::vector<Index> units = units_of(table, infer::Unit::configuration);
  const Eigen::MatrixXf weights = weights_of(units, options);
  for (Index r = 0; r < options.count; ++r) {
    const WeightedRows rows = weighted_rows(table, units, weights.col(r), false);
    const Eigen::VectorXd should = support::minimum_norm(rows.a.cast<double>(), rows.b.cast<double>(), 4);
    // rounding of 2^-45 for each of some 100 units, times a condition of order 1 and six coefficients
    EXPECT_LE((ensemble.models.col(r).head(6) - should).norm(), 6 * 100 * 0x1p-45 * 10.0) << r;
  }
  support::expect_error(ErrorKind::input, {"some columns depend on one another", "other"},
                        [&] { bag_of(table, {.estimator = "ridge"}, options, world); });
}

TEST(Bag, NoUnitsAndNoReplicasAreNamed) {
  const auto world = comm::Communicator::world();
  SomeTable table(100, 2, 1);
  support::expect_error(ErrorKind::input, {"asks for 0 replicas", "expected at least one"},
                        [&] { bag_of(table, {}, {.count = 0}, world); });
  support::expect_error(ErrorKind::resource, {"are left of run.memory_per_rank"},
                        [&] { bag_of(table, {}, {.count = 2, .sums_bytes = 100}, world); });
  support::expect_error(ErrorKind::input, {"no training rows: nothing can be drawn"},
                        [] { infer::replica_weights({}, {.first = 0, .count = 0, .total = 0}, 1, 1); });
  support::expect_error(ErrorKind::input, {"bag.fraction = 1.5"}, [] {
    infer::replica_weights({.draw = infer::Draw::subsample, .fraction = 1.5},
                           {.first = 0, .count = 9, .total = 9}, 1, 1);
  });
}

}  // namespace
}  // namespace tallfit::test
