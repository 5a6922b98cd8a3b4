// Automatic relevance determination against the maxima of the evidence that an independent program found,
// against scikit-learn's results, and against the evidence by a formula of its own.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "relevance_support.hpp"

#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::test {
namespace {

using estimate::ArdMethod;
using estimate::Intercept;
using estimate::LinearFit;
using nlohmann::json;

const json& references() {
  static const json all = json::parse(std::ifstream(support::data_folder() / "sklearn/results/ard.json"));
  return all;
}

Eigen::VectorXd vector_of(const json& values) {
  const auto numbers = values.get<std::vector<double>>();
  return Eigen::Map<const Eigen::VectorXd>(numbers.data(), static_cast<Index>(numbers.size()));
}

/// λ of all columns of a result of scikit-learn, infinite for those it pruned.
Eigen::VectorXd precisions_of(const json& result) {
  const Eigen::VectorXd all = vector_of(result.at("lambda_"));
  Eigen::VectorXd kept = Eigen::VectorXd::Constant(all.size(), std::numeric_limits<double>::infinity());
  for (const Index j : result.at("kept").get<std::vector<Index>>()) kept(j) = all(j);
  return kept;
}

double distance(const Eigen::VectorXd& is, const Eigen::VectorXd& should) {
  return (is - should).cwiseAbs().maxCoeff() / should.cwiseAbs().maxCoeff();
}

class ArdOfSet : public testing::TestWithParam<const char*> {
protected:
  void SetUp() override {
    if (!support::have_data("sklearn")) GTEST_SKIP() << support::no_data("sklearn");
    // The references count N observations beside an intercept, we N - 1: rows are centred and fitted without.
    rows_ = centred(sklearn_set(GetParam()));
    fit_ = fit_alone(rows_, "ard", {});
  }
  Rows rows_;
  LinearFit fit_;
};

// Catches a wrong count of observations, an α of another formula, maxima that are only local (rankdef has
// three), columns that are pruned or kept against the evidence.
TEST_P(ArdOfSet, FindsTheMaximumOfTheEvidence) {
  const json& best = references().at(GetParam()).at("own_best_stationary");
  EXPECT_TRUE(fit_.converged);
  // The reference rounds as the oracle does; its gradient is up to 1e-8, which is 1e-8 of evidence.
  const double should = best.at("log_evidence");
  EXPECT_NEAR(fit_.log_evidence, should, 2e-8);
  EXPECT_EQ(kept_columns(fit_.column_precisions), best.at("kept").get<std::vector<Index>>());
  EXPECT_NEAR(alpha_of(fit_) / best.at("alpha").get<double>(), 1.0, 1e-8);
  EXPECT_LE(distance(fit_.coefficients, vector_of(best.at("coef"))), 1e-8);
  const Eigen::VectorXd precisions = vector_of(best.at("lambda_kept"));
  const Eigen::VectorXd variances = vector_of(best.at("sigma_diag_kept"));
  const std::vector<Index> kept = kept_columns(fit_.column_precisions);
  ASSERT_EQ(static_cast<Index>(kept.size()), precisions.size());
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const auto at = static_cast<Index>(i);
    // Of a column that is hardly relevant the evidence does not know the precision: its curvature in ln λ is
    // ½ (1 - λ Σ_jj)², against which the reference's gradient of 1e-8 stands.
    const double determined = 1.0 - precisions(at) * variances(at);
    EXPECT_NEAR(fit_.column_precisions(kept[i]) / precisions(at), 1.0,
                1e-6 + 2e-7 / (determined * determined))
        << kept[i];
    EXPECT_NEAR(fit_.standard_errors(kept[i]) / std::sqrt(variances(at)), 1.0,
                1e-6 + 2e-7 / (determined * determined))
        << kept[i];
  }
}

