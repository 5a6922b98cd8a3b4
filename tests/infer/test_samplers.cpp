// Kernels leave their density invariant, chains go on where they were left, and wrong settings are named.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "support/errors.hpp"

#include "tallfit/infer/sampler.hpp"

namespace tallfit::infer {
namespace {

/// x₁ ~ N(0, 1), x₂ | x₁ ~ N(x₁²/2, 1/4), x₃ | x₁ ~ N(0, exp(x₁)): bent, and of varying width, but drawn
/// exactly.
class Bent final : public LogDensity {
public:
  Index dimension() const override { return 3; }
  Eigen::VectorXd values(const Eigen::MatrixXd& x) const override {
    Eigen::VectorXd result(x.cols());
    Eigen::VectorXd gradient;
    for (Index j = 0; j < x.cols(); ++j) result(j) = value_and_gradient(x.col(j), gradient);
    return result;
  }
  bool has_gradient() const override { return true; }
  double value_and_gradient(const Eigen::VectorXd& x, Eigen::VectorXd& gradient) const override {
    const double bend = x(1) - 0.5 * x(0) * x(0);
    const double over_variance = std::exp(-x(0));
    gradient.resize(3);
    gradient << -x(0) + 4.0 * bend * x(0) - 0.5 + 0.5 * x(2) * x(2) * over_variance, -4.0 * bend,
        -x(2) * over_variance;
    return -0.5 * (x(0) * x(0) + 4.0 * bend * bend + x(0) + x(2) * x(2) * over_variance);
  }

