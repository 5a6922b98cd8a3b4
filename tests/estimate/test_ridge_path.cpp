// Bayesian ridge and the ridge path against stored results, closed forms and derivatives by differences.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>
#include <numbers>

#include "sklearn_sets.hpp"
#include "support/contract.hpp"
#include "support/errors.hpp"
#include "support/fit_rows.hpp"
#include "support/grid_fit.hpp"
#include "support/grids.hpp"
#include "support/oracle.hpp"

#include "tallfit/estimate/evidence.hpp"
#include "tallfit/estimate/ridge_bidiagonal.hpp"
#include "tallfit/estimate/ridge_path.hpp"

namespace tallfit::test {
namespace {

using estimate::EstimatorOptions;
using estimate::Intercept;
using estimate::LinearFit;
using nlohmann::json;

LinearFit fit(const Rows& rows, const char* name, const EstimatorOptions& options, Intercept intercept) {
  MemorySource source(rows);
  return fit_rows(source, *estimate::make_estimator(name, options), intercept, comm::Communicator::self())
      .fit;
}

Eigen::VectorXd vector_of(const json& list) {
  const auto values = list.get<std::vector<double>>();
  return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Index>(values.size()));
}

double hyperparameter(const LinearFit& fit, const std::string& name) {
  for (const auto& [key, value] : fit.hyperparameters)
    if (key == name) return value;
  return std::numeric_limits<double>::quiet_NaN();
}

json results(const char* file) {
  return json::parse(std::ifstream(support::data_folder() / "sklearn/results" / file));
}

class BayesianRidgeOf : public testing::TestWithParam<const char*> {};

// The stored fixed points are converged to 1e-12 and more; their sums of squares, from centred columns of
// condition 1e6 in ill6, are right to 1e-10 times some tens. Catches N for N - 1, precisions of the wrong
// thing, a lost constant.
TEST_P(BayesianRidgeOf, IsTheStoredMaximum) {
  if (!support::have_data("sklearn")) GTEST_SKIP() << support::no_data("sklearn");
  const json of_set = results("bayesian_ridge.json").at(GetParam());
  const Rows rows = sklearn_set(GetParam());
  constexpr double converged = 1e-8;
  const auto expect = [&](const json& should, Intercept intercept) {
    const LinearFit is = fit(rows, "bayesian_ridge", {}, intercept);
    EXPECT_NEAR(hyperparameter(is, "noise_precision") / should.at("alpha").get<double>(), 1.0, converged);
    EXPECT_NEAR(hyperparameter(is, "coefficient_precision") / should.at("lambda_").get<double>(), 1.0,
                converged);
    EXPECT_NEAR(is.log_evidence, should.at("log_evidence").get<double>(), 1e-7);
    const Eigen::VectorXd coef = vector_of(should.at("coef"));
    EXPECT_LE((is.coefficients - coef).norm(), converged * coef.norm());
    EXPECT_NEAR(is.intercept, should.at("intercept").get<double>(),
                converged * (1.0 + std::abs(is.intercept)));
    return is;
  };
  const json& plain = of_set.at("i0_hp0").at("own");
  const LinearFit is = expect(plain, Intercept::none);
  EXPECT_NEAR(is.effective_dof, plain.at("gamma").get<double>(), 1e-7);
  const Eigen::VectorXd sigma = vector_of(plain.at("sigma_diag")).cwiseSqrt();
  EXPECT_LE((is.standard_errors - sigma).norm(), 1e-8 * sigma.norm());
  if (of_set.contains("evidence_flat_intercept_Nminus1"))
    expect(of_set.at("evidence_flat_intercept_Nminus1"), Intercept::fitted);
}

INSTANTIATE_TEST_SUITE_P(Sets, BayesianRidgeOf,
                         testing::Values("well", "ill6", "sparse", "rankdef", "diabetes", "outlier"));

/// A system of singular values 10^-i and the targets of all ones, in one go.
estimate::RidgeSpectrum made_spectrum(double rho) {
  Rows rows;
  rows.a = Eigen::MatrixXd::Zero(9, 4);
  for (Index i = 0; i < 4; ++i) rows.a(i, i) = std::pow(10.0, -static_cast<double>(i));
  rows.b = Eigen::VectorXd::Constant(9, rho / std::sqrt(5.0));
  rows.b.head(4).setOnes();
  MemorySource source(rows);
  const auto fitted =
      fit_rows(source, *estimate::make_estimator("ols", {}), Intercept::none, comm::Communicator::self());
  return estimate::ridge_spectrum(*fitted.system);
}

// Catches a rotation of the wrong sign, a penalty that is not squared, Q for P. Both ways have backward
// errors of c K ε with c = 10; λ bounds the condition by ‖R‖² / λ.
TEST(RidgeBidiagonal, HasTheCoefficientsOfTheSpectrum) {
  const Rows rows = contract_rows(0.3);
  MemorySource source(rows);
  const auto fitted =
      fit_rows(source, *estimate::make_estimator("ols", {}), Intercept::fitted, comm::Communicator::self());
  const estimate::RidgeSpectrum spectrum = estimate::ridge_spectrum(*fitted.system);
  const estimate::RidgeBidiagonal bidiagonal(*fitted.system);
  const double rounding = 10.0 * static_cast<double>(rows.a.cols()) * eps;
  const double largest = spectrum.values(0);
  EXPECT_LE((bidiagonal.values() - spectrum.values).norm(), rounding * largest);
  const Eigen::VectorXd lambdas = largest * largest * Eigen::Vector3d(1e-6, 1e-2, 3.0);
  const Eigen::MatrixXd found = bidiagonal.coefficients(lambdas);
  const Eigen::MatrixXd should = spectrum.coefficients(lambdas);
  for (Index i = 0; i < lambdas.size(); ++i) {
    const double condition = largest * largest / lambdas(i) + 1.0;
    EXPECT_LE((found.col(i) - should.col(i)).norm(), rounding * condition * should.col(i).norm());
  }
}

// ln N(b; 0, I/α + A Aᵀ/(λα)) of nine independent numbers: variance (1 + s²/λ)/α.
TEST(RidgeEvidence, IsThatOfIndependentNormals) {
  const double rho = 0.7;
  const estimate::RidgeSpectrum spectrum = made_spectrum(rho);
  for (const double lambda : {1e-7, 1e-2, 3.0}) {
    const auto [log_evidence, alpha] = estimate::ridge_evidence(spectrum, 9.0, lambda);
    double should = -0.5 * (5.0 * std::log(2.0 * std::numbers::pi / alpha) + alpha * rho * rho);
    for (int i = 0; i < 4; ++i) {
      const double variance = (1.0 + std::pow(10.0, -2.0 * i) / lambda) / alpha;
      should -= 0.5 * (std::log(2.0 * std::numbers::pi * variance) + 1.0 / variance);
    }
    EXPECT_NEAR(log_evidence, should, 1e-12 * std::abs(should));  // nine terms of rounding ε each
  }
}

// Neighbours have less evidence, and so has every point of a scan ten times finer than the search.
TEST(RidgeEvidence, IsGreatestAtTheBestLambda) {
  const estimate::RidgeSpectrum spectrum = made_spectrum(0.02);
  const std::optional<double> best = estimate::best_lambda(spectrum, 9.0);
  ASSERT_TRUE(best.has_value());
  const double greatest = estimate::ridge_evidence(spectrum, 9.0, *best).log_evidence;
  for (int i = -3000; i <= 1000; ++i)
    EXPECT_LE(estimate::ridge_evidence(spectrum, 9.0, std::exp(0.025 * i)).log_evidence, greatest + 1e-12);
  // The optimum is a zero of the slope, so the evidence 1e-3 away is lower by a square: a wrong optimum would
  // have one side higher.
  for (const double factor : {0.999, 1.001})
    EXPECT_LT(estimate::ridge_evidence(spectrum, 9.0, *best * factor).log_evidence, greatest);
}

TEST(RidgeEvidence, WithoutNoiseHasNoMaximum) {
  EXPECT_FALSE(estimate::best_lambda(made_spectrum(0.0), 4.0).has_value());
  Rows rows;
  rows.a = Eigen::MatrixXd::Identity(3, 5);
  rows.b = Eigen::Vector3d(1.0, 2.0, 3.0);
  support::expect_error(ErrorKind::numerical, {"bayesian_ridge", "without bound", "ridge"},
                        [&] { fit(rows, "bayesian_ridge", {}, Intercept::none); });
}

// sums over singular values against what the fits themselves say, and GCV against the reference.
TEST(RidgePath, FiguresAreThoseOfTheFits) {
  if (!support::have_data("sklearn")) GTEST_SKIP() << support::no_data("sklearn");
  const json linear = results("linear.json");
  for (const char* name : {"well", "diabetes"}) {
    const Rows rows = sklearn_set(name);
    for (const bool with : {false, true}) {
      SCOPED_TRACE(testing::Message() << name << ", intercept " << with);
      const json& reference = linear.at(name).at("ridgecv").at(with ? "i1" : "i0");
      EstimatorOptions options;
      options.lambdas = reference.at("alphas").get<std::vector<double>>();
      const Intercept intercept = with ? Intercept::fitted : Intercept::none;
      const LinearFit path = fit(rows, "ridge_path", options, intercept);
      ASSERT_TRUE(path.path.has_value());
      const auto figure = [&](estimate::RidgeFigure which) {
        return Eigen::VectorXd(path.path->figures.col(static_cast<Index>(which)));
      };
      const Eigen::VectorXd gcv = vector_of(reference.at("own_gcv"));
      EXPECT_LE((figure(estimate::RidgeFigure::gcv) - gcv).norm(), 1e-11 * gcv.norm());
      Index best = 0;
      gcv.minCoeff(&best);
      EXPECT_EQ(hyperparameter(path, "lambda"), options.lambdas[static_cast<std::size_t>(best)]);
      for (const Index i : {Index{2}, Index{15}, Index{27}}) {
        EstimatorOptions one;
        one.lambda = options.lambdas[static_cast<std::size_t>(i)];
        const LinearFit ridge = fit(rows, "ridge", one, intercept);
        // condition of both sets below 1e2: a thousand roundings of it
        EXPECT_LE((path.path->coefficients.col(i) - ridge.coefficients).norm(),
                  1e-11 * ridge.coefficients.norm());
        EXPECT_NEAR(path.path->intercepts(i), ridge.intercept, 1e-11 * (1.0 + std::abs(ridge.intercept)));
        EXPECT_NEAR(figure(estimate::RidgeFigure::residual_norm)(i) / ridge.residual_norm, 1.0, 1e-12);
        EXPECT_NEAR(figure(estimate::RidgeFigure::effective_dof)(i), ridge.effective_dof, 1e-11 * 20.0);
        EXPECT_NEAR(figure(estimate::RidgeFigure::coefficient_norm)(i) / ridge.coefficients.norm(), 1.0,
                    1e-11);
      }
    }
  }
}

// Central differences of step h are right to h² times fourth derivatives (of order 1) and ε / h².
TEST(RidgePath, CurvatureIsThatOfDifferences) {
  const estimate::RidgeSpectrum spectrum = made_spectrum(0.1);
  constexpr double h = 1e-3;
  for (const double lambda : {1e-5, 1e-3, 0.3}) {
    Eigen::VectorXd x(3);
    Eigen::VectorXd y(3);
    for (int i = 0; i < 3; ++i) {
      const double at = lambda * std::exp(h * (i - 1));
      x(i) = 0.5 * std::log(spectrum.residual_square(at));
      y(i) = 0.5 * std::log(spectrum.coefficient_square(at));
    }
    const double x1 = (x(2) - x(0)) / (2.0 * h);
    const double y1 = (y(2) - y(0)) / (2.0 * h);
    const double x2 = (x(2) - 2.0 * x(1) + x(0)) / (h * h);
    const double y2 = (y(2) - 2.0 * y(1) + y(0)) / (h * h);
    const double should = (x1 * y2 - y1 * x2) / std::pow(x1 * x1 + y1 * y1, 1.5);
    const estimate::Path path = estimate::ridge_path(spectrum, Eigen::VectorXd::Constant(1, lambda), 9.0);
    EXPECT_NEAR(path.figures(0, static_cast<Index>(estimate::RidgeFigure::l_curvature)), should,
                1e-4 * (1.0 + std::abs(should)));
  }
}

// Any grid gives the same answer as one rank.
TEST(SpectralEstimators, AgreeOnAnyGrid) {
  const Rows rows = contract_rows(0.3);
  for (const char* name : {"ridge_path", "bayesian_ridge"}) {
    const auto estimator = estimate::make_estimator(name, {});
    const LinearFit should = fit(rows, name, {}, Intercept::fitted);
    const double bound = rounding_of_fit(rows, true);
    for (const linalg::ProcessGrid& grid : all_grids()) {
      MemorySource source(rows);
      const LinearFit is =
          fit_on_grid(source, *estimator, grid, Intercept::fitted, {.rows_per_rank = 97, .block = 2});
      EXPECT_LE(scaled_distance(rows, is.coefficients, should.coefficients), bound);
      EXPECT_NEAR(is.log_evidence, should.log_evidence, 1e-9 * std::abs(should.log_evidence));
    }
  }
}

TEST(SpectralEstimators, RefuseBadOptionsByName) {
  EstimatorOptions options;
  options.criterion = "aic";
  support::expect_error(ErrorKind::input, {"fit.criterion", "aic", "gcv"},
                        [&] { estimate::make_estimator("ridge_path", options); });
  options.criterion = "auto";
  options.lambdas = {1.0, 0.0};
  support::expect_error(ErrorKind::input, {"fit.lambdas", "0"},
                        [&] { estimate::make_estimator("ridge_path", options); });
}

}  // namespace
}  // namespace tallfit::test
