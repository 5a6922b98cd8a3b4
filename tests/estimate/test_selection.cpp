// Least angle regression, greedy selection and elimination against scikit-learn, R and exhaustive refits.
#include <gtest/gtest.h>

#include <numeric>

#include "sparse_data.hpp"
#include "support/contract.hpp"
#include "support/grid_fit.hpp"
#include "support/grids.hpp"
#include "support/oracle.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/estimate/feature_elimination.hpp"

namespace tallfit::test {
namespace {

using estimate::EstimatorOptions;
using estimate::Intercept;
using estimate::LinearFit;
using nlohmann::json;

class SelectionOfSklearn : public SparseSet {};

TEST_P(SelectionOfSklearn, OrthogonalMatchingPursuit) {
  for (const json& one : set_.at("omp")) {
    const Index n = one.at("n_nonzero");
    SCOPED_TRACE(testing::Message() << n << " columns");
    for (const bool normalize : {false, true}) {
      const LinearFit fit =
          fit_of(rows_, "omp", {.n_nonzero_coefs = n, .normalize = normalize}, Intercept::fitted);
      const Eigen::VectorXd theirs = vector_of(one.at(normalize ? "coef_normalize_true" : "coef"));
      EXPECT_TRUE((fit.coefficients.array() != 0.0).cwiseEqual(theirs.array() != 0.0).all()) << normalize;
      // They solve with a Gram matrix.
      EXPECT_LE((fit.coefficients - theirs).norm(), squared_condition_rounding(rows_) * theirs.norm());
    }
  }
}

TEST_P(SelectionOfSklearn, RecursiveFeatureElimination) {
  if (!set_.contains("rfe_ranking")) GTEST_SKIP() << "no ranking";
  const LinearFit ols = fit_of(rows_, "ols", {}, Intercept::fitted);
  MemorySource source(rows_);
  const auto fitted =
      fit_rows(source, *estimate::make_estimator("ols", {}), Intercept::fitted, comm::Communicator::self());
  estimate::SavedSearch unsaved;
  const estimate::Elimination done = estimate::eliminate_features(
      *fitted.system, estimate::coefficient_importance, {.columns = 1}, {}, unsaved);
  EXPECT_EQ(done.ranking, set_.at("rfe_ranking").get<std::vector<Index>>());
  ASSERT_EQ(done.stages.size(), static_cast<std::size_t>(rows_.a.cols()));
  EXPECT_EQ(done.stages.front().coefficients, ols.coefficients);

  // As an estimator: what is left are the columns of the best ranks.
  const Index n = rows_.a.cols() / 2;
  const LinearFit half = fit_of(rows_, "rfe", {}, Intercept::fitted);
  for (Index j = 0; j < rows_.a.cols(); ++j)
    EXPECT_EQ(half.coefficients(j) != 0.0, done.ranking[static_cast<std::size_t>(j)] <= n) << j;
}

INSTANTIATE_TEST_SUITE_P(Sets, SelectionOfSklearn,
                         testing::Values("well", "sparse", "diabetes", "prostate_std"),
                         [](const auto& tested) { return std::string(tested.param); });

Eigen::VectorXd named(const json& coefficients, const std::vector<const char*>& names) {
  Eigen::VectorXd values(static_cast<Index>(names.size()));
  for (std::size_t j = 0; j < names.size(); ++j)
    values(static_cast<Index>(j)) =
        coefficients.contains(names[j]) ? coefficients.at(names[j]).get<double>() : 0.0;
  return values;
}

// Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, tables 3.2 and 3.3, recomputed with R.
TEST(Prostate, IsThatOfTheBook) {
  if (!support::have_data("robust")) GTEST_SKIP() << support::no_data("robust");
  const json all = json::parse(std::ifstream(support::data_folder() / "robust/prostate_R.json"));
  const std::vector<const char*> names = {"lcavol", "lweight", "age",     "lbph",
                                          "svi",    "lcp",     "gleason", "pgg45"};
  const Rows rows = prostate_rows();
  constexpr double printed = 1e-12;  // R prints 15 digits; the condition is below 10
  const json& full = all.at("ESL_table_3_2");
  for (const char* name : {"rfe", "forward_selection", "backward_selection"}) {
    const LinearFit fit = fit_of(rows, name, {.n_features_to_select = 8}, Intercept::fitted);
    EXPECT_LE((fit.coefficients - named(full.at("coef"), names)).norm(), printed) << name;
    EXPECT_LE((fit.standard_errors - named(full.at("se"), names)).norm(), printed) << name;
    EXPECT_NEAR(fit.intercept, full.at("coef").at("(Intercept)").get<double>(), printed) << name;
    EXPECT_NEAR(fit.intercept_standard_error, full.at("se").at("(Intercept)").get<double>(), printed) << name;
  }
  const json& two = all.at("best_subset2");
  for (const char* name : {"forward_selection", "backward_selection"}) {
    const LinearFit fit = fit_of(rows, name, {.n_features_to_select = 2}, Intercept::fitted);
    EXPECT_LE((fit.coefficients - named(two.at("coef"), names)).norm(), printed) << name;
    EXPECT_NEAR(fit.intercept, two.at("coef").at("(Intercept)").get<double>(), printed) << name;
  }
  // No greedy way beats the exhaustive search, and both find its best of one and two.
  const LinearFit forward = fit_of(rows, "forward_selection", {.n_features_to_select = 8}, Intercept::fitted);
  for (const json& best : all.at("best_subset_path_train")) {
    const Index size = best.at("size");
    const double norm = forward.path->figures(size, 2);
    EXPECT_GE(norm * norm, best.at("rss").get<double>() * (1.0 - 1e-12)) << size;
    if (size <= 2) {
      EXPECT_NEAR(norm * norm, best.at("rss").get<double>(), 1e-11) << size;
    }
  }
}

double rss_of(const Rows& rows, const std::vector<Index>& columns) {
  const Rows seen = centred(rows);
  support::LongMatrix a(rows.size(), static_cast<Index>(columns.size()));
  for (std::size_t k = 0; k < columns.size(); ++k)
    a.col(static_cast<Index>(k)) = seen.a.col(columns[k]).cast<long double>();
  const support::LongVector b = seen.b.cast<long double>();
  if (columns.empty()) return static_cast<double>(b.squaredNorm());
  return static_cast<double>((a * support::least_squares(a, b) - b).squaredNorm());
}

// Each choice of a column is the best of all refits. Catches scores that forget what chosen columns explain.
TEST(GreedySelection, EveryStepIsTheBest) {
  if (!support::have_data("sklearn")) GTEST_SKIP() << support::no_data("sklearn");
  const Rows rows = sklearn_rows("diabetes", false);
  const LinearFit forward = fit_of(rows, "forward_selection", {.n_features_to_select = 6}, Intercept::fitted);
  std::vector<Index> chosen;
  for (Index step = 1; step <= 6; ++step) {
    double best = std::numeric_limits<double>::infinity();
    for (Index j = 0; j < rows.a.cols(); ++j) {
      std::vector<Index> tried = chosen;
      tried.push_back(j);
      if (std::find(chosen.begin(), chosen.end(), j) == chosen.end())
        best = std::min(best, rss_of(rows, tried));
    }
    chosen.push_back(static_cast<Index>(forward.path->figures(step, 1)));
    EXPECT_NEAR(rss_of(rows, chosen) / best, 1.0, 1e-12);
    EXPECT_NEAR(forward.path->figures(step, 2) / std::sqrt(best), 1.0, 1e-12);
  }
  const LinearFit backward =
      fit_of(rows, "backward_selection", {.n_features_to_select = 3}, Intercept::fitted);
  std::vector<Index> left(10);
  std::iota(left.begin(), left.end(), Index{0});
  for (Index stage = 1; stage < backward.path->figures.rows(); ++stage) {
    double best = std::numeric_limits<double>::infinity();
    for (std::size_t k = 0; k < left.size(); ++k) {
      std::vector<Index> tried = left;
      tried.erase(tried.begin() + static_cast<std::ptrdiff_t>(k));
      best = std::min(best, rss_of(rows, tried));
    }
    EXPECT_NEAR(backward.path->figures(stage, 1) / std::sqrt(best), 1.0, 1e-12);
    std::erase_if(left, [&](Index j) { return backward.path->coefficients(j, stage) == 0.0; });
  }
  EXPECT_EQ(left.size(), 3U);
}

// All ranks take the decisions of one.
TEST(SelectionOnGrids, IsThatOfOneRank) {
  Rows rows;
  constexpr Index n = 90;
  constexpr Index k = 14;
  rows.a.resize(n, k);
  rows.b.resize(n);
  rows.w.resize(n);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < k; ++j)
      rows.a(i, j) = random_entry(3, i, j) + 0.5 * random_entry(3, i, j / 2 + 100);
    rows.b(i) = rows.a(i, 2) - 0.5 * rows.a(i, 7) + 0.25 * rows.a(i, 11) + 0.2 * random_entry(3, i, 200);
    rows.w(i) = 1.0 + 0.5 * random_entry(3, i, 201);
  }
  const EstimatorOptions options = {
      .lambda = 0.01, .n_lambdas = 12, .n_nonzero_coefs = 5, .n_features_to_select = 5};
  for (const char* name : {"lars", "lasso_lars", "omp", "rfe", "forward_selection", "backward_selection",
                           "adaptive_lasso", "lasso_path", "enet_path"}) {
    const auto estimator = estimate::make_estimator(name, options);
    const LinearFit should = fit_of(rows, name, options, Intercept::fitted);
    for (const linalg::ProcessGrid& grid : all_grids()) {
      SCOPED_TRACE(testing::Message() << name << " on " << grid.rows() << " x " << grid.cols());
      MemorySource source(rows);
      const LinearFit fit =
          fit_on_grid(source, *estimator, grid, Intercept::fitted, {.rows_per_rank = 23, .block = 3});
      EXPECT_TRUE(fit.converged) << fit.convergence;
      EXPECT_TRUE(same_support(fit.coefficients, should.coefficients));
      EXPECT_LE(scaled_distance(rows, fit.coefficients, should.coefficients), rounding_of_fit(rows, true));
      EXPECT_NEAR(fit.residual_norm / should.residual_norm, 1.0, rounding_of_fit(rows, true));
      EXPECT_TRUE(same_bits(grid, fit.coefficients));
      EXPECT_TRUE(same_bits(grid, fit.path ? fit.path->coefficients : Eigen::MatrixXd()));
    }
  }
}

