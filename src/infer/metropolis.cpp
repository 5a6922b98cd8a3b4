#include "metropolis.hpp"

#include <Eigen/Cholesky>

#include <algorithm>
#include <cmath>

#include "moments.hpp"
#include "proposals.hpp"

namespace tallfit::infer {

namespace {

constexpr Index steps_between_factors = 50;

void learn_scale(Tuning& tuning) {
  const Index d = tuning.mean.size();
  const double of_unit = 10.0 * static_cast<double>(d);
  const Eigen::MatrixXd unit = Eigen::MatrixXd::Identity(d, d);
  const Eigen::MatrixXd covariance =
      (tuning.scatter + of_unit * unit) / (static_cast<double>(tuning.n_moments) + of_unit);
  tuning.scale = covariance.selfadjointView<Eigen::Lower>().llt().matrixL();
}

/// Moves the logarithm of the step towards the wanted acceptance, by ever smaller amounts.
void adapt(ChainState& state, double acceptance) {
  Tuning& tuning = state.tuning;
  const double wanted = state.points.rows() == 1 ? 0.44 : 0.234;
  const double rate = std::pow(static_cast<double>(state.step + 1), -0.6);
  tuning.log_step += rate * (acceptance - wanted);
  add_point(tuning, state.points.col(0), Moments::full);
  if ((state.step + 1) % steps_between_factors == 0) learn_scale(tuning);
}

StepReport metropolis_step(ChainState& state, const LogDensity& density, RandomStream& random, Index warmup) {
  const Index d = state.points.rows();
  Tuning& tuning = state.tuning;
  if (tuning.scale.size() == 0) {
    tuning.log_step = std::log(2.38 / std::sqrt(static_cast<double>(d)));
    tuning.scale = Eigen::MatrixXd::Identity(d, d);
  }
  Eigen::VectorXd z(d);
  for (double& number : z) number = random.normal();
  Proposal proposal = proposal_for({0}, d);
  const Eigen::VectorXd move = tuning.scale.triangularView<Eigen::Lower>() * z;
  proposal.points.col(0) = state.points.col(0) + std::exp(tuning.log_step) * move;
  const double accepted = accept_in_place(state, proposal, density, random)(0);
  if (state.step < warmup) adapt(state, accepted);
  return {.acceptance = accepted, .evaluations = 1};
}

}  // namespace

Sampler metropolis_sampler() { return {.name = "metropolis", .step = metropolis_step}; }

}  // namespace tallfit::infer
