// Refinement beside penalties, intercepts, deficient ranks and ranks of a job.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "support/contract.hpp"
#include "support/oracle.hpp"

namespace tallfit::test {
namespace {

using estimate::Intercept;
using Matrix = support::LongMatrix;
using Vector = support::LongVector;

/// Rows of condition about `condition`: column 4 is nearly column 0, and sizes span four decades.
Rows hard_rows(double condition) {
  Rows rows = contract_rows(0.3);
  rows.a.col(4) = rows.a.col(0) + rows.a.col(4) / condition;
  for (Index j = 0; j < 5; ++j) rows.a.col(j) *= std::pow(10.0, static_cast<double>(j) - 2.0);
  rows.b.array() += 40.0;
  return rows;
}

struct Solution {
  Eigen::VectorXd coefficients;
  double intercept = 0.0;
  double residual_norm = 0.0;
};

/// Pivoted QR of [A 1] over the root of the penalty, in 80 bits: good to 1e-19 (κ + κ² ρ / ‖A θ‖).
Solution exact(const Rows& rows, double lambda, bool with_intercept) {
  const Index k = rows.a.cols();
  const Index n = k + (with_intercept ? 1 : 0);
  Matrix a = Matrix::Ones(rows.size(), n);
  a.leftCols(k) = rows.a.cast<long double>();
  // rows of the penalty, below the others
  Matrix all = Matrix::Zero(rows.size() + k, n);
  Vector b = Vector::Zero(rows.size() + k);
  all.topRows(rows.size()) = rows.w.cast<long double>().asDiagonal() * a;
  b.head(rows.size()) = rows.w.cast<long double>().cwiseProduct(rows.b.cast<long double>());
  all.bottomLeftCorner(k, k).diagonal().setConstant(std::sqrt(static_cast<long double>(lambda)));
  const Vector x = support::least_squares(all, b);
  const Vector residual = (all * x - b).head(rows.size());
  return {.coefficients = x.head(k).cast<double>(),
          .intercept = with_intercept ? static_cast<double>(x(k)) : 0.0,
          .residual_norm = static_cast<double>(residual.norm())};
}

class Refine : public testing::TestWithParam<std::tuple<double, bool>> {};

// Catches a penalty that is left out of the gradient or doubled, an intercept that is penalised or not
// corrected, weights that are not squared, sums of doubles, corrections that are added to a rounded θ.
TEST_P(Refine, GivesTheCorrectlyRoundedSolution) {
  const auto [lambda, with] = GetParam();
  const auto world = comm::Communicator::world();
  const Rows rows = hard_rows(1e5);
  const Solution should = exact(rows, lambda, with);
  MemorySource source(rows);
  const auto estimator = estimate::make_estimator(lambda > 0.0 ? "ridge" : "ols", {.lambda = lambda});
  const Compressed compressed = compress_rows(source, world);
  Fitted fitted =
      fit_compressed(compressed.design, *estimator, with ? Intercept::fitted : Intercept::none, world);
  const Eigen::VectorXd first = fitted.fit.coefficients;
  const estimate::Refinement done = refine_in_place(fitted, source, compressed.layout, *estimator, world);
  EXPECT_TRUE(done.converged);
  EXPECT_LE(done.passes, 4);
  // κ = 1e5 leaves the oracle 1e-14 at least; the product's own bound is an ulp. A few more digits are lost
  // by coefficients that are small beside others of their nearly collinear pair.
  const Eigen::VectorXd error =
      (fitted.fit.coefficients - should.coefficients).cwiseQuotient(should.coefficients);
  EXPECT_LE(error.lpNorm<Eigen::Infinity>(), 1e-13);
  EXPECT_NEAR(fitted.fit.intercept, should.intercept, 1e-13 * std::abs(should.intercept));
  EXPECT_NEAR(fitted.fit.residual_norm, should.residual_norm, 1e-13 * should.residual_norm);
  if (lambda == 0.0) {
    EXPECT_GT((first - should.coefficients).cwiseQuotient(should.coefficients).lpNorm<Eigen::Infinity>(),
              1e-13)
        << "the unrefined fit is as good: this test has no edge";
  }
}

INSTANTIATE_TEST_SUITE_P(Penalties, Refine,
                         testing::Combine(testing::Values(0.0, 1e-6, 0.5), testing::Bool()),
                         [](const auto& tested) {
                           return fmt::format("lambda_{}_{}",
                                              std::get<0>(tested.param) == 0.0  ? "none"
                                              : std::get<0>(tested.param) < 0.1 ? "small"
                                                                                : "large",
                                              std::get<1>(tested.param) ? "intercept" : "plain");
                         });

// A row of the test set, or of weight 0, that is read unweighted must not pull.
TEST(Refine, LeavesTestRowsAndRowsWithoutWeightAlone) {
  const auto world = comm::Communicator::world();
  Rows rows = hard_rows(10.0);
  std::vector<Index> kept;
  rows.testing.assign(static_cast<std::size_t>(rows.size()), 0);
  for (Index i = 0; i < rows.size(); ++i) {
    const Index configuration = i / 4;
    if (configuration % 5 == 0) {
      rows.testing[static_cast<std::size_t>(i)] = 1;
      rows.b(i) += 1e3;
    } else if (i % 7 == 0) {
      rows.w(i) = 0.0;
      rows.b(i) = std::numeric_limits<double>::quiet_NaN();
    } else {
      kept.push_back(i);
    }
  }
  const Solution should = exact(rows.picked(kept), 0.0, true);
  MemorySource source(rows);
  const auto ols = estimate::make_estimator("ols", {});
  const Compressed compressed = compress_rows(source, world);
  Fitted fitted = fit_compressed(compressed.design, *ols, Intercept::fitted, world);
  refine_in_place(fitted, source, compressed.layout, *ols, world);
  EXPECT_LE((fitted.fit.coefficients - should.coefficients).norm(), 1e-13 * should.coefficients.norm());
  EXPECT_NEAR(fitted.fit.residual_norm, should.residual_norm, 1e-13 * should.residual_norm);
}

// Corrections stay in the range: the solution keeps its smallest norm, and copies stay equal.
TEST(Refine, KeepsTheSmallestNormOfADeficientDesign) {
  const auto world = comm::Communicator::world();
  Rows rows = hard_rows(10.0);
  Rows more = rows;
  more.a.conservativeResize(rows.size(), 7);
  more.a.col(5) = rows.a.col(2);
  more.a.col(6).setZero();
  const Solution should = exact(rows, 0.0, false);
  MemorySource source(more);
  const auto ols = estimate::make_estimator("ols", {});
  const Compressed compressed = compress_rows(source, world);
  Fitted fitted = fit_compressed(compressed.design, *ols, Intercept::none, world);
  ASSERT_EQ(fitted.fit.rank, 5);
  const estimate::Refinement done = refine_in_place(fitted, source, compressed.layout, *ols, world);
  EXPECT_LE(done.passes, 6);
  Eigen::VectorXd joined = fitted.fit.coefficients.head(5);
  joined(2) += fitted.fit.coefficients(5);
  EXPECT_LE((joined - should.coefficients).norm(), 1e-14 * should.coefficients.norm());
  // the null vector is known to K ε κ
  EXPECT_NEAR(fitted.fit.coefficients(2), fitted.fit.coefficients(5), 1e4 * eps * should.coefficients.norm());
  EXPECT_EQ(fitted.fit.coefficients(6), 0.0);
}

// Catches sums over ranks instead of leaves.
TEST(Refine, HasTheSameBitsOnAnyNumberOfRanks) {
  const auto world = comm::Communicator::world();
  const auto self = comm::Communicator::self();
  const Rows rows = hard_rows(1e5);
  MemorySource source(rows);
  for (const char* name : {"ols", "ridge"}) {
    const auto estimator = estimate::make_estimator(name, {.lambda = 0.01});
    std::vector<Eigen::VectorXd> results;
    for (const comm::Communicator* comm : {&world, &self}) {
      const Compressed compressed = compress_rows(source, *comm);
      Fitted fitted = fit_compressed(compressed.design, *estimator, Intercept::fitted, *comm);
      refine_in_place(fitted, source, compressed.layout, *estimator, *comm);
      Eigen::VectorXd all(12);
      all << fitted.fit.coefficients, fitted.fit.intercept, fitted.fit.standard_errors,
          fitted.fit.residual_norm;
      results.push_back(all);
    }
    EXPECT_EQ(std::memcmp(results[0].data(), results[1].data(), 12 * sizeof(double)), 0) << name;
  }
}

}  // namespace
}  // namespace tallfit::test
