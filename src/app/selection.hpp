/// The choice of hyperparameters: what is swept, and by what the choice is made.
#pragma once

#include <string>
#include <vector>

#include "fit_output.hpp"
#include "rows.hpp"

#include "tallfit/app/config.hpp"
#include "tallfit/estimate/cross_validation.hpp"

namespace tallfit::app {

/// The grid of points that [cv] sweeps: every combination of the values of its keys.
struct SweepGrid {
  std::vector<std::string> names;           ///< of the keys of [fit], one or two; none where nothing is swept
  std::vector<std::vector<double>> points;  ///< their values; one point at least
};

SweepGrid sweep_grid(const Config& config);

/// The configuration with the values of a point.
Config at_point(const Config& config, const SweepGrid& grid, Index point);

/// The estimators of all points, checked. @throws Error{input} for values that the estimator cannot have.
estimate::Candidates candidates_of(const Config& config, const SweepGrid& grid);

/// What a choice by cross-validation does with rows: cells are kept apart by what is held out.
RowUse selection_use(const Config& config);

/// Chooses by cross-validation; tables and the record go to @p output. @collective
/// @return the configuration at the chosen point
Config choose_by_cross_validation(const Config& config, const compress::CompressedDesign& design,
                                  const design::GroupMultipliers& multipliers,
                                  const comm::Communicator& world, FitOutput& output);

/// Chooses by the evidence, or by generalized cross-validation, of the fit of all training rows. The system
/// is that of rank 0, or of all ranks of a grid, as a fit has it. @collective
/// @throws Error{input} for an estimator that has no such figure.
Config choose_by_figure(const Config& config, const estimate::LeastSquaresSystem* system,
                        const comm::Communicator& world, FitOutput& output);

}  // namespace tallfit::app
