/// What each row means for a fit.
#pragma once

#include <vector>

#include "fit_output.hpp"
#include "rows.hpp"

namespace tallfit::app {

/// @throws Error{input} where fit.leverages is asked for and there is no hat matrix, or no rows
void check_leverages(const Config& config);

/// The pass that writes leverages.h5: leverages, Cook's distances, and errors of rows and configurations
/// that are left out. @collective
/// @param fit  with its solver, on rank 0
/// @return lines of metrics.csv, splits `loo` and `loco`; on every rank
std::vector<estimate::MetricsRow> pass_for_leverages(const PlannedRows& planned,
                                                     const estimate::LinearFit& fit,
                                                     const comm::Communicator& world, FitOutput& output);

}  // namespace tallfit::app