// The evidence that we report is that of our hyperparameters; none of scikit-learn's has more.
TEST_P(ArdOfSet, HasMoreEvidenceThanSklearn) {
  const double rounding = rounding_of_evidence(rows_);
  EXPECT_NEAR(fit_.log_evidence, evidence_of_rows(rows_, fit_.column_precisions, alpha_of(fit_)),
              100.0 * rounding);
  int compared = 0;
  for (const char* name : {"default", "tight_thr1e4", "tight_thr1e8", "tight_thr1e12_hp0"}) {
    if (!references().at(GetParam()).contains(name)) continue;
    const json& theirs = references().at(GetParam()).at(name);
    const double evidence = evidence_of_rows(rows_, precisions_of(theirs), theirs.at("alpha"));
    EXPECT_NEAR(evidence, theirs.at("true_log_evidence").get<double>(), 1e-6) << name;  // the oracle is right
    EXPECT_LE(evidence, fit_.log_evidence + 100.0 * rounding) << name;
    ++compared;
  }
  EXPECT_GT(compared, 0);
}

TEST_P(ArdOfSet, NeverLosesEvidenceOnTheWay) {
  for (const ArdMethod method : {ArdMethod::fast, ArdMethod::mackay}) {
    const LinearFit fit = fit_alone(rows_, "ard", {.ard_method = method});
    const Eigen::VectorXd evidence = fit.path->figures.col(1);
    ASSERT_EQ(evidence.size(), fit.iterations + 1);
    for (Index i = 1; i < evidence.size(); ++i)
      EXPECT_GE(evidence(i), evidence(i - 1) - rounding_of_evidence(rows_)) << i;
    EXPECT_DOUBLE_EQ(evidence(evidence.size() - 1), fit.log_evidence);
    EXPECT_LE(fit.log_evidence, fit_.log_evidence + rounding_of_evidence(rows_)) << "best is not the best";
  }
}

// Units of columns and targets change nothing but units. scikit-learn prunes by raw precisions: in other
// units it keeps other columns.
TEST_P(ArdOfSet, DoesNotDependOnUnits) {
  Rows other = rows_;
  for (Index j = 0; j < other.a.cols(); ++j)
    other.a.col(j) *= std::pow(10.0, static_cast<double>(j % 9) - 4.0);
  other.b *= 1e3;
  const LinearFit fit = fit_alone(other, "ard", {});
  EXPECT_EQ(kept_columns(fit.column_precisions), kept_columns(fit_.column_precisions));
  EXPECT_NEAR(fit.log_evidence + static_cast<double>(rows_.size()) * std::log(1e3), fit_.log_evidence, 1e-8);
  Eigen::VectorXd back = fit.coefficients / 1e3;
  for (Index j = 0; j < back.size(); ++j) back(j) *= std::pow(10.0, static_cast<double>(j % 9) - 4.0);
  EXPECT_LE(distance(back, fit_.coefficients), 1e-8);
}

INSTANTIATE_TEST_SUITE_P(Sets, ArdOfSet, testing::Values("well", "sparse", "diabetes", "outlier", "rankdef"));

/// Rows of which @p relevant columns tell something.
Rows random_rows(Index n, Index k, Index relevant) {
  Rows rows;
  rows.a = Eigen::MatrixXd::NullaryExpr(n, k, [](Index i, Index j) { return random_entry(7, i, j); });
  rows.b = Eigen::VectorXd::NullaryExpr(
      n, [&](Index i) { return 2.0 * rows.a.row(i).head(relevant).sum() + 0.2 * random_entry(7, i, k); });
  return rows;
}

/// No other precision of one column, nor another noise, has more evidence.
void expect_stationary(const Rows& rows, const LinearFit& fit, bool noise_is_known) {
  const double most =
      evidence_of_rows(rows, fit.column_precisions, alpha_of(fit)) + rounding_of_evidence(rows);
  for (Index j = 0; j < fit.column_precisions.size(); ++j) {
    Eigen::VectorXd other = fit.column_precisions;
    const double now = other(j);
    const double size = rows.a.col(j).squaredNorm() / rows.b.squaredNorm() * static_cast<double>(rows.size());
    for (const double factor : {0.0, 1e-4, 1e-2, 0.3, 0.99, 1.01, 3.0, 1e2, 1e4}) {
      other(j) = factor == 0.0 ? std::numeric_limits<double>::infinity()
                               : factor * (std::isfinite(now) ? now : size);
      EXPECT_LE(evidence_of_rows(rows, other, alpha_of(fit)), most) << j << " times " << factor;
    }
  }
  if (noise_is_known) return;
  for (const double factor : {0.9, 0.999, 1.001, 1.1})
    EXPECT_LE(evidence_of_rows(rows, fit.column_precisions, factor * alpha_of(fit)), most) << factor;
}

