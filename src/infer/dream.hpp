/// Differential evolution from an archive of past points, in some of the coordinates.
#pragma once

#include "tallfit/infer/sampler.hpp"

namespace tallfit::infer {

/// DREAM(ZS), that is DE-MC(Z) with crossover: x' = x + γ Σ (z - z') over one to three pairs from the archive
/// in a random part of the coordinates, γ = 2.38 / sqrt(2 pairs d') for d' coordinates, in a fifth of the
/// steps 1; one step in ten is a snooker move from the archive. All walkers propose at once.
///
/// The archive begins with 10 d points of N(0, I). During warm-up every tenth step adds the walkers; then it
/// stays as it is, and the kernel is a symmetric one that leaves the density invariant exactly.
/// @see ter Braak and Vrugt, Stat. Comput. 18 (2008) 435; Vrugt et al., Int. J. Nonlin. Sci. Num. 10 (2009)
/// 273
Sampler dream_sampler(Index walkers);

}  // namespace tallfit::infer
