/// Ensembles of models that are right where the fit is wrong.
#pragma once

#include "fit_output.hpp"
#include "rows.hpp"

namespace tallfit::app {

/// @throws Error{input} where fit.pops is asked for and there is no hat matrix, or no rows
void check_pops(const Config& config);

/// The passes that make the ensemble of fit.pops. @collective
/// @param fit  with its solver, on rank 0
void pass_for_pops(const Config& config, const PlannedRows& planned, const estimate::LinearFit& fit,
                   const comm::Communicator& world, FitOutput& output);

}  // namespace tallfit::app
