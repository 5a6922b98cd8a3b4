// Cross-validation of a published training set against refits of its rows.
#include <gtest/gtest.h>

#include <cstdio>

#include "support/data.hpp"
#include "validation_rows.hpp"

#include "tallfit/io/import.hpp"

namespace tallfit::test {
namespace {

using compress::HeldOut;
using estimate::Intercept;

/// Mean square of the weighted errors of held-out rows after a refit of the others in double, by the way of
/// the program, and the errors by a plain loop.
double refitted_mean_square(const Rows& rows, const std::vector<int>& folds, int fold, double lambda) {
  const Rows training = rows.picked(rows_in(rows, folds, [&](int f) { return f != fold; }));
  const Rows held_out = rows.picked(rows_in(rows, folds, [&](int f) { return f == fold; }));
  MemorySource source(training);
  const auto ridge = estimate::make_estimator("ridge", {.lambda = lambda});
  const auto fit = fit_rows(source, *ridge, Intercept::none, comm::Communicator::self()).fit;
  const Eigen::VectorXd errors = held_out.weighted_b() - held_out.weighted_a() * fit.coefficients;
  return errors.squaredNorm() / static_cast<double>(held_out.size());
}

// Twelve groups, weights over ten decades, a condition of 1e4 after scaling: all that real sets have.
TEST(CrossValidation, Tantalum) {
  if (!support::have_data("ta_linear/Descriptors.npy")) GTEST_SKIP() << support::no_data("ta_linear");
  constexpr int n_folds = 5;
  const auto world = comm::Communicator::world();
  const auto source = io::open_fitsnap({.folder = support::data_folder() / "ta_linear"});
  const Compressed compressed =
      compress_rows(*source, world, {.group = true, .row_type = true, .fold = true}, n_folds);
  estimate::Candidates candidates{.estimator = "ridge", .options = {}};
  const std::vector<double> lambdas = {1e-8, 1e-6, 1e-4, 1e-2, 1.0};
  for (const double lambda : lambdas) candidates.options.push_back({.lambda = lambda});
  const estimate::CrossValidation validation = estimate::cross_validate(
      compressed.design, compress::group_multipliers(compressed.design.group_names, {}), candidates,
      {.by = HeldOut::fold, .intercept = Intercept::none}, world);
  ASSERT_EQ(validation.parts.size(), 5U);
  const Rows rows = read_all(*source);
  const std::vector<int> folds = folds_of(rows, n_folds);
  double largest = 0.0;
  if (world.is_root()) {  // the refits are those of one rank
    for (std::size_t c = 0; c < lambdas.size(); c += 2) {
      for (int fold = 0; fold < n_folds; ++fold) {
        const double refit = refitted_mean_square(rows, folds, fold, lambdas[c]);
        const double found =
            estimate::score({validation.errors[c][static_cast<std::size_t>(fold)]}).mean_square;
        largest = std::max(largest, std::abs(std::sqrt(found / refit) - 1.0));
      }
    }
    std::printf("tantalum, np %d: held-out rmse differ from those of refits by %.1e\n", world.size(),
                largest);
  }
  // Two ways to θ, each with c K ε κ = 1e2 x 1e-16 x 1e4; errors are no larger, relative to themselves.
  EXPECT_LE(largest, 1e-9);
}

}  // namespace
}  // namespace tallfit::test
