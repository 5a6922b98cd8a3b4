// A truth with few coefficients that are not 0, as of a cluster expansion: who finds them
// (docs/cluster_expansion.md).
#include <gtest/gtest.h>

#include <cmath>

#include "support/contract.hpp"
#include "support/oracle.hpp"

#include "tallfit/design/matrix_source.hpp"

namespace tallfit::test {
namespace {

using estimate::EstimatorOptions;
using estimate::LinearFit;

constexpr Index n_columns = 200;
constexpr Index n_fitted = 500;
constexpr double noise = 0.05;

/// Twice as many rows as are fitted: each follows from its number alone.
struct SparseTruth {
  Rows fitted;
  Rows unseen;
  Eigen::VectorXd coefficients;
};

const SparseTruth& truth() {
  static const SparseTruth made = [] {
    design::MatrixSource source({.rows = 2 * n_fitted,
                                 .columns = n_columns,
                                 .condition = 10.0,
                                 .groups = 1,
                                 .noise = noise,
                                 .zero_coefficients = 0.875,
                                 .rows_per_configuration = 1,
                                 .seed = 1});
    const Rows all = read_all(source);
    SparseTruth of;
    std::vector<Index> numbers(static_cast<std::size_t>(2 * n_fitted));
    for (Index i = 0; i < 2 * n_fitted; ++i) numbers[static_cast<std::size_t>(i)] = i;
    of.fitted = all.picked({numbers.begin(), numbers.begin() + n_fitted});
    of.unseen = all.picked({numbers.begin() + n_fitted, numbers.end()});
    of.coefficients = source.true_coefficients();
    return of;
  }();
  return made;
}

LinearFit fit_of_truth(const char* name, const EstimatorOptions& options) {
  Eigen::MatrixXd all(n_fitted, n_columns + 2);
  all << truth().fitted.a, Eigen::VectorXd::Ones(n_fitted), truth().fitted.b;
  const auto system = estimate::make_system(linalg::ProcessGrid::serial(), support::triangle_of(all),
                                            n_fitted, estimate::Intercept::none);
  return estimate::make_estimator(name, options)->fit(system);
}

Index n_nonzero_of(const LinearFit& fit) { return (fit.coefficients.array() != 0.0).count(); }

double unseen_error(const LinearFit& fit) {
  const Rows& rows = truth().unseen;
  return (rows.b - rows.a * fit.coefficients).norm() / std::sqrt(static_cast<double>(rows.size()));
}

// The least coefficient that is not 0 is 0.097, and standard errors are below 0.015: one within some errors
// of 0 would not be found. λ = 200 is a coefficient of about 0.02 in these units.
TEST(SparseTruth, ArdFindsItsSupportAndItsCoefficients) {
  const Eigen::VectorXd& should = truth().coefficients;
  const LinearFit fit = fit_of_truth("ard", {.threshold_lambda = 200.0});
  EXPECT_TRUE(fit.converged) << fit.convergence;
  EXPECT_GE((should.array() != 0.0).count(), 20);
  EXPECT_LE((should.array() != 0.0).count(), 30);
  for (Index j = 0; j < n_columns; ++j) {
    EXPECT_EQ(fit.coefficients(j) != 0.0, should(j) != 0.0) << "column " << j << ", " << should(j);
    // 5.5 deviations: by chance in less than 1e-6 of all seeds for 25 coefficients
    EXPECT_LE(std::abs(fit.coefficients(j) - should(j)), 5.5 * fit.standard_errors(j)) << "column " << j;
  }
  EXPECT_NEAR(std::sqrt(fit.noise_variance) / noise, 1.0, 5.0 / std::sqrt(2.0 * n_fitted));
}

// A weak column stays without the threshold, and none comes back that it has pruned.
TEST(SparseTruth, TheThresholdPrunesWhatTheEvidenceKeeps) {
  const Index of_evidence = n_nonzero_of(fit_of_truth("ard", {}));
  const Index of_threshold = n_nonzero_of(fit_of_truth("ard", {.threshold_lambda = 200.0}));
  EXPECT_GT(of_evidence, of_threshold);
  EXPECT_EQ(n_nonzero_of(fit_of_truth("bcs", {.threshold_lambda = 200.0})), of_threshold);
}

TEST(SparseTruth, LassoFindsItsSupportAndMore) {
  const LinearFit fit = fit_of_truth("lasso", {.lambda = 1e-3});
  for (Index j = 0; j < n_columns; ++j)
    if (truth().coefficients(j) != 0.0) {
      EXPECT_NE(fit.coefficients(j), 0.0) << "column " << j;
    }
  EXPECT_GT(n_nonzero_of(fit), (truth().coefficients.array() != 0.0).count());
}

// Of all fits whose error of unseen rows is within 2 % of ARD's or less, ARD's has the fewest coefficients.
TEST(SparseTruth, ArdIsTheSparsestAtEqualError) {
  const LinearFit ard = fit_of_truth("ard", {.threshold_lambda = 200.0});
  const double error = unseen_error(ard);
  EXPECT_LE(error, 1.1 * noise);
  EXPECT_GT(unseen_error(fit_of_truth("ols", {})), 1.15 * error);  // √((N + K) / N) of the noise at least
  for (const double lambda : {1e-4, 3e-4, 1e-3, 3e-3, 1e-2}) {
    for (const char* name : {"lasso", "ridge"}) {
      const LinearFit other = fit_of_truth(name, {.lambda = name[0] == 'r' ? 1e3 * lambda : lambda});
      if (unseen_error(other) <= 1.02 * error) {
        EXPECT_GT(n_nonzero_of(other), n_nonzero_of(ard)) << name << " at " << lambda;
      }
    }
  }
  for (const Index n : {10, 20, 30, 40, 60}) {
    const LinearFit other = fit_of_truth("rfe", {.n_features_to_select = n});
    if (unseen_error(other) <= 1.02 * error) {
      EXPECT_GE(n_nonzero_of(other), n_nonzero_of(ard)) << "rfe of " << n;
    }
  }
}

}  // namespace
}  // namespace tallfit::test
