// Least angle regression, greedy selection and elimination against scikit-learn, R and exhaustive refits.
#include <gtest/gtest.h>

#include <array>
#include <numeric>

#include "sparse_data.hpp"
#include "support/contract.hpp"
#include "support/grid_fit.hpp"
#include "support/grids.hpp"
#include "support/oracle.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/estimate/feature_elimination.hpp"
#include "tallfit/estimate/information_criterion.hpp"
#include "tallfit/estimate/lars.hpp"
#include "tallfit/estimate/lasso_path.hpp"

namespace tallfit::test {
namespace {

using estimate::EstimatorOptions;
using estimate::Intercept;
using estimate::LeastSquaresSystem;
using estimate::LinearFit;
using nlohmann::json;

/// The system of centred rows.
LeastSquaresSystem centred_system(const Rows& rows) {
  const Rows seen = centred(rows);
  MemorySource source(seen);
  return *fit_rows(source, *estimate::make_estimator("ols", {}), Intercept::none, comm::Communicator::self())
              .system;
}

/// κ² ε of the centred rows: what two good ways to solve with a gradient on the right may differ by,
/// relative.
double squared_condition_rounding(const Rows& rows) {
  const Eigen::VectorXd s = support::singular_values(centred(rows).a);
  const double condition = s(0) / s(s.size() - 1);
  return 10.0 * static_cast<double>(rows.a.cols()) * eps * condition * (1.0 + condition);
}

/// Active columns have correlations of one size, others none that is larger: what defines the path.
void expect_equal_correlations(const Rows& rows, const estimate::LarsPath& path) {
  const Rows seen = centred(rows);
  const double n = static_cast<double>(rows.size());
  for (const estimate::LarsKnot& knot : path.knots) {
    const Eigen::VectorXd correlations =
        (seen.a.transpose() * (seen.b - seen.a * knot.coefficients) / n).cwiseAbs();
    const double bound = 10.0 * n * eps * path.knots.front().lambda;
    EXPECT_LE(correlations.maxCoeff(), knot.lambda + bound);
    for (Index j = 0; j < correlations.size(); ++j) {
      if (knot.coefficients(j) != 0.0) {
        EXPECT_NEAR(correlations(j), knot.lambda, bound);
      }
    }
  }
}

/// scikit-learn 1.2.1 leaves the path of the set `sparse` near its end: the alphas rise, and what follows is
/// off.
std::size_t knots_before_a_rise(const json& alphas) {
  std::size_t n = 1;
  while (n < alphas.size() && alphas.at(n).get<double>() <= alphas.at(n - 1).get<double>()) ++n;
  return n;
}

void expect_knots(const Rows& rows, estimate::LarsMethod method, const json& alphas, const json& coefs) {
  const estimate::LarsPath path = estimate::lars_path(centred_system(rows), method, {.steps = 1000}, 1e-13);
  const std::size_t n_sound = knots_before_a_rise(alphas);
  ASSERT_GE(path.knots.size(), n_sound);
  if (n_sound == alphas.size()) {
    EXPECT_EQ(path.knots.size(), n_sound);
  } else {  // theirs does not end in least squares
    const Rows seen = centred(rows);
    EXPECT_LT(path.knots.back().residual_norm * (1.0 + 1e-9),
              (seen.b - seen.a * vector_of(coefs.back())).norm());
  }
  EXPECT_TRUE(path.complete);
  expect_equal_correlations(rows, path);
  const double bound = squared_condition_rounding(rows);
  for (std::size_t i = 0; i < n_sound; ++i) {
    SCOPED_TRACE(testing::Message() << "knot " << i);
    const Eigen::VectorXd theirs = vector_of(coefs.at(i));
    EXPECT_NEAR(path.knots[i].lambda, alphas.at(i).get<double>(), bound * alphas.at(0).get<double>());
    EXPECT_LE((path.knots[i].coefficients - theirs).norm(), bound * (theirs.norm() + 1.0));
  }
}

class LarsOfSklearn : public testing::TestWithParam<const char*> {};

// Catches errors that add up along the path, columns that rejoin at once, and a last stretch that stops
// short.
TEST_P(LarsOfSklearn, HasTheSameKnots) {
  if (!support::have_data("sklearn")) GTEST_SKIP() << support::no_data("sklearn");
  const Rows rows = sklearn_rows(GetParam(), false);
  const json& set = sparse_results().at(GetParam());
  const json& lar = set.at("lars_path_centred");
  expect_knots(rows, estimate::LarsMethod::lar, lar.at("alphas"), lar.at("coefs"));
  const json& lasso = set.at("lars_lasso_path_centred");
  expect_knots(rows, estimate::LarsMethod::lasso, lasso.at("alphas_1overN"), lasso.at("coefs"));
}

INSTANTIATE_TEST_SUITE_P(Sets, LarsOfSklearn, testing::Values("well", "sparse", "diabetes", "prostate_std"),
                         [](const auto& tested) { return std::string(tested.param); });

class SelectionOfSklearn : public testing::TestWithParam<const char*> {
protected:
  void SetUp() override {
    if (!support::have_data("sklearn")) GTEST_SKIP() << support::no_data("sklearn");
    rows_ = sklearn_rows(GetParam(), false);
    set_ = sparse_results().at(GetParam());
  }
  Rows rows_;
  json set_;
};

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
  const estimate::Elimination done =
      estimate::eliminate_features(*fitted.system, estimate::coefficient_importance, {.columns = 1}, {});
  EXPECT_EQ(done.ranking, set_.at("rfe_ranking").get<std::vector<Index>>());
  ASSERT_EQ(done.stages.size(), static_cast<std::size_t>(rows_.a.cols()));
  EXPECT_EQ(done.stages.front().coefficients, ols.coefficients);

