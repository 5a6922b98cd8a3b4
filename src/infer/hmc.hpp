/// Hamiltonian Monte Carlo on paths of a chosen or of a found length.
#pragma once

#include "tallfit/infer/sampler.hpp"

namespace tallfit::infer {

/// Paths of a length uniform in (0, π): in the whitened coordinates of a Gaussian, up to half a period.
/// @param wanted  mean acceptance that warm-up steers the step to
/// @see Neal, Handbook of Markov Chain Monte Carlo (2011), chapter 5
Sampler hmc_sampler(double wanted);

/// The no-U-turn sampler: paths double until their ends approach each other; the next point is drawn from the
/// path by its density, later halves preferred.
/// @see Hoffman and Gelman, JMLR 15 (2014) 1593; Betancourt, arXiv:1701.02434, appendix A
Sampler nuts_sampler(double wanted, Index max_depth);

}  // namespace tallfit::infer
