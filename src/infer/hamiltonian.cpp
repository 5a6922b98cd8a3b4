#include "hamiltonian.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "moments.hpp"

namespace tallfit::infer {

namespace {

double evaluate(PhasePoint& point, const LogDensity& density) {
  const double value = density.value_and_gradient(point.position, point.gradient);
  const bool inside = std::isfinite(value) && point.gradient.allFinite();
  if (!inside) point.gradient.setZero();
  return inside ? value : -std::numeric_limits<double>::infinity();
}

void draw_momentum(PhasePoint& point, RandomStream& random) {
  point.momentum.resize(point.position.size());
  for (double& number : point.momentum) number = random.normal();
}

/// The steps of warm-up in which the metric is learned, and whether one of them ends a window.
struct Window {
  bool learns = false;
  bool ends = false;
};

Window window_of(Index step, Index warmup) {
  constexpr double beginning = 0.075;  // the parts of Stan's 1000 steps: 75, then 25 doubling, then 50
  constexpr double ending = 0.05;
  const auto first = static_cast<Index>(beginning * static_cast<double>(warmup));
  const auto end = warmup - static_cast<Index>(ending * static_cast<double>(warmup));
  if (step < first || step >= end) return {};
  Index size = std::max<Index>(warmup / 40, 5);
  Index window_end = first + size;
  while (step >= window_end) {
    size *= 2;
    window_end += size;
  }
  if (window_end + 2 * size > end) window_end = end;  // the next window would not fit
  return {.learns = true, .ends = step + 1 == window_end};
}

void restart_averaging(Tuning& tuning) {
  tuning.log_step_mean = tuning.log_step;
  tuning.mean_error = 0.0;
  tuning.count = 0;
}

void learn_metric(Tuning& tuning) {
  const auto n = static_cast<double>(tuning.n_moments);
  const Eigen::ArrayXd variance = tuning.scatter.col(0).array() / std::max(n - 1.0, 1.0);
  const Eigen::ArrayXd prior = tuning.scale.col(0).array().square();  // five points of what was known before
  tuning.scale = ((n * variance + 5.0 * prior) / (n + 5.0)).sqrt().matrix();
  tuning.n_moments = 0;
}

/// Dual averaging towards x = ln(10 ε), as Stan's: γ = 0.05, t₀ = 10, κ = 0.75.
void average_step(Tuning& tuning, double acceptance, double wanted, double centre) {
  constexpr double gamma = 0.05;
  constexpr double delay = 10.0;
  constexpr double kappa = 0.75;
  const auto t = static_cast<double>(++tuning.count);
  const double weight = 1.0 / (t + delay);
  tuning.mean_error = (1.0 - weight) * tuning.mean_error + weight * (wanted - acceptance);
  tuning.log_step = centre - std::sqrt(t) / gamma * tuning.mean_error;
  const double share = std::pow(t, -kappa);
  tuning.log_step_mean = share * tuning.log_step + (1.0 - share) * tuning.log_step_mean;
}

}  // namespace

PhasePoint begin_path(const ChainState& state, const LogDensity& density, RandomStream& random) {
  PhasePoint point;
  point.position = state.points.col(0);
  point.gradient.resize(point.position.size());
  point.log_density = evaluate(point, density);
  draw_momentum(point, random);
  return point;
}

void leap_in_place(PhasePoint& point, const LogDensity& density, const Eigen::VectorXd& deviations,
                   double step) {
  point.momentum += 0.5 * step * deviations.cwiseProduct(point.gradient);
  point.position += step * deviations.cwiseProduct(point.momentum);
  point.log_density = evaluate(point, density);
  point.momentum += 0.5 * step * deviations.cwiseProduct(point.gradient);
}

Index begin_tuning(ChainState& state, const LogDensity& density, RandomStream& random) {
  constexpr int most_doublings = 50;
  Tuning& tuning = state.tuning;
  tuning.scale = Eigen::MatrixXd::Ones(state.points.rows(), 1);
  Index gradients = 0;
  int direction = 0;
  for (int i = 0; i < most_doublings; ++i) {
    PhasePoint point = begin_path(state, density, random);
    const double before = point.log_joint();
    leap_in_place(point, density, tuning.scale, std::exp(tuning.log_step));
    gradients += 2;
    const int wanted = point.log_joint() - before > std::log(0.8) ? 1 : -1;
    if (direction == 0) direction = wanted;
    if (wanted != direction) break;
    tuning.log_step += direction * std::log(2.0);
  }
  restart_averaging(tuning);
  return gradients;
}

void tune(ChainState& state, double acceptance, double wanted, Index warmup) {
  Tuning& tuning = state.tuning;
  if (tuning.count == 0) tuning.averaging_centre = std::log(10.0) + tuning.log_step;
  average_step(tuning, acceptance, wanted, tuning.averaging_centre);
  const Window window = window_of(state.step, warmup);
  if (window.learns) add_point(tuning, state.points.col(0), Moments::diagonal);
  if (!window.ends) return;
  learn_metric(tuning);
  tuning.log_step = tuning.log_step_mean;
  restart_averaging(tuning);
}

double step_size(const ChainState& state, Index warmup) {
  return std::exp(state.step < warmup ? state.tuning.log_step : state.tuning.log_step_mean);
}

}  // namespace tallfit::infer
