// Columns of fit.unpenalised beside every estimator: against the fixed intercept, a prior that leaves them
// out, least squares, and rows that are projected before they are fitted.
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "sparse_data.hpp"
#include "support/contract.hpp"
#include "support/errors.hpp"
#include "support/grids.hpp"
#include "support/oracle.hpp"

#include "tallfit/estimate/candidates.hpp"
#include "tallfit/estimate/grid_system.hpp"
#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::test {
namespace {

using estimate::EstimatorOptions;
using estimate::FreeColumns;
using estimate::Intercept;
using estimate::LeastSquaresSystem;
using estimate::LinearFit;

const std::vector<Index> two = {1, 4};  // of six columns

/// Sums over 300 rows, QR of seven columns twice, condition below 10: 300 ε times some tens.
constexpr double rounding = 1e-11;

/// 300 x 6 with weights; columns 1 and 4 count atoms of two elements and are correlated with the rest.
Rows element_rows() {
  constexpr Index n = 300;
  Rows rows;
  rows.a = Eigen::MatrixXd::NullaryExpr(n, 6, [](Index i, Index j) { return random_entry(31, i, j); });
  for (Index i = 0; i < n; ++i) {
    rows.a(i, 1) = std::floor(3.0 + 2.0 * rows.a(i, 1));
    rows.a(i, 4) = std::floor(4.0 + 3.0 * rows.a(i, 4));
    rows.a(i, 0) += 0.3 * rows.a(i, 1);
    rows.a(i, 5) -= 0.2 * rows.a(i, 4);
  }
  rows.b = Eigen::VectorXd::NullaryExpr(n, [&](Index i) {
    return 2.0 * rows.a(i, 0) - rows.a(i, 2) + 7.0 * rows.a(i, 1) - 5.0 * rows.a(i, 4) +
           0.2 * random_entry(31, i, 8);
  });
  rows.w = Eigen::VectorXd::NullaryExpr(n, [](Index i) { return 1.5 + random_entry(31, i, 9); });
  return rows;
}

LeastSquaresSystem system_of_rows(const Rows& rows, const linalg::ProcessGrid& grid, Intercept intercept) {
  const Index n = rows.a.cols();
  Eigen::MatrixXd all(rows.size(), n + 2);
  all << rows.a, Eigen::VectorXd::Ones(rows.size()), rows.b;
  if (rows.w.size() > 0) all = (rows.w.asDiagonal() * all).eval();
  return estimate::make_system(linalg::distribute(grid, support::triangle_of(all), 2), rows.size(),
                               intercept);
}

/// Options that every estimator can have, with penalties that are felt and leave columns.
EstimatorOptions options_for(const std::string& name, const std::vector<Index>& free) {
  EstimatorOptions options;
  options.lambda = name == "ridge" ? 20.0 : 0.05;
  options.free = {.columns = free, .names = {}};
  return options;
}

LinearFit fit_with(const std::string& name, const LeastSquaresSystem& system,
                   const EstimatorOptions& options) {
  return estimate::make_estimator(name, options)->fit(system);
}

class EveryEstimator : public testing::TestWithParam<std::string> {};

// Catches a degree of freedom that is forgotten, a constant that is penalised or dropped, and errors of
// either that lack the part of the other coefficients.
TEST_P(EveryEstimator, TakesAConstantColumnForTheIntercept) {
  const std::string& name = GetParam();
  const Rows rows = element_rows();
  Rows with_ones = rows;
  with_ones.a.resize(rows.size(), 7);
  with_ones.a << rows.a.leftCols(2), Eigen::VectorXd::Ones(rows.size()), rows.a.rightCols(4);
  for (const linalg::ProcessGrid& grid : all_grids()) {
    const LinearFit is =
        fit_with(name, system_of_rows(with_ones, grid, Intercept::none), options_for(name, {2}));
    const LinearFit should =
        fit_with(name, system_of_rows(rows, grid, Intercept::fitted), options_for(name, {}));
    Eigen::VectorXd others(6);
    others << is.coefficients.head(2), is.coefficients.tail(4);
    Eigen::VectorXd errors(6);
    errors << is.standard_errors.head(2), is.standard_errors.tail(4);
    EXPECT_LE((others - should.coefficients).norm(), rounding * should.coefficients.norm());
    EXPECT_LE((errors - should.standard_errors).norm(), rounding * should.standard_errors.norm());
    EXPECT_NEAR(is.coefficients(2), should.intercept, 100.0 * rounding);
    EXPECT_NEAR(is.standard_errors(2) / should.intercept_standard_error, 1.0, rounding);
    EXPECT_NEAR(is.residual_norm / should.residual_norm, 1.0, rounding);
    EXPECT_NEAR(is.effective_dof, should.effective_dof, 100.0 * rounding);
    EXPECT_NEAR(is.noise_variance / should.noise_variance, 1.0, rounding);
    if (std::isfinite(should.log_evidence)) {
      EXPECT_NEAR(is.log_evidence / should.log_evidence, 1.0, rounding);
    }
    if (!should.path) continue;
    ASSERT_EQ(is.path->coefficients.cols(), should.path->coefficients.cols());
    EXPECT_LE((is.path->coefficients.row(2).transpose() - should.path->intercepts).norm(),
              100.0 * rounding * should.path->intercepts.norm());
    EXPECT_LE((is.path->coefficients.bottomRows(4) - should.path->coefficients.bottomRows(4)).norm(),
              100.0 * rounding * should.path->coefficients.norm());
  }
}

// The gradient by a free coefficient is 0 whatever the others are. Catches coefficients along a path that are
// those of its end, and columns that a selection counts in its own numbers.
TEST_P(EveryEstimator, LeavesNoGradientAlongFreeColumns) {
  const std::string& name = GetParam();
  const Rows rows = element_rows();
  for (const Intercept intercept : {Intercept::none, Intercept::fitted}) {
    const LinearFit fit = fit_with(name, system_of_rows(rows, linalg::ProcessGrid::serial(), intercept),
                                   options_for(name, two));
    const auto gradient = [&](const Eigen::VectorXd& theta, double c) {
      const Eigen::VectorXd residual = rows.weighted_b() - rows.weighted_a() * theta - c * rows.w;
      return std::hypot(rows.weighted_a().col(1).dot(residual), rows.weighted_a().col(4).dot(residual));
    };
    const double size = rows.weighted_a().norm() * rows.weighted_b().norm();
    EXPECT_LE(gradient(fit.coefficients, fit.intercept), rounding * size);
    EXPECT_EQ(fit.has_intercept(), intercept == Intercept::fitted);
    if (!fit.path) continue;
    for (Index i = 0; i < fit.path->coefficients.cols(); ++i)
      EXPECT_LE(gradient(fit.path->coefficients.col(i), fit.path->intercepts(i)), rounding * size);
    const auto named = std::find(fit.path->names.begin(), fit.path->names.end(), estimate::Path::column);
    if (named == fit.path->names.end()) continue;
    const Index last = fit.path->figures.rows() - 1;
    const auto newest = static_cast<Index>(fit.path->figures(last, named - fit.path->names.begin()));
    EXPECT_NE(fit.path->coefficients(newest, last), 0.0);
    EXPECT_EQ(fit.path->coefficients(newest, last - 1), 0.0);
    EXPECT_EQ(std::count(two.begin(), two.end(), newest), 0);
  }
}

// Every mean of K coefficients needs the whole covariance: S Sᵀ and standard errors are those of each other.
TEST_P(EveryEstimator, HasAFactorOfItsStandardErrors) {
  const std::string& name = GetParam();
  const Rows rows = element_rows();
  for (const linalg::ProcessGrid& grid : all_grids()) {
    const LinearFit fit =
        fit_with(name, system_of_rows(rows, grid, Intercept::fitted), options_for(name, two));
    const Eigen::MatrixXd s = linalg::replicate(estimate::covariance_factor(fit));
    ASSERT_EQ(s.rows(), 7);
    for (Index j = 0; j < 6; ++j) EXPECT_NEAR(s.row(j).norm(), fit.standard_errors(j), rounding) << j;
    EXPECT_NEAR(s.row(6).norm(), fit.intercept_standard_error, rounding);
    EXPECT_GT(fit.standard_errors(1), 0.0);
    EXPECT_GT(fit.standard_errors(4), 0.0);
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryEstimator, testing::ValuesIn(estimate::estimator_names()),
                         [](const auto& tested) { return tested.param; });

// Catches a covariance that lacks what free and other coefficients share.
TEST(FreeColumns, OfLeastSquaresChangeNothing) {
  const Rows rows = element_rows();
  for (const linalg::ProcessGrid& grid : all_grids()) {
    for (const Intercept intercept : {Intercept::none, Intercept::fitted}) {
      const LeastSquaresSystem system = system_of_rows(rows, grid, intercept);
      const LinearFit is = fit_with("ols", system, options_for("ols", two));
      const LinearFit should = fit_with("ols", system, {});
      EXPECT_LE((is.coefficients - should.coefficients).norm(), rounding * should.coefficients.norm());
      EXPECT_LE((is.standard_errors - should.standard_errors).norm(),
                rounding * should.standard_errors.norm());
      EXPECT_NEAR(is.intercept, should.intercept, 100.0 * rounding);
      EXPECT_NEAR(is.intercept_standard_error, should.intercept_standard_error, rounding);
      EXPECT_EQ(is.rank, should.rank);
      const Eigen::MatrixXd s = linalg::replicate(estimate::covariance_factor(is));
      const Eigen::MatrixXd t = linalg::replicate(estimate::covariance_factor(should));
      EXPECT_LE((s * s.transpose() - t * t.transpose()).norm(), rounding * (t * t.transpose()).norm());
    }
  }
}

TEST(FreeColumns, OfRidgeAreThoseWithoutPenalty) {
  const Rows rows = element_rows();
  std::vector<std::string> names;
  for (Index j = 0; j < 6; ++j) names.push_back(j == 1 || j == 4 ? fmt::format("{}[0]", j) : "x");
  EstimatorOptions by_prior{.lambda = 20.0};
  by_prior.prior = std::make_shared<const estimate::Prior>(
      estimate::make_prior(names, {.column_lambda = {{"*[0]", 0.0}}, .smooth = {}, .mean = {}}));
  EstimatorOptions by_name{.lambda = 20.0};
  by_name.free = estimate::free_columns(names, {"4*", "*[0]"});
  EXPECT_EQ(by_name.free.columns, two);
  for (const Intercept intercept : {Intercept::none, Intercept::fitted}) {
    const LeastSquaresSystem system = system_of_rows(rows, linalg::ProcessGrid::serial(), intercept);
    const LinearFit is = fit_with("ridge", system, by_name);
    const LinearFit should = fit_with("ridge", system, by_prior);
    EXPECT_LE((is.coefficients - should.coefficients).norm(), rounding * should.coefficients.norm());
    EXPECT_LE((is.standard_errors - should.standard_errors).norm(), rounding * should.standard_errors.norm());
    EXPECT_NEAR(is.effective_dof, should.effective_dof, 100.0 * rounding);
    EXPECT_NEAR(is.residual_norm / should.residual_norm, 1.0, rounding);
  }
}

// Frisch, Waugh and Lovell: the others are those of rows out of which the free columns are projected. Rows of
// w = 1, so that both have the same Σ w².
TEST(FreeColumns, AreProjectedOutOfTheOthers) {
  Rows rows = element_rows();
  rows.w.resize(0);
  Eigen::MatrixXd u(rows.size(), 2);
  u << rows.a.col(1), rows.a.col(4);
  const Eigen::MatrixXd solve = support::inverse_of(u.transpose() * u) * u.transpose();
  Rows projected;
  projected.a.resize(rows.size(), 4);
  projected.a << rows.a.col(0), rows.a.middleCols(2, 2), rows.a.col(5);
  projected.a -= (u * (solve * projected.a)).eval();
  projected.b = rows.b - u * (solve * rows.b);
  for (const char* name : {"ridge", "lasso", "elastic_net", "adaptive_lasso", "lars", "lasso_lars", "omp",
                           "forward_selection", "backward_selection", "rfe"}) {
    SCOPED_TRACE(name);
    const auto serial = linalg::ProcessGrid::serial();
    const LinearFit is =
        fit_with(name, system_of_rows(rows, serial, Intercept::none), options_for(name, two));
    const LinearFit should =
        fit_with(name, system_of_rows(projected, serial, Intercept::none), options_for(name, {}));
    Eigen::VectorXd others(4);
    others << is.coefficients(0), is.coefficients.segment(2, 2), is.coefficients(5);
    EXPECT_LE((others - should.coefficients).norm(), rounding * should.coefficients.norm());
    EXPECT_EQ((others.array() != 0.0).count(), (should.coefficients.array() != 0.0).count());
    Eigen::VectorXd without_free = is.coefficients;
    without_free(1) = without_free(4) = 0.0;
    const Eigen::VectorXd of_free = solve * (rows.b - rows.a * without_free);
    EXPECT_NEAR(is.coefficients(1), of_free(0), 100.0 * rounding);
    EXPECT_NEAR(is.coefficients(4), of_free(1), 100.0 * rounding);
  }
}

// scikit-learn centres columns and target; a free column of ones must do the same.
TEST(FreeColumns, CentreAsSklearnDoes) {
  if (!support::have_data("sklearn")) GTEST_SKIP() << support::no_data("sklearn");
  int compared = 0;
  for (const nlohmann::json& one : sparse_results().at("sparse").at("lasso")) {
    if (!one.at("fit_intercept").get<bool>() || one.at("weighted").get<bool>()) continue;
    Rows rows = sklearn_rows("sparse", false);
    const Index n = rows.a.cols();
    rows.a.conservativeResize(Eigen::NoChange, n + 1);
    rows.a.col(n).setOnes();
    const LinearFit fit = fit_with(
        "elastic_net", system_of_rows(rows, linalg::ProcessGrid::serial(), Intercept::none),
        {.lambda = one.at("alpha"), .l1_ratio = one.at("l1_ratio"), .free = {.columns = {n}, .names = {}}});
    // scikit-learn's duality gap; its violation of the conditions of the minimum is below 1e-10 of the target
    EXPECT_LE((fit.coefficients.head(n) - vector_of(one.at("coef"))).lpNorm<Eigen::Infinity>(), 1e-8);
    EXPECT_NEAR(fit.coefficients(n), one.at("intercept").get<double>(), 1e-8);
    ++compared;
  }
  EXPECT_GT(compared, 0);
}

// What is left of a column in the span of free ones is rounding, and must not be scaled up.
TEST(FreeColumns, LeaveNothingOfAColumnInTheirSpan) {
  Rows rows = element_rows();
  rows.a.col(3) = rows.a.col(1) - 0.7 * rows.a.col(4);
  for (const char* name : {"ols", "ridge", "lasso", "ard", "bayesian_ridge", "forward_selection"}) {
    const LinearFit fit = fit_with(name, system_of_rows(rows, linalg::ProcessGrid::serial(), Intercept::none),
                                   options_for(name, two));
    EXPECT_EQ(fit.coefficients(3), 0.0) << name;
    EXPECT_GT(std::abs(fit.coefficients(0)), 0.5) << name;
  }
}

TEST(FreeColumns, GoWithCandidatesAndAStart) {
  const LeastSquaresSystem system =
      system_of_rows(element_rows(), linalg::ProcessGrid::serial(), Intercept::fitted);
  estimate::Candidates candidates{.estimator = "ridge", .options = {}};
  for (int i = 0; i < 5; ++i) {
    candidates.options.push_back(options_for("ridge", two));
    candidates.options.back().lambda = std::pow(10.0, i);
  }
  const estimate::CandidateFits fits = estimate::fit_candidates(system, candidates);
  for (Index i = 0; i < 5; ++i) {
    const LinearFit one = fit_with("ridge", system, candidates.options[static_cast<std::size_t>(i)]);
    EXPECT_LE((fits.models.col(i).head(6) - one.coefficients).norm(), rounding * one.coefficients.norm());
  }
  const LinearFit first = fit_with("ard", system, options_for("ard", two));
  EXPECT_EQ(first.column_precisions(1), 0.0);
  EstimatorOptions again = options_for("ard", two);
  again.start = {.of_columns = first.column_precisions, .of_noise = 1.0 / first.noise_variance};
  const LinearFit second = fit_with("ard", system, again);
  EXPECT_NEAR(second.log_evidence, first.log_evidence, 1e-9 * std::abs(first.log_evidence));
}

TEST(FreeColumns, ThatCannotBeFreeAreNamed) {
  using support::expect_error;
  const std::vector<std::string> names = {"a", "H[0]", "b", "c", "O[0]", "d"};
  expect_error(ErrorKind::input, {"fit.unpenalised", "'N*'"}, [&] {
    estimate::free_columns(names, {"H[0]", "N*"});
  });
  expect_error(ErrorKind::input, {"fit.unpenalised", "none of the 6"},
               [&] { estimate::free_columns(names, {"*"}); });
  const FreeColumns free = estimate::free_columns(names, {"*[0]"});
  const auto fit = [&](const Rows& rows, Intercept intercept) {
    return [&free, rows, intercept] {
      EstimatorOptions options;
      options.free = free;
      fit_with("lasso", system_of_rows(rows, linalg::ProcessGrid::serial(), intercept), options);
    };
  };
  Rows rows = element_rows();
  rows.a.col(4) = 2.0 * rows.a.col(1);
  expect_error(ErrorKind::input, {"'O[0]'", "combination", "'H[0]'"}, fit(rows, Intercept::none));
  rows.a.col(4).setZero();
  expect_error(ErrorKind::input, {"'O[0]'", "is 0 in all"}, fit(rows, Intercept::none));
  rows.a.col(4) = Eigen::VectorXd::Constant(rows.size(), 9.0) - rows.a.col(1);
  EXPECT_NO_THROW(fit(rows, Intercept::none)());
  expect_error(ErrorKind::input, {"'H[0]'", "'O[0]'", "fit.fit_intercept"}, fit(rows, Intercept::fitted));
  EstimatorOptions with_prior;
  with_prior.free = free;
  with_prior.prior = std::make_shared<const estimate::Prior>(estimate::unit_prior(6));
  expect_error(ErrorKind::input, {"fit.unpenalised", "fit.column_lambda"},
               [&] { estimate::make_estimator("ridge", with_prior); });
  with_prior.prior.reset();
  const auto estimator = estimate::make_estimator("ridge", with_prior);
  expect_error(ErrorKind::input, {"solver.refine", "fit.unpenalised"},
               [&] { estimate::require_quadratic(*estimator, "solver.refine"); });
}

}  // namespace
}  // namespace tallfit::test