TEST(Ard, IsStationaryInEveryColumn) {
  const Rows rows = random_rows(60, 12, 4);
  const LinearFit fit = fit_alone(rows, "ard", {});
  EXPECT_LT(kept_columns(fit.column_precisions).size(), 12U);
  expect_stationary(rows, fit, false);
}

TEST(Ard, TakesMoreColumnsThanRowsWhereTheNoiseIsKnown) {
  const Rows rows = random_rows(30, 70, 3);
  const LinearFit fit = fit_alone(rows, "ard", {.alpha = 25.0});
  EXPECT_TRUE(fit.converged);
  EXPECT_DOUBLE_EQ(alpha_of(fit), 25.0);
  expect_stationary(rows, fit, true);
}

// Interpolation has a likelihood without a bound: the noise ends at its floor, and numbers stay numbers.
TEST(Ard, InterpolatesAtTheFloorOfTheNoise) {
  const LinearFit fit = fit_alone(random_rows(10, 30, 3), "ard", {.max_iter = 500});
  EXPECT_TRUE(fit.coefficients.allFinite());
  EXPECT_TRUE(std::isfinite(fit.log_evidence));
}

/// Orthonormal rows that are orthogonal to the ones: what is left of rows beside an intercept.
Rows without_mean(const Rows& rows) {
  const Index n = rows.size();
  Eigen::MatrixXd helmert = Eigen::MatrixXd::Zero(n - 1, n);
  for (Index i = 0; i < n - 1; ++i) {
    const auto count = static_cast<double>(i + 1);
    helmert.row(i).head(i + 1).setConstant(1.0 / std::sqrt(count * (count + 1.0)));
    helmert(i, i + 1) = -std::sqrt(count / (count + 1.0));
  }
  Rows left;
  left.a = helmert * rows.a;
  left.b = helmert * rows.b;
  return left;
}

// Catches N where N - 1 belongs.
TEST(Ard, AnInterceptTakesOneObservation) {
  Rows rows = random_rows(60, 12, 4);
  rows.b.array() += 5.0;
  rows.a.col(1).array() -= 3.0;
  const LinearFit fit = fit_alone(rows, "ard", {}, Intercept::fitted);
  const Rows left = without_mean(rows);
  EXPECT_NEAR(fit.log_evidence, evidence_of_rows(left, fit.column_precisions, alpha_of(fit)), 1e-9);
  expect_stationary(left, fit, false);
  EXPECT_NEAR(fit.intercept, rows.b.mean() - rows.a.colwise().mean() * fit.coefficients, 1e-12);
}

// A weight of 2 is four copies to the evidence too, where weights are counted; else it is one row.
TEST(Ard, CountsRowsOrWeights) {
  Rows once = random_rows(40, 6, 3);
  Rows copies = once.picked([] {
    std::vector<Index> four;
    for (Index i = 0; i < 40; ++i) four.insert(four.end(), 4, i);
    return four;
  }());
  once.w = Eigen::VectorXd::Constant(40, 2.0);
  const LinearFit weighted = fit_alone(once, "ard", {.evidence_rows = estimate::EvidenceRows::weights});
  const LinearFit copied = fit_alone(copies, "ard", {});
  EXPECT_NEAR(weighted.log_evidence, copied.log_evidence, 1e-9);
  EXPECT_LE(distance(weighted.coefficients, copied.coefficients), 1e-9);
  const LinearFit of_rows = fit_alone(once, "ard", {});
  EXPECT_NEAR(of_rows.log_evidence, evidence_of_rows(once, of_rows.column_precisions, alpha_of(of_rows)),
              1e-9);
}

