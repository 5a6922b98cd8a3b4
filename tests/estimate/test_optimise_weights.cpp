// Searches of weights where the best ones are known, and on real training sets.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>

#include "support/data.hpp"
#include "support/errors.hpp"
#include "support/oracle.hpp"
#include "weighted_rows.hpp"

#include "tallfit/estimate/optimise_weights.hpp"
#include "tallfit/io/import.hpp"
#include "tallfit/linalg/petsc_session.hpp"

namespace tallfit::test {
namespace {

using estimate::BestWeights;
using estimate::Intercept;
using estimate::WeightCriterion;
using estimate::WeightSearch;

/// One session of PETSc for all tests.
class PetscOfTests : public testing::Environment {
public:
  void SetUp() override { petsc_.emplace(comm::Communicator::world()); }
  void TearDown() override { petsc_.reset(); }

private:
  std::optional<linalg::PetscSession> petsc_;
};
const testing::Environment* const petsc_of_tests = testing::AddGlobalTestEnvironment(new PetscOfTests);

constexpr compress::CellParts all_parts = {};

BestWeights best_of(design::RowSource& source, const WeightSearch& search, const comm::Communicator& comm,
                    int folds) {
  const Compressed compressed = compress_rows(source, comm, {.fold = folds > 0}, folds);
  const auto start = compress::group_multipliers(compressed.design.group_names, {});
  return estimate::optimise_weights(compressed.design, start, search, comm);
}

/// ln p of the weighted targets, coefficients integrated out, by the density of all rows at once.
double log_evidence_of(const Rows& rows, const Eigen::Vector2d& log_multipliers, double lambda) {
  Eigen::MatrixXd c = rows.weighted_a() * rows.weighted_a().transpose() / lambda;
  for (Index i = 0; i < rows.size(); ++i) {
    const bool energy = rows.type[static_cast<std::size_t>(i)] == design::RowType::energy;
    c(i, i) += std::exp(-2.0 * log_multipliers(energy ? 0 : 1));
  }
  return support::log_normal_density(rows.weighted_b(), c);
}

/// The place of the greatest value, by a search along the axes whose steps shrink.
Eigen::Vector2d maximum_of(const std::function<double(const Eigen::Vector2d&)>& f) {
  Eigen::Vector2d best = Eigen::Vector2d::Zero();
  double value = f(best);
  for (double step = 1.0; step > 1e-7;) {
    const Eigen::Vector2d from = best;
    for (const Eigen::Vector2d& way : {Eigen::Vector2d(step, 0.0), Eigen::Vector2d(-step, 0.0),
                                       Eigen::Vector2d(0.0, step), Eigen::Vector2d(0.0, -step)}) {
      const double here = f(from + way);
      if (here <= value) continue;
      value = here;
      best = from + way;
    }
    if (best == from) step *= 0.5;
  }
  return best;
}

// A precision of the noise for each row type: the squares of the multipliers are where the density of all
// rows is greatest. Its covariance has a condition of 1e7, so that rounding of the density is about 80 ε 1e7
// = 1e-7 of its smallest terms and 1e-9 of their sum; with a curvature of some tens in ln m the maximum is
// blunt to 1e-5.
TEST(OptimiseWeights, EvidenceGivesTheNoisePrecisionOfEachRowType) {
  Rows rows = noisy_rows(20, 3, 0.4, 0.02);
  constexpr double lambda = 0.1;
  const Eigen::Vector2d should = maximum_of(
      [&](const Eigen::Vector2d& log_multipliers) { return log_evidence_of(rows, log_multipliers, lambda); });
  const auto world = comm::Communicator::world();
  MemorySource source(rows);
  const Compressed compressed = compress_rows(source, world, {.group = false, .fold = false}, 0);
  const BestWeights best = estimate::optimise_weights(
      compressed.design, compress::group_multipliers(compressed.design.group_names, {}),
      {.criterion = WeightCriterion::evidence,
       .model = {.lambda = lambda},
       .bounds = {1e-6, 1e6},
       .tolerance = 1e-9},
      world);
  ASSERT_EQ(best.classes.size(), 2U);
  for (std::size_t c = 0; c < 2; ++c) {
    const bool energy = best.classes[c].row_type == static_cast<int>(design::RowType::energy);
    EXPECT_NEAR(std::log(best.multipliers(static_cast<Index>(c))), should(energy ? 0 : 1), 2e-5);
  }
}

// The noise of a class has the precision that was put in. For uniform noise ln m has a deviation of
// sqrt(0.2 / N): 0.014 for 1,000 energy rows of a group, and 5.5 of them are exceeded by chance in less than
// 1e-7 of all seeds. Catches N_c of the wrong class, squares for roots, rows' own scales left out.
TEST(OptimiseWeights, EvidenceFindsTheNoiseOfEachClass) {
  const Rows rows = noisy_rows(2000, 5, 0.4, 0.02);
  MemorySource source(rows);
  const BestWeights best = best_of(
      source, {.criterion = WeightCriterion::evidence, .model = {.lambda = 1e-3}, .bounds = {1e-6, 1e6}},
      comm::Communicator::world(), 0);
  EXPECT_TRUE(best.converged) << best.convergence;
  ASSERT_EQ(best.classes.size(), 4U);
  for (std::size_t c = 0; c < 4; ++c) {
    const estimate::WeightClass& of = best.classes[c];
    const double noise =
        (of.row_type == static_cast<int>(design::RowType::energy) ? 0.4 : 0.02) * (of.group == 0 ? 1.0 : 2.0);
    const double should = -std::log(noise);
    const double deviation = std::sqrt(0.2 / static_cast<double>(of.count));
    EXPECT_NEAR(std::log(best.multipliers(static_cast<Index>(c))), should, 5.5 * deviation) << "class " << c;
  }
  EXPECT_LT(best.value_after, best.value_before);
  EXPECT_FALSE(best.held_out);
  EXPECT_EQ(best.merges, 2);  // m² of the quiet forces is 2,500 times its start
}

// A step to either side along every class is no better, and the start was worse.
TEST(OptimiseWeights, HeldOutErrorsAreLeastAtTheEnd) {
  const Rows rows = noisy_rows(100, 6, 0.5, 0.03);
  MemorySource source(rows);
  const auto world = comm::Communicator::world();
  const WeightSearch search{.model = {.lambda = 0.5, .intercept = Intercept::fitted}, .tolerance = 1e-7};
  const Compressed compressed = compress_rows(source, world, all_parts, 5);
  const auto start = compress::group_multipliers(compressed.design.group_names, {{"*.energy", 3.0}});
  const BestWeights best = estimate::optimise_weights(compressed.design, start, search, world);
  EXPECT_TRUE(best.converged) << best.convergence;
  EXPECT_TRUE(best.held_out);
  EXPECT_NEAR(best.value_before, 2.0, 1e-12);  // two errors over themselves
  EXPECT_LT(best.value_after, best.value_before);
  EXPECT_NEAR(best.errors_after.cwiseQuotient(best.errors_before).sum(), best.value_after, 1e-9);
  const estimate::CellGrams grams(compressed.design, start, best.classes, best.multipliers, search.model,
                                  world);
  for (Index c = 0; c < best.multipliers.size(); ++c) {
    for (const double step : {-0.05, 0.05}) {
      Eigen::VectorXd at = best.multipliers;
      at(c) *= std::exp(step);
      const double ratio = at(c) / best.classes[static_cast<std::size_t>(c)].start;
      if (ratio < search.bounds[0] || ratio > search.bounds[1]) continue;
      // The end is known to 1e-7 of slope times 0.05 of step.
      EXPECT_GE(estimate::held_out_objective(grams, best.targets, best.errors_before, at).value,
                best.value_after - 1e-8)
          << "class " << c;
    }
  }
  ASSERT_EQ(best.pareto.size(), 13U);
  EXPECT_NEAR(best.pareto[6].energy_error, best.errors_after(0), 1e-9 * best.errors_after(0));
  EXPECT_NEAR(best.pareto[6].force_error, best.errors_after(1), 1e-9 * best.errors_after(1));
  EXPECT_FALSE(best.pareto[6].dominated);
}

TEST(OptimiseWeights, StaysWithinTheBounds) {
  const Rows rows = noisy_rows(200, 4, 0.4, 0.02);
  MemorySource source(rows);
  const BestWeights best = best_of(
      source, {.criterion = WeightCriterion::evidence, .model = {.lambda = 1e-3}, .bounds = {0.8, 1.25}},
      comm::Communicator::world(), 0);
  EXPECT_TRUE(best.converged) << best.convergence;
  EXPECT_NEAR(best.multipliers.maxCoeff(), 1.25, 1e-14);
  EXPECT_GE(best.multipliers.minCoeff(), 0.8 - 1e-14);
  EXPECT_EQ(best.merges, 1);
}

TEST(OptimiseWeights, SaysThatItDidNotConverge) {
  const Rows rows = noisy_rows(100, 6, 0.5, 0.03);
  MemorySource source(rows);
  const BestWeights best = best_of(source, {.max_iterations = 2}, comm::Communicator::world(), 5);
  EXPECT_FALSE(best.converged);
  EXPECT_NE(best.convergence.find("after 2 iterations"), std::string::npos) << best.convergence;
}

TEST(OptimiseWeights, SaysWhatIsMissing) {
  const Rows rows = noisy_rows(100, 6, 0.5, 0.03);
  MemorySource source(rows);
  const auto world = comm::Communicator::world();
  support::expect_error(ErrorKind::input, {"need folds", "evidence"}, [&] { best_of(source, {}, world, 0); });
  support::expect_error(ErrorKind::input, {"'group_7' names no rows"}, [&] {
    best_of(source, {.error_weights = {{"group_7", 1.0}}}, world, 5);
  });
  support::expect_error(ErrorKind::input, {"every weight is 0"}, [&] {
    best_of(source, {.error_weights = {{"*.energy", 0.0}}}, world, 5);
  });
}

TEST(OptimiseWeights, HasTheSameBitsOnAnyRanks) {
  const Rows rows = noisy_rows(100, 6, 0.5, 0.03);
  MemorySource source(rows);
  const WeightSearch search{.model = {.lambda = 0.5}};
  const BestWeights all = best_of(source, search, comm::Communicator::world(), 5);
  const BestWeights alone = best_of(source, search, comm::Communicator::self(), 5);
  ASSERT_EQ(all.multipliers.size(), alone.multipliers.size());
  EXPECT_EQ(std::memcmp(all.multipliers.data(), alone.multipliers.data(),
                        static_cast<std::size_t>(all.multipliers.size()) * sizeof(double)),
            0);
  EXPECT_EQ(all.value_after, alone.value_after);
}

class RealWeights : public testing::TestWithParam<const char*> {};

// Weights that were found by hand are not the best for errors on configurations that were left out.
TEST_P(RealWeights, AreBetterThanThePublished) {
  const std::string set = GetParam();
  if (!support::have_data(set + "/Descriptors.npy")) GTEST_SKIP() << support::no_data(set);
  const auto world = comm::Communicator::world();
  const auto source = io::open_fitsnap({.folder = support::data_folder() / set});
  const BestWeights best = best_of(*source, {.tolerance = 1e-4}, world, 10);
  EXPECT_TRUE(best.converged) << best.convergence;
  EXPECT_LT(best.value_after, 0.99 * best.value_before);
  EXPECT_LE(best.condition, 1e9);
  EXPECT_EQ(best.pareto.size(), 13U);
  if (!world.is_root()) return;
  std::printf("%s, np %d: %.6f -> %.6f in %lld iterations, %lld evaluations, %lld merges, condition %.1e\n",
              set.c_str(), world.size(), best.value_before, best.value_after,
              static_cast<long long>(best.iterations), static_cast<long long>(best.evaluations),
              static_cast<long long>(best.merges), best.condition);
  for (std::size_t t = 0; t < best.targets.size(); ++t)
    std::printf("  %s: %.6g -> %.6g\n", best.targets[t].name.c_str(),
                best.errors_before(static_cast<Index>(t)), best.errors_after(static_cast<Index>(t)));
}

INSTANTIATE_TEST_SUITE_P(Sets, RealWeights, testing::Values("ta_linear", "fe_linear"));

}  // namespace
}  // namespace tallfit::test
