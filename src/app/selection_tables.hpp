/// The tables that a choice of hyperparameters leaves.
#pragma once

#include <string>
#include <vector>

#include "sweep_grid.hpp"

#include "tallfit/estimate/learning_curve.hpp"

namespace tallfit::app {

/// cv.csv: a line for each point and row type.
std::string cv_csv(const estimate::CrossValidation& validation, const SweepGrid& grid,
                   const estimate::Choice& choice);

/// cv_folds.csv: a line for each point, fold or group, and row type.
std::string cv_folds_csv(const estimate::CrossValidation& validation, const SweepGrid& grid,
                         const std::vector<std::string>& group_names);

/// learning_curve.csv: a line for each number of folds or groups and row type.
std::string learning_curve_csv(const estimate::LearningCurve& curve);
/// The same as a picture, with the number of coefficients that are not 0 at each point.
std::string learning_curve_picture(const estimate::LearningCurve& curve, const std::string& estimator);

/// gcv.csv and evidence.csv: the figure of each point.
std::string figures_csv(const SweepGrid& grid, const std::string& name, const std::vector<double>& figures,
                        Index best);

}  // namespace tallfit::app