// (α AᵀA + Λ)⁻¹ over the columns that are left, zeros for the others.
TEST(Ard, GivesThePosteriorCovariance) {
  const Rows rows = random_rows(60, 12, 4);
  const LinearFit fit = fit_alone(rows, "ard", {});
  const std::vector<Index> kept = kept_columns(fit.column_precisions);
  const auto m = static_cast<Index>(kept.size());
  Eigen::MatrixXd stacked = Eigen::MatrixXd::Zero(60 + m, m);
  for (Index j = 0; j < m; ++j) {
    stacked.col(j).head(60) = std::sqrt(alpha_of(fit)) * rows.a.col(kept[static_cast<std::size_t>(j)]);
    stacked(60 + j, j) = std::sqrt(fit.column_precisions(kept[static_cast<std::size_t>(j)]));
  }
  const Eigen::MatrixXd inverse =
      support::solve_upper(support::triangle_of(stacked), Eigen::MatrixXd::Identity(m, m));
  const Eigen::MatrixXd should = inverse * inverse.transpose();
  const Eigen::MatrixXd factor = linalg::replicate(estimate::covariance_factor(fit));
  const Eigen::MatrixXd is = factor * factor.transpose();
  ASSERT_EQ(is.rows(), 13);
  for (Index i = 0; i < m; ++i) {
    const Index row = kept[static_cast<std::size_t>(i)];
    EXPECT_NEAR(fit.standard_errors(row) / std::sqrt(should(i, i)), 1.0, 1e-12);
    for (Index j = 0; j < m; ++j)
      EXPECT_NEAR(is(row, kept[static_cast<std::size_t>(j)]), should(i, j), 1e-12 * should.norm());
  }
  EXPECT_NEAR(is.trace(), should.trace(), 1e-12 * should.trace());
}

TEST(Ard, FindsNothingWhereThereIsNothing) {
  Rows rows = random_rows(50, 4, 2);
  rows.b.setZero();
  const LinearFit fit = fit_alone(rows, "ard", {.alpha = 1.0}, Intercept::fitted);
  EXPECT_EQ(fit.coefficients, Eigen::VectorXd::Zero(4));
  EXPECT_TRUE(kept_columns(fit.column_precisions).empty());
  EXPECT_NEAR(fit.intercept_standard_error, 1.0 / std::sqrt(50.0), 1e-12);
}

TEST(Ard, SaysWhenItDidNotConverge) {
  const LinearFit fit =
      fit_alone(random_rows(60, 12, 4), "ard", {.max_iter = 2, .ard_method = ArdMethod::fast});
  EXPECT_FALSE(fit.converged);
  EXPECT_EQ(fit.iterations, 2);
  EXPECT_NE(fit.convergence.find("after 2 steps"), std::string::npos) << fit.convergence;
}

/// What bcs maximises: the evidence and the prior of the variances, of columns of norm 1.
double laplace_objective(const Rows& rows, const Eigen::VectorXd& precisions, double alpha, double rate) {
  const double size = rows.b.squaredNorm() / static_cast<double>(rows.size());
  const Eigen::VectorXd norms = rows.a.colwise().squaredNorm().transpose();
  return evidence_of_rows(rows, precisions, alpha) -
         0.5 * rate * norms.cwiseQuotient(precisions).sum() / size;
}

// Catches a prior of other strength, and a rate that is not that of the variances.
TEST(Bcs, IsStationaryInEveryColumn) {
  const Rows rows = random_rows(60, 12, 4);
  for (const bool known : {true, false}) {
    estimate::EstimatorOptions options;
    if (known) options.laplace_rate = 0.3;
    const LinearFit fit = fit_alone(rows, "bcs", options);
    EXPECT_TRUE(fit.converged);
    const double rate = fit.hyperparameters.back().second;
    const double size = rows.b.squaredNorm() / 60.0;
    const Eigen::VectorXd norms = rows.a.colwise().squaredNorm().transpose();
    const auto m = static_cast<double>(kept_columns(fit.column_precisions).size());
    if (known)
      EXPECT_EQ(rate, 0.3);
    else
      EXPECT_NEAR(rate * norms.cwiseQuotient(fit.column_precisions).sum() / size / (2.0 * (m - 1.0)), 1.0,
                  1e-7);
    const double alpha = alpha_of(fit);
    const double most = laplace_objective(rows, fit.column_precisions, alpha, rate) + 1e-9;
    for (Index j = 0; j < 12; ++j) {
      Eigen::VectorXd other = fit.column_precisions;
      const double start = std::isfinite(other(j)) ? other(j) : 1.0;
      for (const double factor : {1e-2, 0.3, 0.99, 1.01, 3.0, 1e2}) {
        other(j) = factor * start;
        EXPECT_LE(laplace_objective(rows, other, alpha, rate), most) << j << " times " << factor;
      }
    }
  }
}

}  // namespace
}  // namespace tallfit::test
