// Lasso and elastic net against scikit-learn and glmnet, and by the conditions of their minimum.
#include <gtest/gtest.h>

#include "sparse_data.hpp"
#include "support/contract.hpp"
#include "support/grid_fit.hpp"
#include "support/grids.hpp"
#include "support/oracle.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/estimate/support_step.hpp"

namespace tallfit::test {
namespace {

using estimate::EstimatorOptions;
using estimate::Intercept;
using estimate::LinearFit;
using nlohmann::json;

/// A gradient that is off by v moves the coefficients by at most S v √K / σ²_min, σ those of the rows that
/// the penalty sees.
double moved_by(const Rows& rows, bool intercept, double violation) {
  Rows seen = rows;
  if (rows.w.size() == 0) seen.w = Eigen::VectorXd::Ones(rows.size());
  const Eigen::VectorXd w2 = seen.w.cwiseAbs2();
  if (intercept) seen.a.rowwise() -= (w2.transpose() * seen.a / w2.sum()).eval();
  const Eigen::VectorXd s = support::singular_values(seen.weighted_a());
  const double smallest = s(s.size() - 1);
  return w2.sum() * violation * std::sqrt(static_cast<double>(rows.a.cols())) / (smallest * smallest);
}

class LassoOfSklearn : public testing::TestWithParam<const char*> {};

// Catches a penalty in other units (1/N, 1/2, Σ w²), a penalised intercept, weights that are not squared, a
// solution that has the digits of a Gram matrix (ill6).
TEST_P(LassoOfSklearn, IsTheSameMinimum) {
  if (!support::have_data("sklearn")) GTEST_SKIP() << support::no_data("sklearn");
  const json& set = sparse_results().at(GetParam());
  const double largest = set.at("alpha_max_lasso_intercept");
  for (const json& one : set.at("lasso")) {
    const double lambda = one.at("alpha");
    const double l1_ratio = one.at("l1_ratio");
    const bool with = one.at("fit_intercept");
    const bool weighted = one.at("weighted");
    SCOPED_TRACE(testing::Message() << "lambda " << lambda << ", l1_ratio " << l1_ratio << ", intercept "
                                    << with << ", weighted " << weighted);
    const Rows rows = sklearn_rows(GetParam(), weighted);
    const LinearFit fit =
        fit_of(rows, l1_ratio == 1.0 ? "lasso" : "elastic_net", {.lambda = lambda, .l1_ratio = l1_ratio},
               with ? Intercept::fitted : Intercept::none);
    EXPECT_TRUE(fit.converged) << fit.convergence;
    if (l1_ratio == 1.0) {  // another way to the same minimum
      const LinearFit by_lars =
          fit_of(rows, "lasso_lars", {.lambda = lambda}, with ? Intercept::fitted : Intercept::none);
      EXPECT_LE((by_lars.coefficients - fit.coefficients).norm(),
                rounding_of_fit(rows, with) * fit.coefficients.norm());
    }
    // Backward errors of QR and sums over the rows: c K ε with c = 10.
    const double relative = 10.0 * static_cast<double>(rows.a.cols()) * eps;
    EXPECT_LE(kkt_violation(rows, fit, lambda, l1_ratio), relative);
    const double rounding = relative * rows.a.cwiseAbs().maxCoeff() * rows.b.cwiseAbs().maxCoeff();
    const Eigen::VectorXd theirs = vector_of(one.at("coef"));
    const double bound =
        moved_by(rows, with, one.at("kkt_violation").get<double>() + rounding + 1e-16 * largest);
    EXPECT_LE((fit.coefficients - theirs).lpNorm<Eigen::Infinity>(), bound);
    if (bound < 1e-10) {
      EXPECT_EQ((fit.coefficients.array() != 0.0).count(), one.at("nnz").get<Index>());
    }
    const double size = 1.0 + rows.a.cwiseAbs().colwise().mean().sum();
    if (with) {
      EXPECT_NEAR(fit.intercept, one.at("intercept").get<double>(), size * (bound + 1e-13));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, LassoOfSklearn,
                         testing::Values("well", "sparse", "diabetes", "ill6", "prostate_std"),
                         [](const auto& tested) { return std::string(tested.param); });

// glmnet's lasso is the same; its elastic net has another penalty.
TEST(LassoOfGlmnet, IsTheSameMinimum) {
  if (!support::have_data("robust")) GTEST_SKIP() << support::no_data("robust");
  const json all = json::parse(std::ifstream(support::data_folder() / "robust/glmnet_sparse.json"));
  const Rows rows = sklearn_rows("sparse", false);
  for (const char* name : {"l1_1_f0.5", "l1_1_f0.1", "l1_1_f0.02"}) {
    const json& one = all.at(name);
    const LinearFit fit = fit_of(rows, "lasso", {.lambda = one.at("lambda")}, Intercept::fitted);
    // glmnet prints 15 digits and stops at a change of 1e-22 of the null deviance: 1e-11 in a coefficient
    EXPECT_LE((fit.coefficients - vector_of(one.at("coef"))).lpNorm<Eigen::Infinity>(), 1e-10) << name;
    EXPECT_NEAR(fit.intercept, one.at("intercept").get<double>(), 1e-10) << name;
  }
}

/// Columns that depend on each other, a zero one, and more columns than rows.
Rows awkward_rows(Index n, Index k) {
  Rows rows;
  rows.a.resize(n, k);
  rows.b.resize(n);
  rows.w.resize(n);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < k; ++j) rows.a(i, j) = random_entry(7, i, j) + 0.3 * random_entry(7, i, 1000);
    rows.a(i, 3) = rows.a(i, 1);
    rows.a(i, 5) = rows.a(i, 1) - rows.a(i, 2);
    rows.a(i, 6) = 0.0;
    rows.a.row(i) *= 1.0 + 0.5 * random_entry(7, i, 1001);
    rows.b(i) = rows.a(i, 0) + rows.a(i, 1) - 0.7 * rows.a(i, 4) + 0.5 + 0.05 * random_entry(7, i, 1002);
    rows.w(i) = 1.0 + 0.5 * random_entry(7, i, 1003);
  }
  rows.a.col(4) *= 1e9;  // badly scaled: its penalty counts for nothing
  rows.a.col(7) *= 1e-9;
  return rows;
}

// Every grid finds a minimum of the same problem, also where it is not unique.
TEST(LassoOnGrids, ConditionsHold) {
  for (const auto& [n, k] : {std::pair<Index, Index>{60, 12}, {20, 33}}) {
    const Rows rows = awkward_rows(n, k);
    for (const linalg::ProcessGrid& grid : all_grids()) {
      for (const double lambda : {0.1, 0.01, 0.0003}) {
        for (const double l1_ratio : {1.0, 0.4}) {
          SCOPED_TRACE(testing::Message() << n << " x " << k << " on " << grid.rows() << " x " << grid.cols()
                                          << ", lambda " << lambda << ", l1_ratio " << l1_ratio);
          MemorySource source(rows);
          const auto estimator =
              estimate::make_estimator("elastic_net", {.lambda = lambda, .l1_ratio = l1_ratio});
          const LinearFit fit =
              fit_on_grid(source, *estimator, grid, Intercept::fitted, {.rows_per_rank = 17, .block = 2});
          EXPECT_TRUE(fit.converged) << fit.convergence;
          EXPECT_LE(kkt_violation(rows, fit, lambda, l1_ratio), 10.0 * static_cast<double>(k) * eps);
          EXPECT_TRUE(same_bits(grid, fit.coefficients));
          EXPECT_EQ(fit.coefficients(6), 0.0);
        }
      }
    }
  }
}

// x5 = x1 - x2 explains all; a step that drops it because it depends on the others would climb.
TEST(SupportStep, NeverClimbsAlongATie) {
  Rows rows = awkward_rows(60, 12);
  rows.w = Eigen::VectorXd();
  rows.b = rows.a.col(5);
  const estimate::LeastSquaresSystem system = centred_system(rows);
  estimate::ActiveColumns columns(system, 1e-13);
  const std::vector<Index> tied = {1, 2, 5};
  columns.fetch(tied);
  const estimate::SparsePenalty penalty{.absolute = 0.1 * columns.scale(),
                                        .square = Eigen::VectorXd::Zero(12)};
  const auto objective = [&](const Eigen::VectorXd& y) {
    Eigen::VectorXd residual = system.z;
    for (const Index j : tied) residual -= y(j) * columns.column(j);
    return 0.5 * residual.squaredNorm() + penalty.absolute.dot(y.cwiseAbs());
  };
  Eigen::VectorXd y = Eigen::VectorXd::Zero(12);
  y(1) = 0.01 / columns.scale()(1);
  y(2) = -0.01 / columns.scale()(2);
  y(5) = 0.95 / columns.scale()(5);
  const double before = objective(y);
  estimate::SupportStep step(columns, 1e-13);
  step.take(penalty, y);
  EXPECT_LE(objective(y), before);
  EXPECT_LE((y.array() != 0.0).count(), 2);
  EXPECT_NE(y(5), 0.0);
}

TEST(Lasso, IsZeroFromTheLargestPenaltyOn) {
  const Rows rows = contract_rows(0.3);
  const Rows seen = [&] {
    Rows all = rows;
    const Eigen::VectorXd w2 = rows.w.cwiseAbs2() / rows.w.squaredNorm();
    all.a.rowwise() -= (w2.transpose() * rows.a).eval();
    all.b.array() -= w2.dot(rows.b);
    return all;
  }();
  const double largest =
      (seen.weighted_a().transpose() * seen.weighted_b()).lpNorm<Eigen::Infinity>() / rows.w.squaredNorm();
  const LinearFit none = fit_of(rows, "lasso", {.lambda = largest * (1.0 + 1e-12)}, Intercept::fitted);
  EXPECT_EQ(none.coefficients.norm(), 0.0);
  EXPECT_EQ(none.effective_dof, 1.0);
  EXPECT_NEAR(none.residual_norm, seen.weighted_b().norm(), 1e-12 * seen.weighted_b().norm());
  const LinearFit one = fit_of(rows, "lasso", {.lambda = largest * (1.0 - 1e-9)}, Intercept::fitted);
  EXPECT_EQ((one.coefficients.array() != 0.0).count(), 1);
}

TEST(Lasso, SaysWhereItStopped) {
  const Rows rows = awkward_rows(60, 12);
  const LinearFit fit = fit_of(rows, "lasso", {.lambda = 1e-4, .max_iter = 1}, Intercept::fitted);
  EXPECT_FALSE(fit.converged);
  EXPECT_NE(fit.convergence.find("after 1 sweeps; fit.tol = 1.0e-10"), std::string::npos) << fit.convergence;
}

TEST(Lasso, NamesWrongOptions) {
  const auto message = [](const char* name, const EstimatorOptions& options) -> std::string {
    try {
      estimate::make_estimator(name, options);
      return "accepted";
    } catch (const Error& error) {
      return error.what();
    }
  };
  EXPECT_NE(message("lasso", {.lambda = -1.0}).find("fit.lambda"), std::string::npos);
  EXPECT_NE(message("lasso", {.tol = 0.0}).find("fit.tol"), std::string::npos);
  EXPECT_NE(message("elastic_net", {.l1_ratio = 1.5}).find("fit.l1_ratio"), std::string::npos);
}

}  // namespace
}  // namespace tallfit::test
