/// Moves of an ensemble of walkers, half of them at a time.
#pragma once

#include <functional>
#include <span>

#include "proposals.hpp"

namespace tallfit::infer {

/// A new point for one walker from those of the other half.
/// @return what is added to the logarithm of the ratio of densities
using EnsembleMove =
    std::function<double(const Eigen::MatrixXd& points, Index walker, std::span<const Index> others,
                         RandomStream& random, Eigen::Ref<Eigen::VectorXd> proposed)>;

/// The stretch move, x' = y + z (x - y) with z in [1/2, 2] of density 1/sqrt(z): factor z^(d - 1).
/// @see Goodman and Weare, CAMCoS 5 (2010) 65
double propose_stretch(const Eigen::MatrixXd& points, Index walker, std::span<const Index> others,
                       RandomStream& random, Eigen::Ref<Eigen::VectorXd> proposed);

/// Differential evolution, x' = x + γ (y - z) with γ = 2.38 / sqrt(2 d), in a tenth of the cases 1, which
/// leads from one mode to another; each coordinate has a γ of its own, 5 % about that.
/// @see ter Braak, Stat. Comput. 16 (2006) 239; Nelson, Ford, Payne, ApJS 210 (2014) 11
double propose_difference(const Eigen::MatrixXd& points, Index walker, std::span<const Index> others,
                          RandomStream& random, Eigen::Ref<Eigen::VectorXd> proposed);

/// The snooker move along the line from y to x: x' = x + γ e eᵀ(z₁ - z₂), e = (x - y) / ‖x - y‖, γ uniform
/// in [1.2, 2.2]: factor (‖x' - y‖ / ‖x - y‖)^(d - 1).
/// @see ter Braak and Vrugt, Stat. Comput. 18 (2008) 435
double propose_snooker(const Eigen::MatrixXd& points, Index walker, std::span<const Index> others,
                       RandomStream& random, Eigen::Ref<Eigen::VectorXd> proposed);

/// Moves the walkers of each group of @p group adjacent ones: a random half of each by the other halves,
/// then the other way round. Each half is one evaluation for all groups together.
/// @param beta  inverse temperatures of all walkers; empty: 1
/// @return      for each walker whether it moved
Eigen::VectorXd move_in_halves(ChainState& state, Index group, const EnsembleMove& move,
                               const LogDensity& density, RandomStream& random,
                               const Eigen::VectorXd& beta = {});

/// stretch, de or snooker, of so many walkers.
Sampler ensemble_sampler(const std::string& name, Index walkers);

}  // namespace tallfit::infer
