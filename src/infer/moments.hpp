/// Moments of a chain, point by point.
#pragma once

#include "tallfit/infer/sampler.hpp"

namespace tallfit::infer {

enum class Moments { full, diagonal };

/// Adds a point to mean and scatter. Cost: d² or d flops.
/// @see Welford, Technometrics 4 (1962) 419
void add_point(Tuning& tuning, const Eigen::VectorXd& point, Moments moments);

}  // namespace tallfit::infer
