/// The best deviations of random coefficients.
#pragma once

#include <cstdint>

#include "tallfit/infer/embedded_model.hpp"
#include "tallfit/linalg/minimise.hpp"

namespace tallfit::infer {

struct EmbeddedSearch {
  Index starts = 10;
  std::uint64_t seed = 0;
  double gradient_below = 1e-8;  ///< of ln p by the logarithms, divided by what residuals of all rows add
  Index max_iterations = 10000;  ///< of each start
};

struct EmbeddedOptimum {
  Eigen::VectorXd point;  ///< -infinity: a deviation of 0
  double value = 0.0;     ///< ln p
  double gradient = 0.0;  ///< norm, as EmbeddedSearch measures it
  Index evaluations = 0;  ///< of all starts
  Index starts_at_best = 0;
  bool converged = false;
};

/// The largest ln p over some starts, by TAO's bounded quasi-Newton method in u and the logarithms of scales.
///
/// s = 0 is a stationary point in s, so searches start away from it; the first start shares the residuals
/// evenly among columns, the others multiply each scale by a number between e^-3 and e, and, where means are
/// free, every other one moves them. Scales without which ln p does not fall become 0; with the likelihood
/// iid and no noise the common factor of all is then taken at its optimum, which is exact: mean(e² / V) = 1.
/// Random numbers follow the seed, the start and the coordinate. Have a PetscSession.
/// @collective
EmbeddedOptimum find_optimum(const EmbeddedModel& model, const EmbeddedSearch& search,
                             const comm::Communicator& comm);

/// S with S Sᵀ = (-d² ln p / dy²)⁻¹ at a point without infinite coordinates, by central differences of the
/// gradient; directions that are flatter than a standard normal of deviation 3 count as that.
/// Cost: 2 d gradients, d³. @collective
Eigen::MatrixXd laplace_root(const EmbeddedModel& model, const Eigen::VectorXd& point);

}  // namespace tallfit::infer
