/// Random-walk Metropolis that learns its proposals.
#pragma once

#include "tallfit/infer/sampler.hpp"

namespace tallfit::infer {

/// Adaptive Metropolis: x' = x + s L z, z ~ N(0, I), where L Lᵀ is the covariance of the chain so far, mixed
/// with 10 d parts of the unit matrix, and s, from 2.38 / sqrt(d) on, is steered to an acceptance of 0.234
/// (0.44 in one dimension). Both are fixed after warm-up.
/// @see Haario, Saksman, Tamminen, Bernoulli 7 (2001) 223; Andrieu and Thoms, Stat. Comput. 18 (2008) 343
Sampler metropolis_sampler();

}  // namespace tallfit::infer
