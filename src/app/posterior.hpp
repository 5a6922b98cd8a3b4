/// The posterior of a fit in closed form.
#pragma once

#include "fit_output.hpp"

namespace tallfit::app {

/// @throws Error{input} where fit.posterior is asked for and the posterior has no closed form
void check_posterior(const Config& config);

/// Where fit.posterior asks for it: posterior.csv, draws, and the noise of the fit and its standard errors
/// from the posterior. @collective
/// @param fit  with its solver, on rank 0 or on all ranks of a grid
void add_posterior(const Config& config, const design::DesignInfo& info, estimate::LinearFit& fit,
                   const comm::Communicator& world, FitOutput& output);

}  // namespace tallfit::app
