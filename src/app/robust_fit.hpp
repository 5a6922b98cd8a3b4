/// `tallfit fit` by a loss other than squares.
#pragma once

#include "tallfit/app/config.hpp"
#include "tallfit/comm/communicator.hpp"

namespace tallfit::app {

/// Reads, fits and writes as run_fit() does for the others. @collective
/// @throws Error{input} for a compressed design, which has no rows, for engines other than tall, and for
/// options out of range.
void run_robust_fit(const Config& config, const comm::Communicator& world);

}  // namespace tallfit::app
