/// Fits that take their rows as they come: over a grid, or by iterations.
#pragma once

#include <optional>

#include "rows.hpp"

#include "tallfit/estimate/estimator.hpp"
#include "tallfit/io/fit_file.hpp"

namespace tallfit::app {

/// One fit. System and fit live on rank 0, which solves for all, or on all ranks of a grid.
struct Solved {
  std::optional<estimate::LeastSquaresSystem> system;
  estimate::LinearFit fit;
};

/// Factors the rows over the grid of the plan, without cells, and fits. @collective
Solved solve_on_grid(const Config& config, const PlannedRows& planned, const estimate::Estimator& estimator,
                     const comm::Communicator& world);

/// Fits by LSQR; iterations, convergence and backward error go on record. @collective
Solved solve_iteratively(const Config& config, const PlannedRows& planned,
                         const estimate::Estimator& estimator, const comm::Communicator& world,
                         io::RunRecord& record);

}  // namespace tallfit::app