  // As an estimator: what is left are the columns of the best ranks.
  const Index n = rows_.a.cols() / 2;
  const LinearFit half = fit_of(rows_, "rfe", {}, Intercept::fitted);
  for (Index j = 0; j < rows_.a.cols(); ++j)
    EXPECT_EQ(half.coefficients(j) != 0.0, done.ranking[static_cast<std::size_t>(j)] <= n) << j;
}

TEST_P(SelectionOfSklearn, LassoPath) {
  const json& theirs = set_.at("lasso_path_centred");
  const std::vector<double> alphas = theirs.at("alphas");
  const Rows seen = centred(rows_);
  const LeastSquaresSystem system = centred_system(rows_);
  estimate::LassoPath path(system, {}, {});
  const std::vector<double> grid = estimate::lambda_grid(path.largest_lambda(), 30, 1e-3);
  const double n = static_cast<double>(rows_.size());
  const auto objective = [&](const Eigen::VectorXd& c, double lambda) {
    return (seen.b - seen.a * c).squaredNorm() / (2.0 * n) + lambda * c.lpNorm<1>();
  };
  for (std::size_t i = 0; i < grid.size(); ++i) {
    SCOPED_TRACE(testing::Message() << "lambda " << grid[i]);
    EXPECT_NEAR(grid[i], alphas[i], 1e-12 * alphas[i]);
    const estimate::LassoPoint point = path.solve(alphas[i], 1000);
    EXPECT_TRUE(point.converged);
    const Eigen::VectorXd coefficients = vector_of(theirs.at("coefs").at(i));
    const double ours = objective(point.coefficients, alphas[i]);
    // Sums over the rows round to N eps at most.
    EXPECT_LE(ours, objective(coefficients, alphas[i]) * (1.0 + n * eps));
    EXPECT_NEAR(point.objective, ours, n * eps * objective(Eigen::VectorXd::Zero(rows_.a.cols()), 0.0));
    EXPECT_LE(point.duality_gap, 1e-10 * seen.b.squaredNorm() / n);
    // A gap bounds the distance: ||A (c - c*)||^2 / (2 N) <= gap.
    EXPECT_LE((seen.a * (point.coefficients - coefficients)).squaredNorm() / (2.0 * n),
              2.0 * theirs.at("max_gap").get<double>() + 1e-14 * seen.b.squaredNorm() / n);
  }
}

TEST_P(SelectionOfSklearn, BayesianInformationCriterion) {
  const json& theirs = set_.at("lassolars_bic");
  std::vector<double> knots = set_.at("lars_lasso_path_centred").at("alphas_1overN");
  knots.pop_back();  // the end: least squares, whose penalty is 0
  // At a knot rounding decides whether the column that joins counts; a little before it does not.
  constexpr double nudge = 1e-10;
  for (double& knot : knots) knot *= 1.0 + nudge;
  const LinearFit fit = fit_of(rows_, "lasso_path", {.lambdas = knots}, Intercept::fitted);
  ASSERT_TRUE(fit.path.has_value());
  const Eigen::VectorXd criterion = vector_of(theirs.at("criterion"));
  const auto n = static_cast<Index>(knots.size());
  ASSERT_EQ(fit.path->figures.rows(), n);
  const json& coefs = set_.at("lars_lasso_path_centred").at("coefs");
  for (Index i = 0; i < n; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const bool column_leaves =
        i > 0 &&
        ((vector_of(coefs.at(at - 1)).array() != 0.0) && (vector_of(coefs.at(at)).array() == 0.0)).any();
    if (!column_leaves) {
      EXPECT_NEAR(fit.path->figures(i, 5), criterion(i), 10.0 * nudge * criterion(0)) << "knot " << i;
    }
  }
  const double chosen = theirs.at("alpha");
  if (chosen == 0.0) return;
  EXPECT_NEAR(fit.hyperparameters.at(0).second, chosen, 2.0 * nudge * chosen);
  const Eigen::VectorXd coefficients = vector_of(theirs.at("coef"));
  // The nudge moves them by (AᵀA)⁻¹ N λ nudge √K at most.
  const Eigen::VectorXd s = support::singular_values(centred(rows_).a);
  const double moved =
      nudge * static_cast<double>(rows_.size() * s.size()) * chosen / std::pow(s(s.size() - 1), 2);
  EXPECT_LE((fit.coefficients - coefficients).norm(),
            moved + squared_condition_rounding(rows_) * coefficients.norm());
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

/// Correlations of a cluster expansion: products of ±1 over points, pairs and triplets of twelve sites, as
/// many columns as 298 for 160 structures, of which ten count.
struct Alloy {
  Rows rows;
  Eigen::VectorXd truth;
};

Alloy alloy() {
  constexpr Index sites = 12;
  constexpr Index structures = 160;
  Alloy made;
  std::vector<std::array<Index, 3>> clusters;
  for (Index i = 0; i < sites; ++i) clusters.push_back({i, -1, -1});
  for (Index i = 0; i < sites; ++i)
    for (Index j = 0; j < i; ++j) clusters.push_back({i, j, -1});
  for (Index i = 0; i < sites; ++i)
    for (Index j = 0; j < i; ++j)
      for (Index k = 0; k < j; ++k) clusters.push_back({i, j, k});
  made.rows.a = Eigen::MatrixXd::Ones(structures, static_cast<Index>(clusters.size()));
  for (Index s = 0; s < structures; ++s)
    for (std::size_t c = 0; c < clusters.size(); ++c)
      for (const Index site : clusters[c])
        if (site >= 0) made.rows.a(s, static_cast<Index>(c)) *= random_entry(31, s, site) < 0.0 ? -1.0 : 1.0;
  made.truth = Eigen::VectorXd::Zero(made.rows.a.cols());
  for (Index t = 0; t < 10; ++t)
    made.truth((t * 37 + 5) % 298) = (t % 2 == 0 ? 1.0 : -1.0) * (0.5 + 0.1 * static_cast<double>(t));
  made.rows.b = made.rows.a * made.truth;
  for (Index s = 0; s < structures; ++s) made.rows.b(s) += 0.3 + 0.02 * random_entry(31, s, 99);
  return made;
}

bool same_support(const Eigen::VectorXd& x, const Eigen::VectorXd& y) {
  return (x.array() != 0.0).cwiseEqual(y.array() != 0.0).all();
}

TEST(Alloy, TheClustersThatCountAreFound) {
  const Alloy made = alloy();
  const auto fitted = [&](const char* name, const EstimatorOptions& options) {
    return fit_of(made.rows, name, options, Intercept::fitted);
  };
  EXPECT_TRUE(same_support(fitted("omp", {.n_nonzero_coefs = 10}).coefficients, made.truth));
  EXPECT_TRUE(same_support(fitted("omp", {.max_residual = 160 * 0.02 * 0.02}).coefficients, made.truth));
  EXPECT_TRUE(
      same_support(fitted("forward_selection", {.n_features_to_select = 10}).coefficients, made.truth));
  // Noise of 0.02/√3 has correlations of at most 0.02/√3 √(2 ln 298 / 160) = 0.003 with columns of ±1; a
  // lasso above that keeps what counts, and is off by the penalty.
  const LinearFit lasso = fitted("lasso", {.lambda = 0.02});
  EXPECT_LE((lasso.coefficients - made.truth).lpNorm<Eigen::Infinity>(), 0.1);
  EXPECT_TRUE(same_support((made.truth.array() != 0.0).select(lasso.coefficients, 0.0), made.truth));
  EXPECT_LE(kkt_violation(made.rows, lasso, 0.02, 1.0), 10.0 * 298.0 * eps);
  const LinearFit adaptive = fitted("adaptive_lasso", {.lambda = 0.002, .initial_lambda = 10.0});
  EXPECT_TRUE(same_support(adaptive.coefficients, made.truth));
  EXPECT_LE((adaptive.coefficients - made.truth).norm(), (lasso.coefficients - made.truth).norm());
  // The whole path, to where the columns outnumber the rows.
  const LinearFit by_lars = fitted("lasso_lars", {.lambda = 1e-4});
  const LinearFit by_descent = fitted("lasso", {.lambda = 1e-4});
  EXPECT_LE(kkt_violation(made.rows, by_lars, 1e-4, 1.0), 1e-12);
  EXPECT_NEAR(by_lars.coefficients.lpNorm<1>(), by_descent.coefficients.lpNorm<1>(), 1e-10);
}

TEST(AdaptiveLasso, IsALassoOfScaledColumns) {
  const Rows rows = contract_rows(0.3);
  const LinearFit first = fit_of(rows, "ols", {}, Intercept::fitted);
  Rows scaled = rows;
  const Eigen::VectorXd size = first.coefficients.cwiseAbs().array().pow(1.5).matrix();
  scaled.a = rows.a * size.asDiagonal();
  const LinearFit by_hand = fit_of(scaled, "lasso", {.lambda = 0.03}, Intercept::fitted);
  const LinearFit fit = fit_of(rows, "adaptive_lasso", {.lambda = 0.03, .gamma = 1.5}, Intercept::fitted);
  const Eigen::VectorXd should = by_hand.coefficients.cwiseProduct(size);
  EXPECT_LE((fit.coefficients - should).norm(), rounding_of_fit(rows, true) * should.norm());
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

TEST(Selection, CriterionNeedsMoreRowsThanColumns) {
  const Rows few = contract_rows(0.3).picked({0, 300, 600, 900, 1200, 1499});
  EXPECT_THROW(fit_of(few, "lasso_path", {}, Intercept::fitted), Error);
}

}  // namespace
}  // namespace tallfit::test
