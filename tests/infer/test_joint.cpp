// Every sampler between re-simulations of the data: parameters and data must keep their joint distribution.
#include <Eigen/Cholesky>
#include <gtest/gtest.h>

#include <cmath>

#include "tallfit/infer/sampler.hpp"

namespace tallfit::infer {
namespace {

constexpr double shape = 4.0;  ///< of the gamma distributions of 4 / σ²
using Row = Eigen::Matrix<double, 5, 1>;

const Eigen::MatrixXd& predictors() {
  static const Eigen::MatrixXd x =
      (Eigen::MatrixXd(5, 2) << 1.0, -0.8, 1.0, -0.2, 1.0, 0.1, 1.0, 0.5, 1.0, 1.4).finished();
  return x;
}

/// θ, σ.
struct Parameters {
  Eigen::Vector2d theta;
  double sigma;
};

/// The posterior of θ and ln σ for 4 / σ² ~ Gamma(4), θ ~ N(0, σ² I), y ~ N(X θ, σ² I), in the coordinates
/// (2 θ, 5 ln σ), in which its widths are of order 1. With the prior's, the powers of σ are 5 + 2 + 8.
class RegressionOf final : public LogDensity {
public:
  /// @param lost  powers of σ that are forgotten; draw() never forgets them
  explicit RegressionOf(const Row& y, double lost = 0.0) : y_(y), lost_(lost) {}

  static Parameters parameters_of(const Eigen::VectorXd& point) {
    return {.theta = 0.5 * point.head<2>(), .sigma = std::exp(0.2 * point(2))};
  }
  static Eigen::VectorXd point_of(const Parameters& of) {
    return Eigen::Vector3d(2.0 * of.theta(0), 2.0 * of.theta(1), 5.0 * std::log(of.sigma));
  }

  Index dimension() const override { return 3; }
  bool has_gradient() const override { return true; }
  Eigen::VectorXd values(const Eigen::MatrixXd& points) const override {
    Eigen::VectorXd result(points.cols());
    Eigen::VectorXd gradient;
    for (Index j = 0; j < points.cols(); ++j) result(j) = value_and_gradient(points.col(j), gradient);
    return result;
  }
  double value_and_gradient(const Eigen::VectorXd& point, Eigen::VectorXd& gradient) const override {
    const Parameters at = parameters_of(point);
    const Row r = y_ - predictors() * at.theta;
    const double precision = 1.0 / (at.sigma * at.sigma);
    const double size = precision * (r.squaredNorm() + at.theta.squaredNorm() + 2.0 * shape);
    const Eigen::Vector2d slope = precision * (predictors().transpose() * r - at.theta);
    gradient = Eigen::Vector3d(0.5 * slope(0), 0.5 * slope(1), 0.2 * (size - power + lost_));
    return (lost_ - power) * std::log(at.sigma) - 0.5 * size;
  }

