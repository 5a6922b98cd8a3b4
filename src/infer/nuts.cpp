#include <algorithm>
#include <cmath>
#include <limits>

#include "hamiltonian.hpp"
#include "hmc.hpp"

namespace tallfit::infer {

namespace {

double log_sum(double a, double b) {
  const double largest = std::max(a, b);
  return std::isinf(largest) ? largest : largest + std::log(std::exp(a - largest) + std::exp(b - largest));
}

/// A stretch of a path, in the direction in which it was walked.
struct Stretch {
  PhasePoint first;
  PhasePoint last;
  Eigen::VectorXd momentum_sum;
  Eigen::VectorXd chosen;  ///< a position of the stretch, drawn by its weight
  double chosen_log_density = 0.0;
  double log_weight = -std::numeric_limits<double>::infinity();
  bool may_go_on = true;
};

/// Whether both ends of a path, whose momenta add up to @p sum, move along it.
bool goes_straight(const Eigen::VectorXd& first, const Eigen::VectorXd& last, const Eigen::VectorXd& sum) {
  return sum.dot(first) > 0.0 && sum.dot(last) > 0.0;
}

/// The criterion for two stretches that follow each other, and for each with the first point of the other.
bool goes_straight(const Stretch& a, const Stretch& b) {
  return goes_straight(a.first.momentum, b.last.momentum, a.momentum_sum + b.momentum_sum) &&
         goes_straight(a.first.momentum, b.first.momentum, a.momentum_sum + b.first.momentum) &&
         goes_straight(a.last.momentum, b.last.momentum, a.last.momentum + b.momentum_sum);
}

/// Walks paths of one step of the chain.
class PathBuilder {
public:
  PathBuilder(const LogDensity& density, const Eigen::VectorXd& deviations, RandomStream& random,
              double log_joint_of_start)
      : density_(density), deviations_(deviations), random_(random), start_(log_joint_of_start) {}

  /// 2^depth steps of size @p step, or fewer where the path turns or diverges.
  Stretch build(const PhasePoint& from, double step, Index depth) {
    if (depth == 0) return single(from, step);
    Stretch near = build(from, step, depth - 1);
    if (!near.may_go_on) return near;
    Stretch far = build(near.last, step, depth - 1);
    Stretch both = joined(near, far, far.log_weight - log_sum(near.log_weight, far.log_weight));
    both.may_go_on = far.may_go_on && goes_straight(near, far);
    return both;
  }

  /// Both stretches as one; the chosen point is that of @p far with the probability given.
  Stretch joined(const Stretch& near, const Stretch& far, double log_probability) {
    const Stretch& winner = std::log(random_.uniform()) < log_probability ? far : near;
    return {.first = near.first,
            .last = far.last,
            .momentum_sum = near.momentum_sum + far.momentum_sum,
            .chosen = winner.chosen,
            .chosen_log_density = winner.chosen_log_density,
            .log_weight = log_sum(near.log_weight, far.log_weight)};
  }

  double mean_acceptance() const { return acceptance_ / static_cast<double>(std::max<Index>(n_leaps_, 1)); }
  Index n_leaps() const { return n_leaps_; }
  bool diverged() const { return diverged_; }

private:
  Stretch single(const PhasePoint& from, double step) {
    PhasePoint point = from;
    leap_in_place(point, density_, deviations_, step);
    ++n_leaps_;
    const double change = point.log_joint() - start_;
    const bool lost = !(change > -divergence);
    diverged_ = diverged_ || lost;
    acceptance_ += lost ? 0.0 : std::min(1.0, std::exp(change));
    const Eigen::VectorXd momentum = point.momentum;
    const Eigen::VectorXd position = point.position;
    const double log_density = point.log_density;
    return {.first = point,
            .last = std::move(point),
            .momentum_sum = momentum,
            .chosen = position,
            .chosen_log_density = log_density,
            .log_weight = lost ? -std::numeric_limits<double>::infinity() : change,
            .may_go_on = !lost};
  }

  const LogDensity& density_;
  const Eigen::VectorXd& deviations_;
  RandomStream& random_;
  double start_;
  double acceptance_ = 0.0;
  Index n_leaps_ = 0;
  bool diverged_ = false;
};

/// The same stretch walked the other way: its momenta point along the walk again when their signs change.
Stretch reversed(Stretch stretch) {
  std::swap(stretch.first, stretch.last);
  stretch.first.momentum *= -1.0;
  stretch.last.momentum *= -1.0;
  stretch.momentum_sum *= -1.0;
  return stretch;
}

StepReport nuts_step(ChainState& state, const LogDensity& density, RandomStream& random, Index warmup,
                     double wanted, Index max_depth) {
  StepReport report{.evaluations = 1};
  if (state.tuning.scale.size() == 0) report.evaluations += begin_tuning(state, density, random);
  const PhasePoint start = begin_path(state, density, random);
  const Eigen::VectorXd deviations = state.tuning.scale;
  const double step = step_size(state, warmup);
  PathBuilder builder(density, deviations, random, start.log_joint());
  Stretch path{.first = start,
               .last = start,
               .momentum_sum = start.momentum,
               .chosen = start.position,
               .chosen_log_density = start.log_density,
               .log_weight = 0.0};
  for (Index depth = 0; depth < max_depth && path.may_go_on; ++depth) {
    if (random.uniform() < 0.5) path = reversed(std::move(path));
    const Stretch extension = builder.build(path.last, step, depth);
    if (!extension.may_go_on) break;
    const bool straight = goes_straight(path, extension);
    path = builder.joined(path, extension, extension.log_weight - path.log_weight);
    path.may_go_on = straight;
  }
  state.points.col(0) = path.chosen;
  state.log_density(0) = path.chosen_log_density;
  report.acceptance = builder.mean_acceptance();
  report.evaluations += builder.n_leaps();
  report.diverged = builder.diverged();
  if (state.step < warmup) tune(state, report.acceptance, wanted, warmup);
  return report;
}

}  // namespace

Sampler nuts_sampler(double wanted, Index max_depth) {
  return {.name = "nuts",
          .needs_gradient = true,
          .step = [wanted, max_depth](ChainState& state, const LogDensity& density, RandomStream& random,
                                      Index warmup) {
            return nuts_step(state, density, random, warmup, wanted, max_depth);
          }};
}

}  // namespace tallfit::infer
