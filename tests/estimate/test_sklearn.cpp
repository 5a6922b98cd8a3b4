// OLS and ridge against solutions of 60 digits, beside the digits that scikit-learn 1.2.1 has.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdio>

#include "digits.hpp"
#include "sklearn_sets.hpp"
#include "support/data.hpp"
#include "support/fit_rows.hpp"
#include "support/memory_source.hpp"

namespace tallfit::test {
namespace {

using estimate::Intercept;
using nlohmann::json;

const json& results() {
  static const json all = json::parse(std::ifstream(support::data_folder() / "sklearn/results/linear.json"));
  return all;
}

std::vector<DoubleDouble> decimals(const json& texts) {
  std::vector<DoubleDouble> values;
  for (const json& text : texts) values.push_back(parse_decimal(text.get<std::string>()));
  return values;
}

/// Correct digits of the vector, as the reference counts them.
double digits_in_norm(const Eigen::VectorXd& is, const std::vector<DoubleDouble>& truth) {
  double error = 0.0;
  double size = 0.0;
  for (std::size_t j = 0; j < truth.size(); ++j) {
    const double e = (DoubleDouble(is(static_cast<Index>(j))) - truth[j]).value();
    error += e * e;
    size += truth[j].value() * truth[j].value();
  }
  return error == 0.0 ? all_digits : -0.5 * std::log10(error / size);
}

estimate::LinearFit fit(const Rows& rows, const char* name, double lambda, Intercept intercept) {
  MemorySource source(rows);
  const auto estimator = estimate::make_estimator(name, {.lambda = lambda});
  return fit_rows(source, *estimator, intercept, comm::Communicator::self()).fit;
}

class AgainstSklearn : public testing::TestWithParam<std::tuple<const char*, bool, bool>> {
protected:
  void SetUp() override {
    if (!support::have_data("sklearn")) GTEST_SKIP() << support::no_data("sklearn");
    const auto [name, weighted, with] = GetParam();
    key_ = fmt::format("w{}_i{}", weighted ? 1 : 0, with ? 1 : 0);
    if (!results().at(name).contains(key_)) GTEST_SKIP() << name << " has no " << key_;
    intercept_ = with ? Intercept::fitted : Intercept::none;
    rows_ = sklearn_set(name, weighted);
    entry_ = results().at(name).at(key_);
  }

  /// Two backward stable ways are two draws of the same rounding: they scatter by half a digit or so each.
  void expect(const estimate::LinearFit& is, const json& exact, double their_digits) const {
    const double digits = digits_in_norm(is.coefficients, decimals(exact.at("coef")));
    EXPECT_GE(digits, std::min(their_digits, 15.0) - 1.0);
    const double rss = parse_decimal(exact.at("rss")).value();
    // Backward errors of c K ε in A and b, c = 10, move the residual by as much times their norms.
    const double size_of_data =
        rows_.weighted_b().norm() + rows_.weighted_a().norm() * is.coefficients.norm();
    const double rounding = 10.0 * static_cast<double>(rows_.a.cols()) * 0x1p-53 * size_of_data;
    EXPECT_NEAR(is.residual_norm, std::sqrt(rss), rounding);
    if (intercept_ == Intercept::none) return;
    const DoubleDouble c = parse_decimal(exact.at("intercept"));
    // the intercept inherits the errors of a . θ
    const double size =
        std::abs(c.value()) + rows_.a.colwise().mean().cwiseAbs() * is.coefficients.cwiseAbs();
    EXPECT_LE(std::abs((DoubleDouble(is.intercept) - c).value()),
              std::pow(10.0, 1.0 - std::min(their_digits, 15.0)) * size);
  }

  std::string key_;
  Intercept intercept_ = Intercept::none;
  Rows rows_;
  json entry_;
};

// Catches an intercept that is penalised, weights that are not squared, λ in other units (1/N, 1/2), a
// penalty by a Gram matrix (ill6 and ill10 lose half their digits).
TEST_P(AgainstSklearn, OlsAndRidge) {
  expect(fit(rows_, "ols", 0.0, intercept_), entry_.at("ols").at("exact"), entry_.at("ols").at("digits"));
  for (const json& one : entry_.at("ridge")) {
    const double lambda = one.at("alpha");
    SCOPED_TRACE(testing::Message() << key_ << ", lambda " << lambda);
    expect(fit(rows_, "ridge", lambda, intercept_), one.at("exact"), one.at("digits").at("svd"));
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, AgainstSklearn,
                         testing::Combine(testing::Values("well", "ill6", "ill10", "sparse", "outlier",
                                                          "diabetes"),
                                          testing::Bool(), testing::Bool()),
                         [](const auto& tested) {
                           return fmt::format("{}_w{}_i{}", std::get<0>(tested.param),
                                              std::get<1>(tested.param) ? 1 : 0,
                                              std::get<2>(tested.param) ? 1 : 0);
                         });

// Rank 10 of 15 in integers: with an intercept the smallest norm is that of θ, the intercept left out.
TEST(AgainstSklearn, MinimumNormOfRankdef) {
  if (!support::have_data("sklearn")) GTEST_SKIP() << support::no_data("sklearn");
  for (const bool weighted : {false, true}) {
    const Rows rows = sklearn_set("rankdef", weighted);
    for (const bool with : {false, true}) {
      SCOPED_TRACE(testing::Message() << "weighted " << weighted << ", intercept " << with);
      const json& exact = results()
                              .at("rankdef")
                              .at(fmt::format("w{}_i{}", weighted ? 1 : 0, with ? 1 : 0))
                              .at("exact_min_norm");
      const estimate::LinearFit is = fit(rows, "ols", 0.0, with ? Intercept::fitted : Intercept::none);
      EXPECT_EQ(is.rank, 10);
      EXPECT_EQ(is.dependent_columns.size(), 5U);
      EXPECT_GE(digits_in_norm(is.coefficients, decimals(exact.at("coef"))), 13.0);  // κ < 100 on the range
      if (with) {
        EXPECT_NEAR(is.intercept, parse_decimal(exact.at("intercept")).value(), 1e-12);
      }
    }
  }
}

// s²(AᵀA)⁻¹ of [1 A], with N - K - 1 degrees of freedom. Catches an intercept whose error leaves out what the
// coefficients carry, or that takes no degree of freedom.
TEST(AgainstSklearn, StandardErrors) {
  if (!support::have_data("sklearn")) GTEST_SKIP() << support::no_data("sklearn");
  for (const char* name : {"well", "ill6", "ill10", "sparse", "outlier", "diabetes"}) {
    SCOPED_TRACE(name);
    const json& exact = results().at(name).at("inference_intercept_first");
    const estimate::LinearFit is = fit(sklearn_set(name), "ols", 0.0, Intercept::fitted);
    std::vector<DoubleDouble> sd;
    for (const json& value : exact.at("sd"))
      sd.push_back(value.is_string() ? parse_decimal(value) : DoubleDouble(value.get<double>()));
    EXPECT_EQ(is.dof, exact.at("dof").get<double>());
    Eigen::VectorXd all(is.standard_errors.size() + 1);
    all << is.intercept_standard_error, is.standard_errors;
    // ε κ: 1e10 for ill10, at most 1e6 for the others; a digit is left for the constant.
    EXPECT_GE(correct_digits(all, sd), std::string(name) == "ill10" ? 4.5 : 8.5);
  }
}

}  // namespace
}  // namespace tallfit::test
