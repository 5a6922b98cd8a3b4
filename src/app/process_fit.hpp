/// Gaussian processes of all training rows.
#pragma once

#include <string>

#include "tallfit/app/config.hpp"
#include "tallfit/comm/communicator.hpp"

namespace tallfit::app {

/// `fit` with fit.estimator = "gpr" and kernel.inducing = 0: Cholesky decomposition of the covariance of all
/// training rows, on a process grid of all ranks. @collective
void run_full_process(const Config& config, const std::string& command, const comm::Communicator& world);

}  // namespace tallfit::app