TEST(Selection, NamesWrongOptions) {
  const Rows rows = contract_rows(0.3);
  const auto message = [&](const char* name, const EstimatorOptions& options) -> std::string {
    try {
      fit_of(rows, name, options, Intercept::none);
      return "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::input);
      return error.what();
    }
  };
  const auto names = [&](const char* name, const EstimatorOptions& options, const char* key) {
    const std::string said = message(name, options);
    EXPECT_NE(said.find(key), std::string::npos) << said;
  };
  names("omp", {.n_nonzero_coefs = 6}, "fit.n_nonzero_coefs = 6, but there are 5 columns");
  names("omp", {.max_residual = -1.0}, "fit.max_residual");
  names("lars", {.n_nonzero_coefs = -1}, "fit.n_nonzero_coefs");
  names("rfe", {.n_features_to_select = 9}, "fit.n_features_to_select = 9, but there are 5 columns");
  names("rfe", {.step = 1.5}, "fit.step");
  names("rfe", {.step = 0.0}, "fit.step");
  names("lasso_path", {.lambdas = {0.1, -0.1}}, "fit.lambdas");
  names("lasso_path", {.eps = 1.0}, "fit.eps");
  names("enet_path", {.l1_ratio = 0.0}, "fit.l1_ratio");
  names("adaptive_lasso", {.gamma = 0.0}, "fit.gamma");
  names("adaptive_lasso", {.initial_lambda = -1.0}, "fit.initial_lambda");
}

}  // namespace
}  // namespace tallfit::test
