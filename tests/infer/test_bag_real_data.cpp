// Replicas of a real training set against fits of the resampled rows, one by one.
#include <gtest/gtest.h>

#include "support/data.hpp"
#include "support/fit_rows.hpp"

#include "tallfit/infer/bag.hpp"
#include "tallfit/infer/resampled_source.hpp"
#include "tallfit/infer/unit_runs.hpp"
#include "tallfit/io/import.hpp"

namespace tallfit::test {
namespace {

/// The weight of each row in a replica, in a design without test rows and rows of weight 0.
std::vector<float> row_weights(design::RowSource& source, const Eigen::VectorXf& weights) {
  design::RowLabels labels;
  source.read_labels(0, source.info().n_rows, labels);
  std::vector<float> of_rows;
  Index unit = -1;
  for (std::size_t i = 0; i < labels.configuration.size(); ++i) {
    if (i == 0 || labels.configuration[i] != labels.configuration[i - 1]) ++unit;
    of_rows.push_back(weights(unit));
  }
  return of_rows;
}

// 100 bootstrap replicas of the 363 configurations of ta_linear, 40 of which have directions to themselves
// (leverage above 0.99). A QR fit of a replica's rows is good to about ε times the condition of its columns,
// 1e6 or so for those that lack such a configuration.
TEST(BagRealData, ReplicasOfTantalumAreFitsOfTheResampledRows) {
  if (!support::have_data("ta_linear")) GTEST_SKIP() << support::no_data("ta_linear");
  const auto world = comm::Communicator::world();
  const auto source = io::open_fitsnap({.folder = support::data_folder() / "ta_linear"});
  const Index k = source->info().n_cols;
  const auto ols = estimate::make_estimator("ols", {});
  const Compressed compressed = compress_rows(*source, world);
  Fitted fitted = fit_compressed(compressed.design, *ols, estimate::Intercept::none, world);
  const infer::BagOptions options{.first = 1, .count = 100, .sums_bytes = Index{1} << 24U};
  const infer::Ensemble ensemble =
      infer::fit_replicas({*source, compressed.layout, world, Index{1} << 20U},
                          infer::whitening_of(fitted.fit, k, world), *ols, true, options);
  const infer::UnitRange units{.first = 0, .count = 363, .total = 363};
  const Eigen::MatrixXf weights = infer::replica_weights(options.resampling, units, 1, 100);
  for (Index r = 0; r < 100; ++r) {
    infer::ResampledSource rows(*source, 0, row_weights(*source, weights.col(r)));
    const Fitted alone = fit_rows(rows, *ols, estimate::Intercept::none, world);
    EXPECT_LE((ensemble.models.col(r).head(k) - alone.fit.coefficients).norm(),
              1e-8 * alone.fit.coefficients.norm())
        << "replica " << r;
  }
}

}  // namespace
}  // namespace tallfit::test