  static Eigen::VectorXd draw(RandomStream& random) {
    const double x = random.normal();
    return Eigen::Vector3d(x, 0.5 * x * x + 0.5 * random.normal(), std::exp(0.5 * x) * random.normal());
  }
};

/// N(0, I / β) at each temperature, so that tempered ensembles can be drawn, too.
class Round final : public LogDensity {
public:
  Index dimension() const override { return 3; }
  Eigen::VectorXd values(const Eigen::MatrixXd& x) const override {
    return -0.5 * x.colwise().squaredNorm().transpose();
  }
};

/// Functions whose means over Bent are 0 and whose values are bounded: cosines of the three independent
/// normal numbers z from which x is made, and of pairs of them, less their means exp(-t²/2).
Eigen::VectorXd probes(const Eigen::VectorXd& z) {
  Eigen::VectorXd values(9);
  for (Index i = 0; i < 3; ++i) {
    values(i) = std::cos(z(i)) - std::exp(-0.5);
    values(3 + i) = std::cos(2.5 * z(i)) - std::exp(-0.5 * 6.25);
    values(6 + i) = std::cos(z(i) - z((i + 1) % 3)) - std::exp(-1.0);
  }
  return values;
}

Eigen::VectorXd normals_of(const Eigen::VectorXd& x) {
  return Eigen::Vector3d(x(0), 2.0 * (x(1) - 0.5 * x(0) * x(0)), x(2) * std::exp(-0.5 * x(0)));
}

/// Draws an ensemble from the density, takes some steps without tuning, and asks whether the points are still
/// of the density: the joint test of Geweke (JASA 99 (2004) 799) for a fixed density, whose exact draws take
/// the place of those from the prior. Replicas are independent, so that errors are known.
/// @return the largest deviation of a mean, in its standard errors
template <class Density>
double largest_deviation(const Density& density, const Sampler& sampler, Index replicas,
                         const std::function<Eigen::VectorXd(Index walker, RandomStream&)>& draw,
                         const std::function<Eigen::VectorXd(const Eigen::VectorXd&)>& normals) {
  constexpr Index steps = 4;
  const Index n = sampler.walkers * sampler.replicas;
  Eigen::MatrixXd means(9, replicas);
  for (Index r = 0; r < replicas; ++r) {
    RandomStream start(1, r, 1000);
    ChainState state;
    state.points.resize(3, n);
    for (Index w = 0; w < n; ++w) state.points.col(w) = draw(w, start);
    state.log_density = density.values(state.points);
    if (sampler.needs_gradient) {
      state.tuning.scale = Eigen::MatrixXd::Ones(3, 1);
      state.tuning.log_step_mean = std::log(0.4);
    }
    for (; state.step < steps; ++state.step) {
      RandomStream random(1, r, state.step);
      sampler.step(state, density, random, 0);
    }
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(9);
    for (Index w = 0; w < sampler.walkers; ++w) sum += probes(normals(state.points.col(w)));
    means.col(r) = sum / static_cast<double>(sampler.walkers);
  }
  const Eigen::ArrayXd mean = means.rowwise().mean();
  const Eigen::ArrayXd variance =
      (means.colwise() - mean.matrix()).array().square().rowwise().mean() / static_cast<double>(replicas);
  return (mean.abs() / variance.sqrt()).maxCoeff();
}

double deviation_of_bent(const Sampler& sampler, Index replicas) {
  return largest_deviation(
      Bent(), sampler, replicas, [](Index, RandomStream& random) { return Bent::draw(random); }, normals_of);
}

/// Of nine means that are normal to good approximation: false alarm 9 x 1e-6 for a sampler.
constexpr double bound = 4.9;

TEST(Samplers, leave_the_density_invariant) {
  for (const std::string& name : sampler_names()) {
    if (name == "tempered") continue;
    const Sampler sampler = make_sampler(name, 3, {});
    const Index replicas = sampler.walkers > 1 ? 4000 : 20000;
    EXPECT_LT(deviation_of_bent(sampler, replicas), bound) << name;
  }
}

TEST(Samplers, tempered_leaves_the_density_invariant) {
  constexpr double ratio = 1.8164965809277260;  // the ladder's first: 1 + sqrt(2/3)
  const Sampler sampler = make_sampler("tempered", 3, {.temperatures = 3});
  const Index walkers = sampler.walkers;
  const auto draw = [walkers](Index walker, RandomStream& random) -> Eigen::VectorXd {
    const double deviation = std::sqrt(std::pow(ratio, static_cast<double>(walker / walkers)));
    return deviation * Eigen::Vector3d(random.normal(), random.normal(), random.normal());
  };
  EXPECT_LT(largest_deviation(Round(), sampler, 3000, draw, [](const Eigen::VectorXd& x) { return x; }),
            bound);
}

// The negative control: steps that leave a slightly wider density invariant.
TEST(Samplers, a_kernel_of_another_density_is_seen) {
  Sampler wrong = make_sampler("stretch", 3, {});
  class Wider final : public LogDensity {
  public:
    Index dimension() const override { return 3; }
    Eigen::VectorXd values(const Eigen::MatrixXd& x) const override { return 0.95 * Bent().values(x); }
  };
  const StepFunction right = wrong.step;
  wrong.step = [right](ChainState& state, const LogDensity&, RandomStream& random, Index warmup) {
    const Wider wider;
    state.log_density = wider.values(state.points);
    return right(state, wider, random, warmup);
  };
  EXPECT_GT(deviation_of_bent(wrong, 4000), bound);
}

TEST(Samplers, go_on_bit_for_bit_from_a_copy_of_their_state) {
  constexpr Index warmup = 60;
  for (const std::string& name : sampler_names()) {
    const Bent density;
    const Sampler sampler = make_sampler(name, 3, {.temperatures = 3});
    const auto advance = [&](ChainState& state, Index to) {
      for (; state.step < to; ++state.step) {
        RandomStream random(5, 2, state.step);
        sampler.step(state, density, random, warmup);
      }
    };
    ChainState whole = start_chain(density, sampler, RandomStream(5, 2, 999));
    ChainState begun = whole;
    advance(whole, 100);
    advance(begun, 37);
    ChainState resumed = begun;
    advance(begun, 50);  // must not matter to the copy
    advance(resumed, 100);
    EXPECT_EQ((whole.points.array() == resumed.points.array()).count(), whole.points.size()) << name;
    EXPECT_EQ((whole.log_density.array() == resumed.log_density.array()).count(), whole.log_density.size());
  }
}

TEST(Samplers, log_densities_are_those_of_their_points) {
  for (const std::string& name : sampler_names()) {
    const Bent density;
    const Sampler sampler = make_sampler(name, 3, {.temperatures = 3});
    ChainState state = start_chain(density, sampler, RandomStream(7, 0, 999));
    for (; state.step < 40; ++state.step) {
      RandomStream random(7, 0, state.step);
      const StepReport report = sampler.step(state, density, random, 20);
      EXPECT_GE(report.evaluations, sampler.walkers);
      EXPECT_TRUE(report.acceptance >= 0.0 && report.acceptance <= 1.0);
    }
    EXPECT_EQ((density.values(state.points).array() == state.log_density.array()).count(),
              state.log_density.size())
        << name;
  }
}

TEST(Samplers, wrong_numbers_of_walkers_are_named) {
  using support::expect_error;
  expect_error(ErrorKind::input, {"sample.walkers = 18 is too few", "\"stretch\" in 10 dimensions", "20"},
               [] { make_sampler("stretch", 10, {.walkers = 18}); });
  expect_error(ErrorKind::input, {"sample.walkers = 21 is odd"},
               [] { make_sampler("de", 10, {.walkers = 21}); });
  expect_error(ErrorKind::input, {"sample.walkers = 2 is too few", "3"},
               [] { make_sampler("dream", 10, {.walkers = 2}); });
  expect_error(ErrorKind::input, {"sample.walkers = 4", "chains of a single point"},
               [] { make_sampler("nuts", 10, {.walkers = 4}); });
  EXPECT_EQ(make_sampler("stretch", 10, {}).walkers, 40);
  EXPECT_EQ(make_sampler("nuts", 10, {}).walkers, 1);
}

TEST(Samplers, a_density_without_a_place_to_start_is_an_error) {
  class Nowhere final : public LogDensity {
  public:
    Index dimension() const override { return 1; }
    Eigen::VectorXd values(const Eigen::MatrixXd& x) const override {
      return Eigen::VectorXd::Constant(x.cols(), std::nan(""));
    }
  };
  support::expect_error(ErrorKind::numerical, {"no place to start from"}, [] {
    start_chain(Nowhere(), make_sampler("metropolis", 1, {}), RandomStream(0, 0, 0));
  });
}

TEST(Samplers, random_numbers_follow_seed_chain_and_step) {
  const auto first = [](std::uint64_t seed, Index chain, Index step) {
    return RandomStream(seed, chain, step).uniform();
  };
  EXPECT_EQ(first(1, 2, 3), first(1, 2, 3));
  EXPECT_NE(first(1, 2, 3), first(1, 2, 4));
  EXPECT_NE(first(1, 2, 3), first(1, 3, 3));
  EXPECT_NE(first(1, 2, 3), first(2, 2, 3));
  RandomStream random(3, 0, 0);
  double sum = 0.0;
  constexpr int n = 20000;
  for (int i = 0; i < n; ++i) sum += random.gamma(2.5);
  EXPECT_NEAR(sum / n, 2.5, 5.0 * std::sqrt(2.5 / n));  // five deviations of the mean
}

}  // namespace
}  // namespace tallfit::infer
