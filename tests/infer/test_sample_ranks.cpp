// Chains, and posteriors of rows, on any number of ranks.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "posteriors.hpp"
#include "support/memory_source.hpp"

#include "tallfit/infer/row_target.hpp"
#include "tallfit/infer/sample.hpp"

namespace tallfit::infer {
namespace {

using test::linear_posterior;

TEST(Sample, stops_at_the_effective_sample_size_that_was_asked_for) {
  const Eigen::MatrixXd x = Eigen::MatrixXd::Random(50, 3);
  const Eigen::VectorXd y = x * Eigen::Vector3d(1, 2, 3) + Eigen::VectorXd::Random(50);
  const auto posterior = linear_posterior(x, y, {});
  const Sampler exact = exact_sampler(*posterior);
  const comm::Communicator self = comm::Communicator::self();
  const Chains enough = sample(*posterior, exact, {.warmup = 0, .draws = 1000, .target_ess = 500}, self);
  EXPECT_TRUE(enough.reached_target);
  EXPECT_GE(enough.least_ess, 500.0);
  EXPECT_LE(enough.n_draws(), 300);
  const Chains few = sample(*posterior, exact, {.warmup = 0, .draws = 100, .target_ess = 5000}, self);
  EXPECT_FALSE(few.reached_target);
  EXPECT_EQ(few.n_draws(), 100);
  EXPECT_FALSE(
      sample(*posterior, exact, {.warmup = 0, .draws = 100, .target_ess = 5000}, comm::Communicator::world())
          .reached_target);
}

TEST(Sample, chains_have_the_same_bits_on_any_number_of_ranks) {
  Eigen::MatrixXd x(60, 4);
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = std::sin(1.7 * static_cast<double>(i * i % 97));
  const Eigen::VectorXd y = x * Eigen::Vector4d(1, 2, 3, 4) + x.col(0).cwiseProduct(x.col(1));
  const auto posterior = linear_posterior(x, y, {.kind = ScalePriorKind::half_cauchy, .scale = 1.0});
  for (const std::string& name : sampler_names()) {
    const Sampler sampler = make_sampler(name, posterior->dimension(), {.temperatures = 2});
    const SampleOptions options{.chains = 5, .warmup = 30, .draws = 20, .thin = 2, .seed = 4};
    const Chains alone = sample(*posterior, sampler, options, comm::Communicator::self());
    const Chains together = sample(*posterior, sampler, options, comm::Communicator::world());
    EXPECT_EQ(together.least_ess, alone.least_ess) << name;
    if (!comm::Communicator::world().is_root()) continue;
    for (std::size_t k = 0; k < alone.parameters.size(); ++k)
      EXPECT_TRUE((together.parameters[k].array() == alone.parameters[k].array()).all()) << name << " " << k;
    EXPECT_TRUE((together.log_density.array() == alone.log_density.array()).all()) << name;
    EXPECT_TRUE((together.acceptance.array() == alone.acceptance.array()).all()) << name;
  }
}

/// 1000 rows, three leaves: with seven ranks some have none.
test::Rows rows_with_outliers() {
  test::Rows rows;
  rows.a.resize(1000, 3);
  rows.b.resize(1000);
  rows.w.resize(1000);
  for (Index i = 0; i < 1000; ++i) {
    for (Index j = 0; j < 3; ++j) rows.a(i, j) = test::random_entry(1, i, j);
    const double noise = test::random_entry(1, i, 7);
    rows.b(i) = rows.a.row(i).sum() + 0.1 * noise / (1.01 - std::abs(noise));
    rows.w(i) = i % 50 == 0 ? 0.0 : 1.0 + 0.5 * static_cast<double>(i % 3);
  }
  return rows;
}

std::unique_ptr<RowTarget> row_posterior(const test::Rows& rows, const NoiseDensity& noise,
                                         const comm::Communicator& comm) {
  test::MemorySource source(rows);
  const compress::RowLayout layout = compress::survey(source, comm, 0, 1);
  LeafKeeper keeper(true);
  compress::RowVisitor* const visitors[] = {&keeper};
  compress::run_row_pass(source, layout, comm, visitors, 1 << 13U);
  Eigen::MatrixXd all(rows.size(), 5);
  all << rows.weighted_a(), rows.w, rows.weighted_b();
  const Eigen::MatrixXd prior = Eigen::MatrixXd::Identity(3, 5);
  RowModel model{
      .noise = noise,
      .scale = {.guess = 0.2, .width = 0.02, .prior = {.kind = ScalePriorKind::half_normal, .scale = 2.0}},
      .samples_scale = true,
      .prior = Term{.rows = prior, .count = 3.0, .norm = Norm::squares, .scale = 0.5, .sampled = {}},
      .count = 980.0};
  return std::make_unique<RowTarget>(posterior_basis(all / 0.2, test::numbered(3), true, 1e-13),
                                     std::move(model), keeper.take(), comm);
}

double minus_log_density(const NoiseDensity& noise, double z) {
  if (noise.kind == NoiseKind::student_t)
    return 0.5 * (noise.constant + 1.0) * std::log1p(z * z / noise.constant);
  return std::abs(z) < noise.constant ? 0.5 * z * z
                                      : noise.constant * std::abs(z) - 0.5 * noise.constant * noise.constant;
}

const std::vector<NoiseDensity> noises = {{.kind = NoiseKind::student_t, .constant = 3.0},
                                          {.kind = NoiseKind::huber, .constant = 1.35}};

TEST(RowTarget, is_the_sum_over_rows_and_has_its_gradient) {
  const auto world = comm::Communicator::world();
  const test::Rows rows = rows_with_outliers();
  for (const NoiseDensity& noise : noises) {
    const auto target = row_posterior(rows, noise, world);
    ASSERT_EQ(target->dimension(), 5);
    Eigen::MatrixXd points(5, 2);
    for (Index i = 0; i < points.size(); ++i) points.data()[i] = test::random_entry(3, i, 0);
    const Eigen::MatrixXd parameters = target->parameters(points);
    const Eigen::VectorXd values = target->values(points);
    Eigen::VectorXd expected(2);
    for (Index j = 0; j < 2; ++j) {
      const double s = parameters(4, j);
      double sum = std::log(s) - 0.5 * s * s / 4.0 - 0.5 * parameters.col(j).head(3).squaredNorm() / 0.25;
      for (Index i = 0; i < rows.size(); ++i) {
        if (rows.w(i) == 0.0) continue;
        const double r = rows.a.row(i).dot(parameters.col(j).head(3)) + parameters(3, j) - rows.b(i);
        sum -= minus_log_density(noise, rows.w(i) * r / s) + std::log(s);
      }
      expected(j) = sum;
    }
    // sums of 980 terms of order 1, each good to some 10 ulp of residuals
    EXPECT_NEAR(values(0), expected(0), 980 * 1e-14);
    EXPECT_NEAR(values(1), expected(1), 980 * 1e-14);
    Eigen::VectorXd gradient;
    EXPECT_NEAR(target->value_and_gradient(points.col(0), gradient), expected(0), 980 * 1e-14);
    for (Index k = 0; k < 5; ++k) {
      constexpr double h = 1e-5;
      Eigen::MatrixXd beside = points.col(0).replicate(1, 2);
      beside(k, 0) += h;
      beside(k, 1) -= h;
      const Eigen::VectorXd of_beside = target->values(beside);
      // central differences: h² of third derivatives of order 1, and rounding of values of 1e3 over h
      EXPECT_NEAR((of_beside(0) - of_beside(1)) / (2.0 * h), gradient(k), 1e-6) << k;
    }
  }
}

// The likelihood alone: what is left of ln p without both priors, and with the integral of the noise's
// density by the trapezoidal rule, whose tails beyond 4000 scales are below 1e-9 of it for 3 degrees of
// freedom.
TEST(RowTarget, likelihoods_are_normalised_and_without_priors) {
  const auto world = comm::Communicator::world();
  const test::Rows rows = rows_with_outliers();
  for (const NoiseDensity& noise : noises) {
    constexpr double h = 0.01;
    double integral = 0.0;
    for (int i = -400000; i <= 400000; ++i) integral += h * std::exp(-minus_log_density(noise, h * i));
    const auto target = row_posterior(rows, noise, world);
    const Eigen::MatrixXd point = Eigen::VectorXd::LinSpaced(5, -0.5, 0.7);
    const Eigen::VectorXd of = target->parameters(point);
    double expected = 0.0;
    for (Index i = 0; i < rows.size(); ++i) {
      if (rows.w(i) == 0.0) continue;
      const double r = rows.a.row(i).dot(of.head(3)) + of(3) - rows.b(i);
      expected -= minus_log_density(noise, rows.w(i) * r / of(4)) + std::log(of(4)) + std::log(integral);
    }
    const Eigen::MatrixXd is = target->log_likelihoods(point, target->values(point));
    // 980 terms: rounding as above, and the integral to 1e-9
    EXPECT_NEAR(is(0, 0), expected, 980 * 1e-9);
  }
}

TEST(RowTarget, has_the_same_bits_on_any_number_of_ranks) {
  const test::Rows rows = rows_with_outliers();
  const auto self = comm::Communicator::self();
  const auto alone = row_posterior(rows, noises[0], self);
  const auto world = comm::Communicator::world();
  const auto together = row_posterior(rows, noises[0], world);
  for (const std::string name : {"stretch", "nuts"}) {
    const Sampler sampler = make_sampler(name, 5, {});
    const SampleOptions options{.chains = 2, .warmup = 20, .draws = 10, .seed = 4};
    const Chains of_one = sample(*alone, sampler, options, comm::Communicator::self());
    const Chains of_all = sample(*together, sampler, options, comm::Communicator::world());
    EXPECT_EQ(of_all.least_ess, of_one.least_ess) << name;
    if (!comm::Communicator::world().is_root()) continue;
    for (std::size_t k = 0; k < of_one.parameters.size(); ++k)
      EXPECT_TRUE((of_all.parameters[k].array() == of_one.parameters[k].array()).all()) << name << " " << k;
  }
}

TEST(GaussianTarget, likelihoods_are_those_of_the_rows_of_each_part) {
  Eigen::MatrixXd rows(30, 3);
  for (Index i = 0; i < rows.size(); ++i) rows.data()[i] = test::random_entry(8, i, 0);
  TermModel model;
  model.terms = {{.rows = rows.topRows(10), .count = 10.0, .sampled = {0}},
                 {.rows = rows.bottomRows(20), .count = 20.0, .scale = 0.5},
                 {.rows = rows.topRows(2), .count = 2.0, .scale = 3.0}};
  model.scales = {{.guess = 0.3, .width = 0.1, .prior = {.kind = ScalePriorKind::half_cauchy, .scale = 1.0}}};
  model.scale_blocks = {{.name = "sigma", .dimension = {}, .labels = {}}};
  model.likelihood = ParameterBlock{.name = "target", .dimension = "group", .labels = {"a", "b"}};
  const Eigen::MatrixXd at_guess = rows_at_guess(model);
  const GaussianTarget target(posterior_basis(at_guess, test::numbered(2), false, 1e-13), std::move(model));
  const Eigen::MatrixXd point = Eigen::Vector3d(0.3, -0.8, 1.1);
  const Eigen::VectorXd of = target.parameters(point);
  const Eigen::MatrixXd is = target.log_likelihoods(point, target.values(point));
  const auto log_normal = [&](Index first, Index n, double sigma) {
    double sum = 0.0;
    for (Index i = first; i < first + n; ++i) {
      const double z = (rows.row(i).head(2).dot(of.head(2)) - rows(i, 2)) / sigma;
      sum -= 0.5 * z * z + std::log(sigma) + 0.5 * std::log(2.0 * std::numbers::pi);
    }
    return sum;
  };
  ASSERT_EQ(is.rows(), 2);
  // some 20 terms of order 10, each good to a few ulp
  EXPECT_NEAR(is(0, 0), log_normal(0, 10, of(2)), 1e-12);
  EXPECT_NEAR(is(1, 0), log_normal(10, 20, 0.5), 1e-12);
}

TEST(Sample, has_the_covariance_of_its_draws) {
  const Eigen::MatrixXd x = Eigen::MatrixXd::Random(50, 3);
  const Eigen::VectorXd y = x * Eigen::Vector3d(1, 2, 3) + Eigen::VectorXd::Random(50);
  const auto posterior = linear_posterior(x, y, {});
  const Chains chains = sample(*posterior, exact_sampler(*posterior), {.chains = 3, .warmup = 0, .draws = 40},
                               comm::Communicator::self());
  const Eigen::MatrixXd s = covariance_factor(chains, 3);
  Eigen::MatrixXd draws(120, 3);
  for (Index k = 0; k < 3; ++k) draws.col(k) = chains.parameters[static_cast<std::size_t>(k)].reshaped();
  const Eigen::MatrixXd centred = draws.rowwise() - draws.colwise().mean();
  const Eigen::MatrixXd covariance = centred.transpose() * centred / 119.0;
  // sums of 120 products
  EXPECT_LE((s * s.transpose() - covariance).norm(), 120 * 2.3e-16 * covariance.norm());
}

// The gradient of a Gaussian and Laplace target, with scales of noise and prior.
TEST(GaussianTarget, has_the_gradient_of_its_values) {
  TermModel model;
  Eigen::MatrixXd rows(6, 4);
  for (Index i = 0; i < rows.size(); ++i) rows.data()[i] = test::random_entry(4, i, 0);
  Eigen::MatrixXd prior = Eigen::MatrixXd::Zero(3, 4);
  prior.leftCols(3).setIdentity();
  model.terms = {
      {.rows = rows.topRows(4), .count = 40.0, .norm = Norm::squares, .scale = 1.0, .sampled = {0}},
      {.rows = rows.bottomRows(2), .count = 20.0, .norm = Norm::squares, .scale = 0.5, .sampled = {1}},
      {.rows = prior, .count = 3.0, .norm = Norm::absolute, .scale = 2.0, .sampled = {0, 2}}};
  model.scales = {{.guess = 0.1, .width = 0.1, .prior = {}},
                  {.guess = 0.3, .width = 0.2, .prior = {.kind = ScalePriorKind::half_cauchy, .scale = 0.2}},
                  {.guess = 1.0, .width = 0.5, .prior = {.kind = ScalePriorKind::half_normal, .scale = 1.5}}};
  model.scale_blocks = {{.name = "sigma", .dimension = "group", .labels = {"a", "b"}},
                        {.name = "width", .dimension = {}, .labels = {}}};
  const Eigen::MatrixXd at_guess = rows_at_guess(model);
  const GaussianTarget target(posterior_basis(at_guess, test::numbered(3), false, 1e-13), std::move(model));
  EXPECT_FALSE(target.is_conjugate());
  EXPECT_EQ(parameter_names(target.blocks()),
            (std::vector<std::string>{"beta[1]", "beta[2]", "beta[3]", "sigma[a]", "sigma[b]", "width"}));
  Eigen::VectorXd point(6);
  for (Index i = 0; i < 6; ++i) point(i) = test::random_entry(5, i, 0);
  Eigen::VectorXd gradient;
  const double value = target.value_and_gradient(point, gradient);
  EXPECT_NEAR(target.values(point)(0), value, 1e-12 * std::abs(value));
  for (Index k = 0; k < 6; ++k) {
    constexpr double h = 1e-5;
    Eigen::MatrixXd beside = point.replicate(1, 2);
    beside(k, 0) += h;
    beside(k, 1) -= h;
    const Eigen::VectorXd of_beside = target.values(beside);
    EXPECT_NEAR((of_beside(0) - of_beside(1)) / (2.0 * h), gradient(k), 1e-5 * gradient.norm()) << k;
  }
}

TEST(PosteriorBasis, an_improper_posterior_is_named) {
  Eigen::MatrixXd rows(5, 4);
  for (Index i = 0; i < rows.size(); ++i) rows.data()[i] = test::random_entry(6, i, 0);
  rows.col(2) = rows.col(0) + rows.col(1);
  try {
    posterior_basis(rows, {"a", "b", "c"}, false, 1e-13);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::input);
    EXPECT_NE(
        std::string(error.what()).find("do not determine the coefficients of c, and their prior is flat"),
        std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace tallfit::infer
