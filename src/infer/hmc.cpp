#include "hmc.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "hamiltonian.hpp"

namespace tallfit::infer {

namespace {

constexpr Index most_leaps = 1024;

StepReport hmc_step(ChainState& state, const LogDensity& density, RandomStream& random, Index warmup,
                    double wanted) {
  StepReport report{.evaluations = 1};
  if (state.tuning.scale.size() == 0) report.evaluations += begin_tuning(state, density, random);
  PhasePoint point = begin_path(state, density, random);
  const double before = point.log_joint();
  const double step = step_size(state, warmup);
  const double length = std::numbers::pi * random.uniform();
  const Index leaps = std::clamp<Index>(static_cast<Index>(length / step), 1, most_leaps);
  for (Index i = 0; i < leaps && !report.diverged; ++i) {
    leap_in_place(point, density, state.tuning.scale, step);
    report.diverged = !(before - point.log_joint() < divergence);
    ++report.evaluations;
  }
  report.acceptance = report.diverged ? 0.0 : std::min(1.0, std::exp(point.log_joint() - before));
  if (random.uniform() < report.acceptance) {
    state.points.col(0) = point.position;
    state.log_density(0) = point.log_density;
  }
  if (state.step < warmup) tune(state, report.acceptance, wanted, warmup);
  return report;
}

}  // namespace

Sampler hmc_sampler(double wanted) {
  return {.name = "hmc",
          .needs_gradient = true,
          .step = [wanted](ChainState& state, const LogDensity& density, RandomStream& random, Index warmup) {
            return hmc_step(state, density, random, warmup, wanted);
          }};
}

}  // namespace tallfit::infer
