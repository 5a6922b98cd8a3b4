/// What generate and import end with.
#pragma once

#include <vector>

#include "tallfit/app/config.hpp"
#include "tallfit/comm/communicator.hpp"
#include "tallfit/design/row_source.hpp"

namespace tallfit::app {

/// Writes the rows to the design file -o names and says what it holds. @collective
void write_design(const Config& config, design::RowSource& rows, const comm::Communicator& world,
                  std::vector<double> true_coefficients);

}  // namespace tallfit::app
