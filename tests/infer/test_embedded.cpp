// Embedded model error: against stored optima, closed forms, sums over rows, and differences.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>
#include <limits>
#include <numbers>

#include "embedded.hpp"
#include "support/data.hpp"
#include "support/fit_rows.hpp"

#include "tallfit/infer/embedded_target.hpp"

namespace tallfit::infer {
namespace {

using Json = nlohmann::json;
using test::Embedded, test::embedded, test::EmbeddedError, test::Embedding;

constexpr double eps = std::numeric_limits<double>::epsilon();

/// y = sin(2 x - 0.3)^4 at the midpoints of @p n parts of (-1, 1), and a cubic that cannot describe it.
test::Rows cubic(Index n, bool legendre = false) {
  test::Rows rows;
  rows.a.resize(n, 4);
  rows.b.resize(n);
  for (Index i = 0; i < n; ++i) {
    const double x = -1.0 + 2.0 * (static_cast<double>(i) + 0.5) / static_cast<double>(n);
    rows.b(i) = std::pow(std::sin(2.0 * x - 0.3), 4);
    if (legendre)
      rows.a.row(i) << 1.0, x, 0.5 * (3.0 * x * x - 1.0), 0.5 * x * (5.0 * x * x - 3.0);
    else
      rows.a.row(i) << 1.0, x, x * x, x * x * x;
  }
  return rows;
}

/// Root mean square, over rows, of what the random coefficients add.
double spread_rms(const EmbeddedSums& sums, const Embedded& of) {
  return std::sqrt(sums.spread / static_cast<double>(of.rows.n_rows()));
}

EmbeddedOptions of_kind(EmbeddedKind kind) { return {.density = {.kind = kind, .tolerance = 0.1}}; }

// Optima that scipy's BFGS found from 16 starts, of gradients below 1e-6. Ours end below 1e-8 N. Where
// curvatures by ln s and by means are of order 1, that is 1e-6 in these, and its square in ln p.
TEST_F(EmbeddedError, reaches_the_stored_optima) {
  if (!support::have_data("merr")) GTEST_SKIP() << support::no_data("merr");
  std::ifstream file(support::data_folder() / "merr" / "merr_reference.json");
  const Json all = Json::parse(file);
  for (const std::string basis : {"monomial", "legendre"}) {
    const test::Rows rows = cubic(60, basis == "legendre");
    for (const std::string columns : {"0", "01", "0123"}) {
      for (const std::string kind : {"iid_meanfixed", "iid", "abc"}) {
        const std::string name = kind + "_emb" + columns + (kind == "abc" ? "_dv0_eps0.1" : "_dv0");
        SCOPED_TRACE(basis + " " + name);
        const Json& want = all.at(basis).at(name);
        Embedding embedding{.columns = {},
                            .options = of_kind(kind == "abc" ? EmbeddedKind::abc : EmbeddedKind::iid),
                            .free_mean = kind != "iid_meanfixed"};
        for (const char j : columns) embedding.columns.push_back(j - '0');
        const auto of = embedded(rows, embedding, self);
        const EmbeddedOptimum best = find_optimum(of->model, {.starts = 20}, self);
        EXPECT_TRUE(best.converged);
        EXPECT_NEAR(best.value, want.at("loglik").get<double>(), 1e-8);
        const Eigen::VectorXd means = of->model.means(best.point);
        for (Index j = 0; j < 4; ++j)
          EXPECT_NEAR(means(j), want.at("coef").at(static_cast<std::size_t>(j)).get<double>(), 1e-5);
        const Eigen::VectorXd s = of->model.scales(best.point);
        for (Index j = 0; j < s.size(); ++j)
          EXPECT_NEAR(s(j), want.at("sigma_embed").at(static_cast<std::size_t>(j)).get<double>(), 1e-5);
      }
    }
  }
}

// With one constant column the spread of every row is s: iid ends at the root of the mean square of the
// residuals, abc, which compares s with |e|, at the mean of |e|. Means are those of least squares.
TEST_F(EmbeddedError, a_random_constant_is_as_large_as_the_residuals) {
  const test::Rows rows = cubic(60);
  const auto iid = embedded(rows, {.columns = {0}, .options = of_kind(EmbeddedKind::iid)}, self);
  const Eigen::VectorXd e = rows.a * iid->rows.shape().centre - rows.b;
  const double rmse = std::sqrt(e.squaredNorm() / 60.0);
  EXPECT_NEAR(rmse, 0.160987, 1e-6);
  const EmbeddedOptimum of_iid = find_optimum(iid->model, {}, self);
  EXPECT_NEAR(iid->model.scales(of_iid.point)(0), rmse, 60.0 * eps);  // sums of 60 terms
  EXPECT_EQ(of_iid.starts_at_best, 10);
  const auto abc = embedded(rows, {.columns = {0}, .options = of_kind(EmbeddedKind::abc)}, self);
  const EmbeddedOptimum of_abc = find_optimum(abc->model, {}, self);
  // the gradient, 1e-8, over a curvature of 60 / Σ e² s², about 0.7
  EXPECT_NEAR(abc->model.scales(of_abc.point)(0), e.cwiseAbs().mean(), 1e-7);
  // what is written of it: 1e-4 of ln p if a term were missing, or counted for every row
  const double s = abc->model.scales(of_abc.point)(0);
  const double sum = e.squaredNorm() + (e.cwiseAbs().array() - s).square().sum();
  EXPECT_NEAR(of_abc.value, -sum / 0.02 - 0.5 * std::log(2.0 * std::numbers::pi) - std::log(0.1), 1e-11);
}

// Scaling all deviations scales V, so that an optimum without noise has mean(e²/V) = 1, whatever the weights
// and the units of columns are. Weights of iid without noise change nothing but the means.
TEST_F(EmbeddedError, mean_square_of_standardised_residuals_is_one) {
  test::Rows rows = cubic(200);
  rows.w.resize(200);
  for (Index i = 0; i < 200; ++i) rows.w(i) = std::exp(3.0 * test::random_entry(1, i, 0));
  rows.a.col(1) *= 1e6;
  rows.a.col(3) *= 1e-7;
  for (const bool free_mean : {false, true}) {
    const auto of = embedded(
        rows, {.columns = {0, 1, 3}, .options = of_kind(EmbeddedKind::iid), .free_mean = free_mean}, self);
    const EmbeddedOptimum best = find_optimum(of->model, {}, self);
    EXPECT_NEAR(of->model.sums(best.point).standardised / 200.0, 1.0, 200.0 * eps) << free_mean;
    EXPECT_TRUE(best.converged) << free_mean;
  }
  const auto weighted = embedded(rows, {.columns = {0, 1}, .options = of_kind(EmbeddedKind::iid)}, self);
  test::Rows bare = rows;
  bare.w.resize(0);
  const Embedded unweighted(bare, weighted->rows.shape(), of_kind(EmbeddedKind::iid), self);
  const Eigen::VectorXd s = weighted->model.scales(find_optimum(weighted->model, {}, self).point);
  const Eigen::VectorXd t = unweighted.model.scales(find_optimum(unweighted.model, {}, self).point);
  for (Index j = 0; j < 2; ++j) EXPECT_NEAR(s(j), t(j), 1e-6 * s(j)) << j;
}

// A deviation relative to a mean that stays is the deviation over that mean.
TEST_F(EmbeddedError, multiplicative_deviations_are_relative) {
  const test::Rows rows = cubic(60);
  const auto added = embedded(rows, {.columns = {0, 1, 3}, .options = of_kind(EmbeddedKind::iid)}, self);
  EmbeddedOptions relative = of_kind(EmbeddedKind::iid);
  relative.is_multiplicative = true;
  const auto multiplied = embedded(rows, {.columns = {0, 1, 3}, .options = relative}, self);
  const EmbeddedOptimum sum = find_optimum(added->model, {}, self);
  const EmbeddedOptimum product = find_optimum(multiplied->model, {}, self);
  EXPECT_NEAR(product.value, sum.value, 1e-8);
  const Eigen::VectorXd l = added->model.deviations(sum.point);
  const Eigen::VectorXd k = multiplied->model.deviations(product.point);
  ASSERT_EQ(l.size(), 5);
  EXPECT_LE((k - l).norm(), 1e-6);
  EXPECT_NEAR(multiplied->model.scales(product.point)(0) * std::abs(added->rows.shape().centre(0)), k(0),
              10.0 * eps);
}

// The whole variance of residuals as noise counts them twice: nothing is left to embed.
TEST_F(EmbeddedError, the_residual_variance_as_noise_leaves_no_model_error) {
  const test::Rows rows = cubic(60);
  const auto without = embedded(rows, {.columns = {0}, .options = of_kind(EmbeddedKind::iid)}, self);
  const EmbeddedOptimum free = find_optimum(without->model, {}, self);
  EXPECT_GT(spread_rms(without->model.sums(free.point), *without), 0.16);
  EmbeddedOptions twice = of_kind(EmbeddedKind::iid);
  twice.noise = std::sqrt(without->model.sums(free.point).squares / (60.0 - 4.0 - 2.0));  // FitSNAP's
  const auto with = embedded(rows, {.columns = {0}, .options = twice}, self);
  const EmbeddedOptimum best = find_optimum(with->model, {}, self);
  EXPECT_EQ(with->model.deviations(best.point).norm(), 0.0);
}

// The model is no better for more rows: its spread stays, while standard errors fall as 1/sqrt(N).
TEST_F(EmbeddedError, does_not_shrink_with_more_rows) {
  std::vector<double> spread;
  std::vector<double> classical;
  for (const Index n : {Index{20}, Index{200}, Index{2000}}) {
    const test::Rows rows = cubic(n);
    const auto of = embedded(rows, {.columns = {0, 1, 2, 3}, .options = of_kind(EmbeddedKind::iid)}, self);
    spread.push_back(spread_rms(of->model.sums(find_optimum(of->model, {}, self).point), *of));
    test::MemorySource source(rows);
    const auto ols = estimate::make_estimator("ols", {});
    classical.push_back(test::fit_rows(source, *ols, estimate::Intercept::none, self).fit.standard_errors(0));
  }
  EXPECT_NEAR(spread[1] / spread[0], 1.0, 0.05);
  EXPECT_NEAR(spread[2] / spread[1], 1.0, 0.05);
  EXPECT_GT(spread[2], 0.15);
  EXPECT_NEAR(classical[2] / classical[0], 0.1, 0.015);
}

/// Three leaves of rows of three types, with weights, some 0, and some rows for testing.
test::Rows rows_of_types() {
  test::Rows rows;
  rows.a.resize(900, 3);
  rows.b.resize(900);
  rows.w.resize(900);
  for (Index i = 0; i < 900; ++i) {
    for (Index j = 0; j < 3; ++j) rows.a(i, j) = test::random_entry(1, i, j);
    rows.b(i) = rows.a.row(i).sum() + 0.3 * rows.a(i, 0) * rows.a(i, 1) + 0.1;
    rows.w(i) = i % 50 == 0 ? 0.0 : 1.0 + 0.5 * static_cast<double>(i % 4);
    rows.type.push_back(static_cast<design::RowType>(i % 3));
    rows.testing.push_back(i % 40 == 7 ? 1 : 0);
  }
  return rows;
}

EmbeddedOptions with_everything(EmbeddedKind kind) {
  return {.density = {.kind = kind, .tolerance = 0.3},
          .is_multiplicative = true,
          .noise = 0.05,
          .leftover = {{.label = "energy", .types = {0}}, {.label = "rest", .types = {1, 2}}},
          .has_prior = true};
}

/// ln p of x, s and σ, row by row.
double by_rows(const test::Rows& rows, EmbeddedKind kind, const Eigen::Vector3d& x, const Eigen::Vector2d& s,
               const Eigen::Vector2d& sigma, Index& count) {
  double sum = 0.0;
  count = 0;
  for (Index i = 0; i < rows.size(); ++i) {
    if (rows.w(i) == 0.0 || rows.testing[static_cast<std::size_t>(i)] != 0) continue;
    ++count;
    // in the unit of the row: its noise is σ / w
    const double w = rows.w(i);
    const double left = sigma(i % 3 == 0 ? 0 : 1);
    const double e = rows.a.row(i).dot(x) - rows.b(i);
    const double v = std::pow(rows.a(i, 0) * s(0) * x(0), 2) + std::pow(rows.a(i, 2) * s(1) * x(2), 2) +
                     (0.05 * 0.05 + left * left) / (w * w);
    sum -= kind == EmbeddedKind::iid
               ? 0.5 * (e * e / v + std::log(v) + std::log(2.0 * std::numbers::pi)) + std::log(w)
               : w * w * (e * e + std::pow(std::abs(e) - std::sqrt(v), 2)) / (2.0 * 0.09);
  }
  if (kind == EmbeddedKind::abc) sum -= 0.5 * std::log(2.0 * std::numbers::pi) + std::log(0.3);
  return sum;
}

// Catches a lost weight, rows of weight 0 or for testing that count, noise of the wrong type, a derivative
// without the means that deviations are relative to.
TEST_F(EmbeddedError, is_the_sum_over_rows_and_has_its_gradient) {
  const test::Rows rows = rows_of_types();
  for (const EmbeddedKind kind : {EmbeddedKind::iid, EmbeddedKind::abc}) {
    const auto of =
        embedded(rows, {.columns = {0, 2}, .options = with_everything(kind), .free_mean = true}, world);
    const EmbeddedModel& model = of->model;
    ASSERT_EQ(model.dimension(), 7);
    Eigen::MatrixXd points = model.start().replicate(1, 2);
    for (Index i = 0; i < points.size(); ++i) points.data()[i] += 0.3 * test::random_entry(3, i, 0);
    const Eigen::VectorXd values = model.values(points);
    const Eigen::VectorXd sizes = model.log_sizes();
    for (Index k = 0; k < 2; ++k) {
      const Eigen::VectorXd scales = model.scales(points.col(k));
      Index count = 0;
      double expected =
          by_rows(rows, kind, model.means(points.col(k)), scales.head(2), scales.tail(2), count);
      EXPECT_EQ(count, of->rows.n_rows());
      for (Index j = 0; j < 4; ++j)  // half-Cauchy, by the logarithm
        expected += points(3 + j, k) - std::log1p(std::exp(2.0 * (points(3 + j, k) - sizes(3 + j))));
      // some 860 terms, each good to some 10 ulp of 10
      EXPECT_NEAR(values(k), expected, 860 * 1e-13);
    }
    Eigen::VectorXd gradient;
    EXPECT_NEAR(model.value_and_gradient(points.col(0), gradient), values(0), 860 * 1e-13);
    for (Index i = 0; i < 7; ++i) {
      constexpr double h = 1e-5;
      Eigen::MatrixXd beside = points.col(0).replicate(1, 2);
      beside(i, 0) += h;
      beside(i, 1) -= h;
      const Eigen::VectorXd of_beside = model.values(beside);
      // h² of third derivatives of the size of the gradient, and rounding of values over h
      EXPECT_NEAR((of_beside(0) - of_beside(1)) / (2.0 * h), gradient(i),
                  1e-8 * gradient.norm() + 4.0 * eps * std::abs(values(0)) / h)
          << i;
    }
  }
}

TEST_F(EmbeddedError, has_the_same_bits_on_any_number_of_ranks) {
  const test::Rows rows = rows_of_types();
  for (const bool free_mean : {false, true}) {
    const Embedding embedding{
        .columns = {0, 2}, .options = with_everything(EmbeddedKind::iid), .free_mean = free_mean};
    const auto alone = embedded(rows, embedding, self);
    const auto together = embedded(rows, embedding, world);
    const EmbeddedOptimum one = find_optimum(alone->model, {.starts = 3}, self);
    const EmbeddedOptimum all = find_optimum(together->model, {.starts = 3}, world);
    EXPECT_TRUE((one.point.array() == all.point.array()).all()) << free_mean;
    EXPECT_EQ(one.value, all.value) << free_mean;
  }
}

// Rows whose random columns are zero, exactly or by what is left of sums that cancel, have no spread: without
// noise they are left out and counted; columns that are zero everywhere are not random.
TEST_F(EmbeddedError, rows_without_random_columns_are_left_out) {
  test::Rows rows = cubic(200);
  rows.a.col(2).setZero();
  rows.w = Eigen::VectorXd::Ones(200);
  rows.w(4) = 1e-9;  // a small weight is no small column
  for (const Index i : {3, 70, 199}) rows.a.row(i).tail(3) *= i == 70 ? 0.0 : 1e-15;
  EmbeddedShape shape{.centre = Eigen::Vector4d(0.2, -0.9, 0.5, 1.3),
                      .has_intercept = false,
                      .columns = {1, 2, 3},
                      .unit = Eigen::Vector3d::Ones(),
                      .root = Eigen::MatrixXd(4, 0)};
  const Embedded without(rows, shape, of_kind(EmbeddedKind::iid), world);
  EXPECT_EQ(without.rows.n_dropped(), 3);
  EXPECT_EQ(without.rows.n_rows(), 197);
  EXPECT_EQ(without.rows.shape().columns, (std::vector<Index>{1, 3}));
  EmbeddedOptions noisy = of_kind(EmbeddedKind::iid);
  noisy.leftover = {{.label = {}, .types = {0, 1, 2, 3}}};
  const Embedded with(rows, shape, noisy, world);
  EXPECT_EQ(with.rows.n_dropped(), 0);
  rows.a.rightCols(3).setZero();
  EXPECT_THROW(Embedded(rows, shape, noisy, world), Error);
}

// Types of rows that no random column touches have the residuals as their noise.
TEST_F(EmbeddedError, leftover_noise_is_found_by_row_type) {
  test::Rows rows = cubic(400);
  double squares = 0.0;
  Eigen::VectorXd centre = Eigen::Vector4d(0.2, -0.9, 0.9, 1.3);
  for (Index i = 0; i < 400; ++i) {
    rows.type.push_back(i % 4 == 0 ? design::RowType::energy : design::RowType::stress);
    if (i % 4 != 0) rows.a(i, 0) = 0.0;
    if (i % 4 != 0) squares += std::pow(rows.a.row(i).dot(centre) - rows.b(i), 2);
  }
  EmbeddedOptions options = of_kind(EmbeddedKind::iid);
  options.leftover = {{.label = "stress", .types = {2}}};
  const Embedded of(rows,
                    {.centre = centre,
                     .has_intercept = false,
                     .columns = {0},
                     .unit = Eigen::VectorXd::Ones(1),
                     .root = Eigen::MatrixXd(4, 0)},
                    options, self);
  const EmbeddedOptimum best = find_optimum(of.model, {}, self);
  EXPECT_NEAR(of.model.scales(best.point)(1), std::sqrt(squares / 300.0), 1e-7);
  EXPECT_EQ(of.model.leftover_variances(best.point)[2], std::pow(of.model.scales(best.point)(1), 2));
  EXPECT_EQ(of.model.leftover_variances(best.point)[0], 0.0);
}

// -d² ln p / d(ln s)² = 2 N at the optimum of a random constant.
TEST_F(EmbeddedError, laplace_root_is_the_deviation_of_a_logarithm) {
  const auto of = embedded(cubic(60), {.columns = {0}, .options = of_kind(EmbeddedKind::iid)}, self);
  const EmbeddedOptimum best = find_optimum(of->model, {}, self);
  const double root = std::abs(laplace_root(of->model, best.point)(0, 0));
  EXPECT_NEAR(root, 1.0 / std::sqrt(120.0), 1e-7);  // differences of h = 1e-4: h² of 2/3 of it
}

// In its coordinates the posterior is about N(0, I); parameters are means, s and noise.
TEST_F(EmbeddedError, target_is_white_about_its_mode) {
  const test::Rows rows = rows_of_types();
  const auto of = embedded(
      rows, {.columns = {0, 2}, .options = with_everything(EmbeddedKind::iid), .free_mean = true}, self);
  const EmbeddedModel& model = of->model;
  const EmbeddedOptimum mode = find_optimum(model, {}, self);
  const EmbeddedTarget target(model, mode.point, laplace_root(model, mode.point),
                              {.coefficients = {"a", "b", "c"}, .embedded = {"a", "c"}});
  EXPECT_EQ(parameter_names(target.blocks()),
            (std::vector<std::string>{"a", "b", "c", "model_error[a]", "model_error[c]",
                                      "leftover_noise[energy]", "leftover_noise[rest]"}));
  const Index d = target.dimension();
  ASSERT_EQ(d, 7);
  Eigen::VectorXd gradient;
  EXPECT_NEAR(target.value_and_gradient(Eigen::VectorXd::Zero(d), gradient), mode.value, 1e-9);
  EXPECT_LE(gradient.norm(), 1e-3);  // 1e-8 N in ln s, times deviations below 1
  const Eigen::MatrixXd small = 0.1 * Eigen::MatrixXd::Identity(d, d);
  const Eigen::VectorXd there = target.values(small);
  const Eigen::VectorXd back = target.values(-small);
  for (Index i = 0; i < d;
       ++i)  // z²/2; fourth derivatives of logarithms that hardly matter change it by some %
    EXPECT_NEAR(mode.value - 0.5 * (there(i) + back(i)), 0.005, 0.0005) << i;
  const Eigen::VectorXd parameters = target.parameters(Eigen::VectorXd::Zero(d));
  EXPECT_EQ(parameters.head(3), model.means(mode.point));
  EXPECT_EQ(parameters.tail(4), model.scales(mode.point));
}

}  // namespace
}  // namespace tallfit::infer
