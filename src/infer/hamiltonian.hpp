/// What hmc and nuts share: paths, step sizes, the metric.
#pragma once

#include <Eigen/Core>

#include "tallfit/infer/sampler.hpp"

namespace tallfit::infer {

/// A point of phase space. The metric is diagonal: momenta have unit variance, and a coordinate moves with
/// its deviation times the momentum.
struct PhasePoint {
  Eigen::VectorXd position;
  Eigen::VectorXd momentum;
  Eigen::VectorXd gradient;  ///< of ln p
  double log_density = 0.0;

  /// ln p - ‖momentum‖² / 2
  double log_joint() const { return log_density - 0.5 * momentum.squaredNorm(); }
};

/// The chain's point with a new momentum. Cost: one gradient.
PhasePoint begin_path(const ChainState& state, const LogDensity& density, RandomStream& random);

/// One leapfrog step of size @p step, which may be negative.
void leap_in_place(PhasePoint& point, const LogDensity& density, const Eigen::VectorXd& deviations,
                   double step);

/// A path whose energy rose by more than this has left what its step can follow.
inline constexpr double divergence = 1000.0;

/// Sets the metric of a new chain to the unit, and finds a step whose acceptance is about 1/2. Cost: some
/// gradients.
/// @return how many
Index begin_tuning(ChainState& state, const LogDensity& density, RandomStream& random);

/// Learns from a step of warm-up: the size of steps by dual averaging, and the deviations of the coordinates
/// in windows that double in length, between a beginning and an end for the size alone, as Stan does it.
/// @see Hoffman and Gelman, JMLR 15 (2014) 1593, section 3.2
void tune(ChainState& state, double acceptance, double wanted, Index warmup);

/// The size of the next step: in warm-up the one that is tried, later the mean of those.
double step_size(const ChainState& state, Index warmup);

}  // namespace tallfit::infer
