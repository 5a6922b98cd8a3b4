// NIST's Statistical Reference Datasets, graded against exact rational solutions for the design matrix in
// binary64 (NIST's printed values belong to decimal data: no solver that is given a rounded design reaches
// them).
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdio>

#include "digits.hpp"
#include "lapack_oracle.hpp"
#include "support/data.hpp"
#include "support/fit_rows.hpp"
#include "support/memory_source.hpp"

namespace tallfit::test {
namespace {

using nlohmann::json;

constexpr std::array names = {"Norris",   "Pontius",  "NoInt1",   "NoInt2",   "Filip",   "Longley",
                              "Wampler1", "Wampler2", "Wampler3", "Wampler4", "Wampler5"};
constexpr int n_orders = 20;

struct NistSet {
  Rows rows;
  std::vector<DoubleDouble> coefficients;
  std::vector<DoubleDouble> standard_errors;
  bool fits_perfectly = false;  ///< NIST's standard errors are 0: those of the rounded design are rounding
};

std::vector<DoubleDouble> decimals(const json& texts) {
  std::vector<DoubleDouble> values;
  for (const json& text : texts) values.push_back(parse_decimal(text.get<std::string>()));
  return values;
}

NistSet load(const std::string& name) {
  static const json certified = json::parse(std::ifstream(support::data_folder() / "nist/certified.json"));
  const json& exact = certified.at(name).at("exact_rational_binary64_design");
  const Eigen::MatrixXd table = read_csv(support::data_folder() / "nist" / (name + "_design.csv"));
  NistSet set;
  set.rows.b = table.col(0);
  set.rows.a = table.rightCols(table.cols() - 1);
  set.coefficients = decimals(exact.at("coef"));
  set.standard_errors = decimals(exact.at("sd"));
  set.fits_perfectly = parse_decimal(certified.at(name).at("certified").at("resid_sd")).value() == 0.0;
  return set;
}

struct Scores {
  double coefficients = 0.0, refined = 0.0, errors = 0.0, refined_errors = 0.0, lapack = 0.0,
         equilibrated = 0.0;
  int passes = 0;
};

double digits_of_errors(const Eigen::VectorXd& errors, const NistSet& set) {
  return set.fits_perfectly ? all_digits : correct_digits(errors, set.standard_errors);
}

/// Medians over orders of the rows, the first of which is the printed one.
Scores score(const NistSet& set) {
  const auto comm = comm::Communicator::self();
  const auto ols = estimate::make_estimator("ols", {});
  std::array<std::vector<double>, 6> digits;
  Scores scores;
  for (int order = 0; order < n_orders; ++order) {
    const Rows rows = order == 0
                          ? set.rows
                          : set.rows.picked(random_order(set.rows.size(), static_cast<std::uint64_t>(order)));
    MemorySource source(rows);
    const Compressed compressed = compress_rows(source, comm);
    Fitted fitted = fit_compressed(compressed.design, *ols, estimate::Intercept::none, comm);
    EXPECT_EQ(fitted.fit.rank, rows.a.cols());
    digits[0].push_back(correct_digits(fitted.fit.coefficients, set.coefficients));
    digits[1].push_back(digits_of_errors(fitted.fit.standard_errors, set));
    const estimate::Refinement done = refine_in_place(fitted, source, compressed.layout, *ols, comm);
    scores.passes = std::max(scores.passes, done.passes);
    EXPECT_TRUE(done.converged) << "order " << order << ", last correction " << done.last_correction;
    digits[2].push_back(correct_digits(fitted.fit.coefficients, set.coefficients));
    digits[3].push_back(digits_of_errors(fitted.fit.standard_errors, set));
    digits[4].push_back(correct_digits(lapack_qr(rows.a, rows.b), set.coefficients));
    digits[5].push_back(correct_digits(lapack_qr_equilibrated(rows.a, rows.b), set.coefficients));
  }
  scores.coefficients = median(digits[0]);
  scores.errors = *std::min_element(digits[1].begin(), digits[1].end());
  scores.refined = *std::min_element(digits[2].begin(), digits[2].end());
  scores.refined_errors = *std::min_element(digits[3].begin(), digits[3].end());
  scores.lapack = median(digits[4]);
  scores.equilibrated = median(digits[5]);
  return scores;
}

class Nist : public testing::TestWithParam<const char*> {};

// Catches: a Gram matrix or pivots on the way, division by the columns' norms, a residual that is rounded
// before it is multiplied by the transpose, sums that are not carried in double-double, a wrong number of
// degrees of freedom.
TEST_P(Nist, HasItsDigits) {
  if (!support::have_data("nist")) GTEST_SKIP() << support::no_data("nist");
  const NistSet set = load(GetParam());
  const Scores s = score(set);
  std::printf("| %s | %.1f | %.1f | %.1f | %.1f | %.1f | %.1f | %d |\n", GetParam(), s.coefficients,
              s.refined, s.errors, s.refined_errors, s.lapack, s.equilibrated, s.passes);
  // Medians of 20 orders scatter by about 0.3 digits, and another elimination order is another random draw.
  EXPECT_GE(s.coefficients, std::min(s.lapack, s.equilibrated) - 0.5);
  // Every order, not the median: the corrections end where θ is correctly rounded but for the last bit.
  EXPECT_GE(s.refined, 14.0);
  // ε κ of the equilibrated columns: 5e9 for Filip, at most 4e4 for the others.
  const double promised = std::string(GetParam()) == "Filip" ? 6.0 : 9.0;
  EXPECT_GE(s.errors, promised);
  EXPECT_GE(s.refined_errors, promised);
}

INSTANTIATE_TEST_SUITE_P(Sets, Nist, testing::ValuesIn(names),
                         [](const auto& tested) { return tested.param; });

// A perfect fit has no error. Refined, the residual is exact rounding of nothing.
TEST(Nist, WamplerOneAndTwoFitPerfectly) {
  if (!support::have_data("nist")) GTEST_SKIP() << support::no_data("nist");
  for (const char* name : {"Wampler1", "Wampler2"}) {
    const NistSet set = load(name);
    const auto comm = comm::Communicator::self();
    const auto ols = estimate::make_estimator("ols", {});
    MemorySource source(set.rows);
    const Compressed compressed = compress_rows(source, comm);
    Fitted fitted = fit_compressed(compressed.design, *ols, estimate::Intercept::none, comm);
    EXPECT_LE(fitted.fit.residual_norm, 1e-14 * set.rows.b.norm()) << name;
    refine_in_place(fitted, source, compressed.layout, *ols, comm);
    EXPECT_LE(fitted.fit.residual_norm, 1e-14 * set.rows.b.norm()) << name;
  }
}

}  // namespace
}  // namespace tallfit::test
