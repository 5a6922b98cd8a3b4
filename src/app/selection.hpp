/// The choice of hyperparameters: what is swept, and by what the choice is made.
#pragma once

#include "fit_output.hpp"
#include "rows.hpp"

#include "tallfit/app/config.hpp"
#include "tallfit/estimate/least_squares_system.hpp"

namespace tallfit::app {

/// What a choice does with rows: cells are made, and kept apart by what is held out.
/// @throws Error{input} where there are no folds to hold out.
RowUse selection_use(const Config& config);

/// @throws Error{resource} where memory was too short to keep apart what is to be held out. Local.
void require_kept_apart(const Config& config, const compress::CellParts& planned);

/// Chooses by cross-validation; tables and the record go to @p output. @collective
/// @return the configuration at the chosen point
Config choose_by_cross_validation(const Config& config, const compress::CompressedDesign& design,
                                  const design::GroupMultipliers& multipliers,
                                  const comm::Communicator& world, FitOutput& output);

/// Chooses by the evidence, or by generalized cross-validation, of the fit of all training rows. The system
/// is that of rank 0, or of all ranks of a grid, as a fit has it. @collective
/// @throws Error{input} for an estimator that has no such figure.
Config choose_by_figure(const Config& config, const std::vector<std::string>& column_names,
                        const estimate::LeastSquaresSystem* system, const comm::Communicator& world,
                        FitOutput& output);

}  // namespace tallfit::app
