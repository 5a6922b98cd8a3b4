// What weights are judged by, against refits of rows, dense densities and differences.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numbers>

#include "support/errors.hpp"
#include "support/oracle.hpp"
#include "weighted_rows.hpp"

#include "tallfit/estimate/weight_objectives.hpp"

namespace tallfit::test {
namespace {

using estimate::CellGrams;
using estimate::Evaluation;
using estimate::Intercept;
using estimate::WeightClass;
using estimate::WeightedModel;

constexpr int n_folds = 4;

/// Everything up to the Grams, whitened at some multipliers.
struct Prepared {
  Prepared(const Rows& rows, const WeightedModel& model, const comm::Communicator& comm, int folds = n_folds)
      : source(rows),
        compressed(compress_rows(source, comm, {.fold = folds > 0}, folds)),
        start(compress::group_multipliers(compressed.design.group_names, {})),
        classes(estimate::weight_classes(compressed.design, start)),
        grams(compressed.design, start, classes, Eigen::VectorXd::Ones(static_cast<Index>(classes.size())),
              model, comm),
        targets(estimate::error_targets(classes, compressed.design.group_names,
                                        {{"*.energy", 1.0}, {"*.force", 2.0}, {"group_1.force", 0.5}})) {}

  MemorySource source;
  Compressed compressed;
  design::GroupMultipliers start;
  std::vector<WeightClass> classes;
  CellGrams grams;
  std::vector<estimate::ErrorTarget> targets;
};

Eigen::VectorXd some_multipliers(Index n) {
  return Eigen::VectorXd::NullaryExpr(n, [](Index c) { return std::exp(1.5 * random_entry(9, c, 0)); });
}

/// The fold of every row.
std::vector<int> folds_of(MemorySource& source, const compress::RowLayout& layout) {
  std::vector<int> folds;
  for (Index leaf = 0; leaf < layout.n_leaves(); ++leaf) {
    const Index begin = layout.leaf_begin[static_cast<std::size_t>(leaf)];
    const Index end = layout.leaf_begin[static_cast<std::size_t>(leaf) + 1];
    design::RowLabels labels;
    source.read_labels(begin, end - begin, labels);
    std::vector<compress::CellKey> keys;
    compress::RowClassifier(layout, leaf).classify(labels, keys);
    for (const compress::CellKey& key : keys) folds.push_back(key.fold);
  }
  return folds;
}

Eigen::VectorXd row_multipliers(const Rows& rows, const std::vector<WeightClass>& classes,
                                const Eigen::VectorXd& multipliers) {
  return Eigen::VectorXd::NullaryExpr(rows.size(), [&](Index i) {
    const auto at = static_cast<std::size_t>(i);
    return multipliers(
        estimate::class_of(classes, {.group = rows.group[at], .row_type = static_cast<int>(rows.type[at])}));
  });
}

/// Ridge with an intercept by QR in 80 bits: (θ, c).
Eigen::VectorXd oracle_fit(const Rows& rows, const Eigen::VectorXd& scale, double lambda) {
  const Index n = rows.size();
  const Index k = rows.a.cols();
  support::LongMatrix a = support::LongMatrix::Zero(n + k, k + 1);
  support::LongVector b = support::LongVector::Zero(n + k);
  for (Index i = 0; i < n; ++i) {
    a.row(i).head(k) = scale(i) * rows.a.row(i).cast<long double>();
    a(i, k) = scale(i);
    b(i) = static_cast<long double>(scale(i)) * rows.b(i);
  }
  for (Index j = 0; j < k; ++j) a(n + j, j) = std::sqrt(static_cast<long double>(lambda));
  return support::least_squares(a, b).cast<double>();
}

/// Derivatives by ln m against central differences of step h: h² of the third derivative, which is some of
/// the value, and ε / h of it in rounding.
template <class Objective>
void expect_gradient(const Eigen::VectorXd& at, const Objective& objective) {
  const Evaluation found = objective(at);
  constexpr double h = 1e-4;
  for (Index c = 0; c < at.size(); ++c) {
    Eigen::VectorXd up = at;
    Eigen::VectorXd down = at;
    up(c) *= std::exp(h);
    down(c) *= std::exp(-h);
    const double difference = (objective(up).value - objective(down).value) / (2.0 * h);
    EXPECT_NEAR(found.gradient(c), difference, 1e-7 * std::abs(found.value)) << "class " << c;
  }
  EXPECT_GT(found.gradient.norm(), 1e-3 * std::abs(found.value));  // not flat, or nothing was tested
}

bool same_bits(const Evaluation& x, const Evaluation& y) {
  return x.value == y.value && x.gradient.size() == y.gradient.size() &&
         std::memcmp(x.gradient.data(), y.gradient.data(),
                     static_cast<std::size_t>(x.gradient.size()) * sizeof(double)) == 0;
}

// Catches rows of the held-out fold in the fit, errors that are weighted, a penalised intercept, multipliers
// that are squared once too often, classes exchanged. Whitened sums lose ε times the condition, below 100
// here, of each residual: 1e-9 leaves four digits.
TEST(HeldOutErrors, AreThoseOfRefitsOfRows) {
  const Rows rows = noisy_rows(150, 6, 0.3, 0.05);
  const auto self = comm::Communicator::self();
  const double lambda = 0.7;
  Prepared made(rows, {.lambda = lambda, .intercept = Intercept::fitted}, self);
  const Eigen::VectorXd multipliers = some_multipliers(made.grams.n_classes());
  const Eigen::VectorXd found = estimate::held_out_errors(made.grams, made.targets, multipliers);

  const std::vector<int> folds = folds_of(made.source, made.compressed.layout);
  const Eigen::VectorXd scale = rows.w.cwiseProduct(row_multipliers(rows, made.classes, multipliers));
  double energy = 0.0, force = 0.0, of_group = 0.0;
  for (int fold = 0; fold < n_folds; ++fold) {
    Eigen::VectorXd training = scale;
    for (Index i = 0; i < rows.size(); ++i)
      if (folds[static_cast<std::size_t>(i)] == fold) training(i) = 0.0;
    const Eigen::VectorXd x = oracle_fit(rows, training, lambda);
    for (Index i = 0; i < rows.size(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (folds[at] != fold) continue;
      const double error = rows.b(i) - rows.a.row(i).dot(x.head(6)) - x(6);
      (rows.type[at] == design::RowType::energy ? energy : force) += error * error;
      if (rows.type[at] == design::RowType::force && rows.group[at] == 1) of_group += error * error;
    }
  }
  std::map<std::string, double> should{{"*.energy", std::sqrt(energy / 150.0)},
                                       {"*.force", std::sqrt(force / 450.0)},
                                       {"group_1.force", std::sqrt(of_group / 225.0)}};
  ASSERT_EQ(made.targets.size(), 3U);
  for (std::size_t t = 0; t < 3; ++t) {
    const double want = should.at(made.targets[t].name);
    EXPECT_NEAR(found(static_cast<Index>(t)), want, 1e-9 * want) << made.targets[t].name;
  }
}

TEST(HeldOutObjective, GradientIsThatOfDifferences) {
  const Rows rows = noisy_rows(60, 5, 0.3, 0.05);
  const auto self = comm::Communicator::self();
  for (const double lambda : {0.0, 2.0}) {
    for (const int folds : {n_folds, 0}) {
      SCOPED_TRACE(testing::Message() << "lambda " << lambda << ", folds " << folds);
      Prepared made(rows, {.lambda = lambda, .intercept = Intercept::fitted}, self, folds);
      const Eigen::VectorXd at = some_multipliers(made.grams.n_classes());
      const Eigen::VectorXd references =
          estimate::held_out_errors(made.grams, made.targets, Eigen::VectorXd::Ones(made.grams.n_classes()));
      expect_gradient(at, [&](const Eigen::VectorXd& m) {
        return estimate::held_out_objective(made.grams, made.targets, references, m);
      });
    }
  }
}

TEST(EvidenceObjective, GradientIsThatOfDifferences) {
  const Rows rows = noisy_rows(60, 5, 0.3, 0.05);
  const auto self = comm::Communicator::self();
  for (const Intercept intercept : {Intercept::none, Intercept::fitted}) {
    for (const double lambda : {0.0, 2.0}) {
      const WeightedModel model{.lambda = lambda, .intercept = intercept};
      Prepared made(rows, model, self);
      expect_gradient(some_multipliers(made.grams.n_classes()), [&](const Eigen::VectorXd& m) {
        return estimate::evidence_objective(made.grams, model, m);
      });
    }
  }
}

// ln N(w b; 0, diag(1/m²) + (w A)(w A)ᵀ/λ), the covariance factored as a sum of squares.
TEST(EvidenceObjective, IsTheDensityOfTheTargets) {
  const Rows rows = noisy_rows(20, 3, 0.3, 0.05);
  const auto self = comm::Communicator::self();
  const WeightedModel model{.lambda = 0.3};
  Prepared made(rows, model, self);
  const Eigen::VectorXd multipliers = some_multipliers(made.grams.n_classes());
  const Index n = rows.size();
  Eigen::MatrixXd root = Eigen::MatrixXd::Zero(n + 3, n);
  root.topRows(n).diagonal() = row_multipliers(rows, made.classes, multipliers).cwiseInverse();
  root.bottomRows(3) = rows.weighted_a().transpose() / std::sqrt(model.lambda);
  const Eigen::MatrixXd r = support::triangle_of(root);
  const Eigen::MatrixXd inverse = support::solve_upper(r, Eigen::MatrixXd::Identity(n, n));
  const double should = -r.diagonal().cwiseAbs().array().log().sum() -
                        0.5 * (inverse.transpose() * rows.weighted_b()).squaredNorm() -
                        0.5 * static_cast<double>(n) * std::log(2.0 * std::numbers::pi);
  const double found =
      -static_cast<double>(n) * estimate::evidence_objective(made.grams, model, multipliers).value;
  // N terms with rounding ε κ(C): variances span 1e5.
  EXPECT_NEAR(found, should, 1e-9 * std::abs(should));
}

// Coordinates may be those of any multipliers: the Grams change, the figures do not.
TEST(Objectives, DoNotDependOnTheCoordinates) {
  const Rows rows = noisy_rows(60, 5, 0.3, 0.05);
  const auto self = comm::Communicator::self();
  const WeightedModel model{.lambda = 0.4, .intercept = Intercept::fitted};
  Prepared made(rows, model, self);
  const Eigen::VectorXd at = some_multipliers(made.grams.n_classes());
  const CellGrams other(made.compressed.design, made.start, made.classes, 3.0 * at.cwiseInverse(), model,
                        self);
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(3);
  const Evaluation here = estimate::held_out_objective(made.grams, made.targets, ones, at);
  const Evaluation there = estimate::held_out_objective(other, made.targets, ones, at);
  EXPECT_NEAR(here.value, there.value, 1e-11 * here.value);
  EXPECT_LE((here.gradient - there.gradient).norm(), 1e-10 * here.gradient.norm());
  EXPECT_NEAR(estimate::evidence_objective(made.grams, model, at).value,
              estimate::evidence_objective(other, model, at).value, 1e-11);
  EXPECT_LT(estimate::held_out_objective(other, made.targets, ones, 3.0 * at.cwiseInverse()).condition, 30.0);
}

TEST(Objectives, HaveTheSameBitsOnAnyRanks) {
  const Rows rows = noisy_rows(150, 7, 0.3, 0.05);
  const auto world = comm::Communicator::world();
  const auto self = comm::Communicator::self();
  const WeightedModel model{.lambda = 0.4, .intercept = Intercept::fitted};
  Prepared all(rows, model, world);
  Prepared alone(rows, model, self);
  const Eigen::VectorXd at = some_multipliers(all.grams.n_classes());
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(3);
  EXPECT_TRUE(same_bits(estimate::held_out_objective(all.grams, all.targets, ones, at),
                        estimate::held_out_objective(alone.grams, alone.targets, ones, at)));
  EXPECT_TRUE(same_bits(estimate::evidence_objective(all.grams, model, at),
                        estimate::evidence_objective(alone.grams, model, at)));
}

// Without fold 0 nothing is known of the last column.
TEST(HeldOutErrors, NameAFoldThatAloneKnowsAColumn) {
  Rows rows = noisy_rows(60, 5, 0.3, 0.05);
  const auto world = comm::Communicator::world();
  {
    MemorySource source(rows);
    const auto self = comm::Communicator::self();
    const Compressed compressed = compress_rows(source, self, {}, n_folds);
    const std::vector<int> folds = folds_of(source, compressed.layout);
    for (Index i = 0; i < rows.size(); ++i)
      if (folds[static_cast<std::size_t>(i)] != 0) rows.a(i, 4) = 0.0;
  }
  Prepared made(rows, {}, world);
  support::expect_error(ErrorKind::numerical, {"without fold 0"}, [&] {
    estimate::held_out_errors(made.grams, made.targets, Eigen::VectorXd::Ones(made.grams.n_classes()));
  });
}

}  // namespace
}  // namespace tallfit::test
