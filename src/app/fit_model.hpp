/// From rows or a compressed design to the files of a fit: what fit and cv share.
#pragma once

#include "tallfit/app/config.hpp"
#include "tallfit/comm/communicator.hpp"

namespace tallfit::app {

/// Chooses hyperparameters where fit.select says so, fits and writes. @collective
/// @param command  for the record
void fit_model(const Config& config, const std::string& command, const comm::Communicator& world);

}  // namespace tallfit::app
