// Paths of least angle regression and of the lasso against scikit-learn, and what sparse fits find in an
// alloy.
#include <gtest/gtest.h>

#include <array>

#include "sparse_data.hpp"
#include "support/contract.hpp"
#include "support/oracle.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/estimate/lars.hpp"
#include "tallfit/estimate/lasso_path.hpp"

namespace tallfit::test {
namespace {

using estimate::EstimatorOptions;
using estimate::Intercept;
using estimate::LeastSquaresSystem;
using estimate::LinearFit;
using nlohmann::json;

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
  estimate::SavedSearch unsaved;
  const estimate::LarsPath path =
      estimate::lars_path(centred_system(rows), method, {.steps = 1000}, 1e-13, unsaved);
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

class PathOfSklearn : public SparseSet {};

TEST_P(PathOfSklearn, LassoPath) {
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

TEST_P(PathOfSklearn, BayesianInformationCriterion) {
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

INSTANTIATE_TEST_SUITE_P(Sets, PathOfSklearn, testing::Values("well", "sparse", "diabetes", "prostate_std"),
                         [](const auto& tested) { return std::string(tested.param); });

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

TEST(LassoPath, CriterionNeedsMoreRowsThanColumns) {
  const Rows few = contract_rows(0.3).picked({0, 300, 600, 900, 1200, 1499});
  EXPECT_THROW(fit_of(few, "lasso_path", {}, Intercept::fitted), Error);
}

}  // namespace
}  // namespace tallfit::test
