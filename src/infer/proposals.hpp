/// Proposals for many points at once, and what becomes of them.
#pragma once

#include <Eigen/Core>

#include <span>
#include <utility>
#include <vector>

#include "tallfit/infer/sampler.hpp"

namespace tallfit::infer {

/// New points for some walkers, and what is added to the logarithm of the ratio of their densities.
struct Proposal {
  std::vector<Index> walkers;
  Eigen::MatrixXd points;
  Eigen::VectorXd log_factor;
};

/// An empty proposal for so many walkers.
Proposal proposal_for(std::vector<Index> walkers, Index dimension);

/// ln p of the points, -infinity where it is not a number.
Eigen::VectorXd safe_values(const LogDensity& density, const Eigen::MatrixXd& points);

/// Accepts each proposal with probability min(1, factor (p' / p)^β). One evaluation of all, and one uniform
/// number each.
/// @param beta  inverse temperatures of the walkers of the state; empty: 1
/// @return      1 for each that was accepted, 0 for the others
Eigen::VectorXd accept_in_place(ChainState& state, const Proposal& proposal, const LogDensity& density,
                                RandomStream& random, const Eigen::VectorXd& beta = {});

/// A random order of begin, ..., end - 1.
std::vector<Index> random_order(Index begin, Index end, RandomStream& random);

/// Two different ones of n.
std::pair<Index, Index> two_of(Index n, RandomStream& random);

}  // namespace tallfit::infer
