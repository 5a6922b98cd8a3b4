/// The step of a robust fit: from the sums of a pass and the factor of its weighted rows.
#pragma once

#include <span>
#include <vector>

#include "robust_pass.hpp"

namespace tallfit::estimate {

/// A Newton step and what it promises; the same on every rank.
struct RobustNewton {
  RobustStep step;         ///< towards the minimum
  Eigen::VectorXd along;   ///< dx / d ln s of the minimum over x
  double decrement = 0.0;  ///< sqrt(δᵀ H δ), relative to the root of the objective
  Index rank = 0;          ///< of H: a step in less than all directions says nothing of the others
};

/// As numbers, and back, of n = K + 1 steps.
std::vector<double> packed(const RobustNewton& newton);
RobustNewton unpacked_newton(std::span<const double> numbers, Index n);

/// Solves the Newton equations of θ, c and, where it is estimated, ln s:
///
///   H δx - k δt = Σ w² ρ_r (a, 1) - 2 λ (θ, 0),   -kᵀ δx + h δt = -Σ w² s ρ_s
///
/// with H = RᵀR + 2 λ I of the pass, k the cross derivatives and h >= 0 the curvature in ln s; where that of
/// the scale alone (the Schur complement) is lost, the two are solved apart.
/// Cost: K³ on rank 0 and a broadcast of 2 K numbers. @collective over comm
RobustNewton robust_newton(const RobustPass& pass, const RobustPoint& at, const RobustOptions& options,
                           const comm::Communicator& comm);

}  // namespace tallfit::estimate
