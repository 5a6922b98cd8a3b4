// Huber and least absolute deviations against reference solutions, and beside those of scikit-learn and R.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

#include "robust_support.hpp"
#include "support/csv.hpp"
#include "support/data.hpp"

namespace tallfit::test {
namespace {

using estimate::Intercept;
using estimate::RobustKind;
using nlohmann::json;

json read_json(const std::string& name) { return json::parse(std::ifstream(support::data_folder() / name)); }

/// @param weighted  sample weights multiply losses: the row scale is their root
Rows load(const std::string& name, bool weighted) {
  Rows rows;
  if (name == "stackloss") {
    const Eigen::MatrixXd table = read_csv(support::data_folder() / "robust/stackloss.csv");
    rows.a = table.leftCols(3);
    rows.b = table.col(3);
    return rows;
  }
  const std::string path = support::data_folder() / "sklearn/csv" / (name + ".csv");
  const Eigen::MatrixXd table = read_csv(path);
  rows.b = table.col(0);
  rows.a = table.rightCols(table.cols() - 2);
  if (weighted) rows.w = table.col(1).cwiseSqrt();
  return rows;
}

/// θ, the intercept and the scale.
Eigen::VectorXd numbers(const json& solution) {
  std::vector<double> all = solution.at("coef").get<std::vector<double>>();
  all.push_back(solution.at("intercept"));
  if (solution.contains("scale")) all.push_back(solution.at("scale"));
  return Eigen::Map<const Eigen::VectorXd>(all.data(), static_cast<Index>(all.size()));
}

Eigen::VectorXd numbers(const estimate::LinearFit& fit, bool with_scale) {
  Eigen::VectorXd all(fit.coefficients.size() + (with_scale ? 2 : 1));
  all.head(fit.coefficients.size()) = fit.coefficients;
  all(fit.coefficients.size()) = fit.intercept;
  if (with_scale) all(all.size() - 1) = found(fit, "scale");
  return all;
}

class RobustReference : public testing::TestWithParam<const char*> {
protected:
  void SetUp() override {
    if (!support::have_data("sklearn")) GTEST_SKIP() << support::no_data("sklearn");
    references_ = read_json("sklearn/results/huber.json");
  }
  json references_;
};

// `own` are active-set solutions, converged to 1e-15 of the largest number. Catches a scale that is not
// concomitant, a penalty of other units, weights that are not squared, an iteration that stops early.
TEST_P(RobustReference, HuberOfScikitLearn) {
  for (const json& entry : references_.at(GetParam())) {
    const double epsilon = entry.at("epsilon");
    const double alpha = entry.at("alpha");
    const bool weighted = entry.at("weighted");
    SCOPED_TRACE(testing::Message() << "epsilon " << epsilon << ", alpha " << alpha << ", weighted "
                                    << weighted);
    const estimate::LinearFit fit =
        fit_robustly(load(GetParam(), weighted), {.epsilon = epsilon, .lambda = alpha}, Intercept::fitted,
                     comm::Communicator::self());
    EXPECT_TRUE(fit.converged) << fit.convergence;
    EXPECT_LE(fit.iterations, 30);
    const Eigen::VectorXd want = numbers(entry.at("own"));
    const Eigen::VectorXd is = numbers(fit, true);
    // the reference stops at 1e-15, and the condition of the inliers is below 1e5
    EXPECT_LE((is - want).lpNorm<Eigen::Infinity>(), 1e-10 * want.lpNorm<Eigen::Infinity>());
    const double ours = found(fit, "objective");
    EXPECT_NEAR(ours, entry.at("own").at("obj").get<double>(), 1e-13 * ours);
    EXPECT_LE(ours, entry.at("sklearn").at("obj").get<double>() * (1.0 + 1e-14));
  }
}

TEST_P(RobustReference, LeastAbsoluteDeviations) {
  const json& reference = references_.at(std::string(GetParam()) + "_LAD");
  const estimate::LinearFit fit = fit_robustly(load(GetParam(), false), {.kind = RobustKind::laplace},
                                               Intercept::fitted, comm::Communicator::self());
  EXPECT_TRUE(fit.converged) << fit.convergence;
  const Eigen::VectorXd want = numbers(reference);
  EXPECT_LE((numbers(fit, false) - want).lpNorm<Eigen::Infinity>(), 1e-10 * want.lpNorm<Eigen::Infinity>());
  const double sum = reference.at("sum_abs");
  EXPECT_NEAR(found(fit, "objective"), sum, 1e-12 * sum);
  EXPECT_LE(found(fit, "duality_gap"), 1e-10 * sum);
  EXPECT_TRUE(fit.standard_errors.array().isNaN().all());
}

// R's rlm, converged to 1e-14: at its own scale the equations are those of a fixed one.
TEST(RobustAtFixedScale, HuberOfR) {
  if (!support::have_data("robust")) GTEST_SKIP() << support::no_data("robust");
  const json reference = read_json("robust/robust_R.json").at("stackloss").at("huber_MAD_tight");
  const double scale = reference.at("scale");
  const Rows rows = load("stackloss", false);
  const estimate::RobustOptions options{.epsilon = 1.345, .lambda = 0.0, .scale = scale};
  const estimate::LinearFit fit = fit_robustly(rows, options, Intercept::fitted, comm::Communicator::self());
  EXPECT_TRUE(fit.converged) << fit.convergence;
  EXPECT_EQ(found(fit, "scale"), scale);
  const json& coef = reference.at("coef");
  // 15 printed digits of a fixed point that is known to 1e-14, times a condition of some hundreds
  EXPECT_NEAR(fit.intercept, coef.at("(Intercept)").get<double>(), 1e-10 * 41.0);
  EXPECT_NEAR(fit.coefficients(0), coef.at("Air.Flow").get<double>(), 1e-10);
  EXPECT_NEAR(fit.coefficients(1), coef.at("Water.Temp").get<double>(), 1e-10);
  EXPECT_NEAR(fit.coefficients(2), coef.at("Acid.Conc.").get<double>(), 1e-10);
  const auto weights = reference.at("weights").get<std::vector<double>>();
  const estimate::RobustLoss loss = options.loss();
  for (Index i = 0; i < rows.size(); ++i) {
    const double residual = rows.b(i) - rows.a.row(i).dot(fit.coefficients) - fit.intercept;
    EXPECT_NEAR(loss.row_weight(residual, scale), weights[static_cast<std::size_t>(i)], 1e-9) << i;
  }
}

// statsmodels' RLM: the same equations, and the covariance that it calls H1. Catches a ψ' that counts rows
// beyond the bend, a correction that is not squared, degrees of freedom without the intercept.
TEST(RobustAtFixedScale, StandardErrorsOfStatsmodels) {
  if (!support::have_data("statsmodels")) GTEST_SKIP() << support::no_data("statsmodels");
  const json references = read_json("statsmodels/statsmodels.json");
  for (const char* name : {"outlier", "well"}) {
    SCOPED_TRACE(name);
    const json& reference = references.at(name).at("rlm_huberT_mad");
    const estimate::LinearFit fit = fit_robustly(
        load(name, false), {.epsilon = 1.345, .lambda = 0.0, .scale = reference.at("scale").get<double>()},
        Intercept::fitted, comm::Communicator::self());
    const auto params = reference.at("params").get<std::vector<double>>();
    const auto errors = reference.at("bse").get<std::vector<double>>();
    EXPECT_NEAR(fit.intercept, params[0], 1e-10);
    EXPECT_NEAR(fit.intercept_standard_error, errors[0], 1e-9 * errors[0]);
    for (std::size_t j = 1; j < params.size(); ++j) {
      EXPECT_NEAR(fit.coefficients(static_cast<Index>(j) - 1), params[j], 1e-10);
      EXPECT_NEAR(fit.standard_errors(static_cast<Index>(j) - 1), errors[j], 1e-9 * errors[j]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, RobustReference, testing::Values("outlier", "well", "stackloss"),
                         [](const auto& tested) { return std::string(tested.param); });

}  // namespace
}  // namespace tallfit::test
