// Searches on a factor that are stopped and go on, against those that nothing disturbed: bit for bit.
#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "checkpoint_support.hpp"
#include "support/errors.hpp"

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/estimate/estimator.hpp"

namespace tallfit::io {
namespace {

/// Columns that resemble their neighbours, so that a path lets some go that it took.
struct AlikeColumns : TableSource {
  AlikeColumns() : TableSource(400, 24, 1) {
    support::fill_randomly(*this, 9);
    for (Index j = 1; j < 24; ++j) features.col(j) = 0.3 * features.col(j) + features.col(j - 1);
  }
};

struct Search {
  std::string estimator;
  estimate::EstimatorOptions options;
  int saves = 2;  ///< of a run, at the last of which it is stopped
};

/// With what is said of its convergence.
std::pair<std::string, std::vector<double>> told_by(const estimate::LinearFit& fit) {
  std::vector<double> numbers(fit.coefficients.begin(), fit.coefficients.end());
  numbers.insert(numbers.end(),
                 {fit.residual_norm, fit.standard_errors.norm(), static_cast<double>(fit.iterations)});
  if (!fit.path) return {fit.convergence, numbers};
  for (const auto& matrix : {fit.path->figures, fit.path->coefficients})
    for (const double number : matrix.reshaped())
      numbers.push_back(std::isnan(number) ? -1.0 : number);  // "no column", which is equal to nothing
  return {fit.convergence, numbers};
}

// Mutations: a number of a state is not saved, or restored; a part of a search begins with the state of the
// last one.
TEST(SavedSearch, HasTheSameBitsHoweverOftenTheRunStops) {
  const std::vector<Search> searches = {
      {"lasso", {.lambda = 1e-4}},
      {"enet_path", {.l1_ratio = 0.7, .n_lambdas = 12}},
      {"lasso_path", {.n_lambdas = 12}},
      {"ard", {}, 5},
      {"ard", {.max_iter = 6, .ard_method = estimate::ArdMethod::mackay}},
      {"ard", {.threshold_lambda = 100.0, .ard_method = estimate::ArdMethod::fast}},
      {"bcs", {}, 9},
      {"lars", {.max_iter = 15}, 4},
      {"lasso_lars", {.lambda = 1e-4}, 4},
      {"omp", {.n_nonzero_coefs = 20}, 4},
      {"forward_selection", {.n_features_to_select = 18}, 4},
      {"backward_selection", {.n_features_to_select = 3}, 4},
  };
  AlikeColumns table;
  const Cells compressed = compressed_rows(table, everyone(), nullptr, 0);
  const auto multipliers = compress::group_multipliers(table.info().group_names, {});
  const auto system =
      estimate::training_system(compressed.design, multipliers, estimate::Intercept::fitted, everyone());
  for (const Search& search : searches) {
    SCOPED_TRACE(search.estimator);
    const test::SharedFolder folder;
    const auto fit = [&](const comm::Communicator& ranks, compress::Checkpoint* checkpoint) {
      estimate::EstimatorOptions options = search.options;
      options.checkpoint = checkpoint;
      std::pair<std::string, std::vector<double>> told;
      comm::all_or_none(ranks, [&] {
        const auto estimator = estimate::make_estimator(search.estimator, options);
        EXPECT_TRUE(estimator->is_search());
        if (system) told = told_by(estimator->fit(*system));
      });
      return told;
    };
    const auto expected = fit(everyone(), nullptr);
    run_with_stops(
        folder / "out.checkpoint",
        [&](const comm::Communicator& ranks, auto* checkpoint) {
          EXPECT_EQ(fit(ranks, checkpoint), expected);
        },
        search.saves);
  }
}

// A compressed design does not say of which features it is.
TEST(SavedSearch, OneOnOtherRowsIsRefused) {
  const test::SharedFolder folder;
  AlikeColumns table;
  const auto fit = [&](const estimate::LeastSquaresSystem& system, compress::Checkpoint& checkpoint) {
    estimate::make_estimator("lasso", {.lambda = 1e-4, .checkpoint = &checkpoint})->fit(system);
  };
  const auto system_of = [&] {
    const Cells compressed = compressed_rows(table, comm::Communicator::self(), nullptr, 0);
    return estimate::training_system(compressed.design,
                                     compress::group_multipliers(table.info().group_names, {}),
                                     estimate::Intercept::none, comm::Communicator::self())
        .value();
  };
  const std::string path = folder / "out.checkpoint";
  const estimate::LeastSquaresSystem system = system_of();
  table.features(7, 2) += 0.1;
  const estimate::LeastSquaresSystem other = system_of();
  if (!everyone().is_root()) return;
  const auto alone = comm::Communicator::self();
  {
    CheckpointFolder kept(path, options_of(false), alone);
    Interrupted checkpoint(kept, 1);
    support::expect_error(ErrorKind::stopped, {"--resume"}, [&] { fit(system, checkpoint); });
  }
  CheckpointFolder resumed(path, options_of(true), alone);
  support::expect_error(ErrorKind::input, {"a search on other rows"}, [&] { fit(other, resumed); });
}

}  // namespace
}  // namespace tallfit::io
