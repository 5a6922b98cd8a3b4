/// What fits by factors and fits by row passes end with.
#pragma once

#include <functional>

#include "fit_output.hpp"
#include "rows.hpp"

#include "tallfit/infer/prediction.hpp"

namespace tallfit::app {

/// Iterations of the estimator go on record; where they did not converge, the run ends. @collective
void take_convergence(const Config& config, const design::DesignInfo& info, const estimate::LinearFit& fit,
                      const comm::Communicator& world, FitOutput& output);

/// Coefficients and intercept of rank 0, on every rank. @collective
infer::LinearModel share_model(const estimate::LinearFit& fit, Index n_cols, const comm::Communicator& world);

/// What a loss makes of the weight of a row, by its residual.
using RowWeight = std::function<double(double residual)>;

/// The pass that gives absolute and largest errors and, where asked for, the residual of every row and its
/// weight. @collective
estimate::ErrorTable pass_for_errors(const Config& config, const PlannedRows& planned,
                                     const infer::LinearModel& model, const comm::Communicator& world,
                                     FitOutput& output, const RowWeight& weight = {});

}  // namespace tallfit::app
