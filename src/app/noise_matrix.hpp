/// Fits of rows whose errors have one covariance matrix: noise.model = "matrix".
#pragma once

#include "solve_rows.hpp"

namespace tallfit::app {

/// One fit, and ln|C| of its rows.
struct CorrelatedFit {
  Solved solved;
  double log_determinant = 0.0;
};

/// Whitens all rows of a plan on a grid over all ranks, that of the plan or one as nearly square as their
/// number allows, and fits there. @collective
/// @throws Error{input} as estimate::correlated_system(); Error{resource} where memory is too short
CorrelatedFit solve_with_covariance(const Config& config, const PlannedRows& planned,
                                    const estimate::Estimator& estimator, const comm::Communicator& world,
                                    io::RunRecord& record);

}  // namespace tallfit::app