  /// A draw from the posterior to the power β, in closed form: β of 1 is the posterior.
  Eigen::VectorXd draw(double beta, RandomStream& random) const {
    const Eigen::Matrix2d p = predictors().transpose() * predictors() + Eigen::Matrix2d::Identity();
    const Eigen::LLT<Eigen::Matrix2d> factor(p);
    const Eigen::Vector2d mode = factor.solve(predictors().transpose() * y_);
    const double least = (y_ - predictors() * mode).squaredNorm() + mode.squaredNorm() + 2.0 * shape;
    const double sigma = std::sqrt(0.5 * beta * least / random.gamma(0.5 * (beta * power - 2.0)));
    const Eigen::Vector2d z(random.normal(), random.normal());
    return point_of({.theta = mode + sigma / std::sqrt(beta) * factor.matrixU().solve(z), .sigma = sigma});
  }

private:
  static constexpr double power = 5.0 + 2.0 + 2.0 * shape;
  Row y_;
  double lost_;
};

Parameters draw_prior(RandomStream& random) {
  const double sigma = std::sqrt(shape / random.gamma(shape));
  return {.theta = sigma * Eigen::Vector2d(random.normal(), random.normal()), .sigma = sigma};
}

Row draw_data(const Parameters& of, RandomStream& random) {
  Row y = predictors() * of.theta;
  for (double& value : y) value += of.sigma * random.normal();
  return y;
}

/// Bounded functions of parameters and data less their means over the joint distribution, in which z = θ / σ
/// and e = (y - X θ) / σ are N(0, 1) and g = 4 / σ² is Gamma(4), all independent: E cos(t z) = exp(-t² / 2),
/// E exp(-t g) = (1 + t)^-4.
Eigen::VectorXd joint_probes(const Parameters& of, const Row& y) {
  const Eigen::Vector2d z = of.theta / of.sigma;
  const Row e = (y - predictors() * of.theta) / of.sigma;
  const double g = shape / (of.sigma * of.sigma);
  const auto normal = [](double x, double t) { return std::cos(t * x) - std::exp(-0.5 * t * t); };
  Eigen::VectorXd values(10);
  values << normal(z(0), 1.0), normal(z(1), 1.0), normal(z(0), 2.0), normal(z(1), 2.0),
      normal((z(0) - z(1)) / std::numbers::sqrt2, 1.5), std::exp(-g) - std::pow(2.0, -shape),
      std::exp(-0.25 * g) - std::pow(1.25, -shape), normal(e.sum() / std::sqrt(5.0), 1.0),
      normal((z(1) + e(4)) / std::numbers::sqrt2, 1.5),
      std::exp(-0.25 * g) * std::cos(z(0)) - std::pow(1.25, -shape) * std::exp(-0.5);
  return values;
}

/// β of the temperatures before they are tuned, in three dimensions.
double inverse_temperature(Index replica) {
  return std::pow(1.0 + std::sqrt(2.0 / 3.0), -static_cast<double>(replica));
}

/// One chain of Geweke's successive-conditional simulator: some steps of the sampler at fixed data, then new
/// data from the parameters of one walker, and so on. The other walkers are drawn from the posterior of the
/// new data, which leaves the distribution of all of them, p(y) Π p(walker | y), as it is.
/// @return the mean of the probes over cycles and walkers
Eigen::VectorXd mean_of_chain(const Sampler& sampler, Index chain, double lost) {
  constexpr Index cycles = 8;
  const Index steps = sampler.walkers > 1 ? 4 : 3;
  const Index n = sampler.walkers * sampler.replicas;
  RandomStream of_data(11, chain, 1000);
  Parameters kept = draw_prior(of_data);
  ChainState state;
  state.points.resize(3, n);
  if (sampler.needs_gradient) {
    state.tuning.scale = Eigen::MatrixXd::Ones(3, 1);
    state.tuning.log_step_mean = std::log(0.4);
  }
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(10);
  for (Index cycle = 0; cycle < cycles; ++cycle) {
    const Row y = draw_data(kept, of_data);
    const RegressionOf density(y, lost);
    const Index of_kept = cycle % sampler.walkers;
    for (Index w = 0; w < n; ++w)
      state.points.col(w) = w == of_kept ? RegressionOf::point_of(kept)
                                         : density.draw(inverse_temperature(w / sampler.walkers), of_data);
    state.log_density = density.values(state.points);
    for (Index i = 0; i < steps; ++i, ++state.step) {
      RandomStream random(11, chain, state.step);
      sampler.step(state, density, random, 0);
    }
    for (Index w = 0; w < sampler.walkers; ++w)
      sum += joint_probes(RegressionOf::parameters_of(state.points.col(w)), y);
    kept = RegressionOf::parameters_of(state.points.col((cycle + 1) % sampler.walkers));
  }
  return sum / static_cast<double>(cycles * sampler.walkers);
}

/// The largest mean of a probe over independent chains, in Monte Carlo standard errors: those of means over
/// chains, whose spread is seen, whatever the correlations within each are.
double largest_joint_deviation(const Sampler& sampler, double lost = 0.0) {
  const Index chains = sampler.walkers > 1 ? 1000 : 3000;
  Eigen::MatrixXd means(10, chains);
  for (Index c = 0; c < chains; ++c) means.col(c) = mean_of_chain(sampler, c, lost);
  const Eigen::ArrayXd mean = means.rowwise().mean();
  const Eigen::ArrayXd variance =
      (means.colwise() - mean.matrix()).array().square().rowwise().mean() / static_cast<double>(chains);
  return (mean.abs() / variance.sqrt()).maxCoeff();
}

/// Ten means of at least 1000 bounded numbers, each beyond 5 standard errors with a chance of 1e-6 at most.
constexpr double most_errors = 5.0;

// Chains begin in the joint distribution and must stay there: marginal-conditional draws have the means that
// the probes are compared with in closed form. Geweke, JASA 99 (2004) 799.
TEST(JointDistribution, every_sampler_keeps_it) {
  for (const std::string& name : sampler_names())
    EXPECT_LT(largest_joint_deviation(make_sampler(name, 3, {.temperatures = 3})), most_errors) << name;
}

// The negative control: the Jacobian of ln σ forgotten, one power of σ.
TEST(JointDistribution, a_forgotten_jacobian_is_seen) {
  EXPECT_GT(largest_joint_deviation(make_sampler("nuts", 3, {}), 1.0), most_errors);
}

}  // namespace
}  // namespace tallfit::infer
