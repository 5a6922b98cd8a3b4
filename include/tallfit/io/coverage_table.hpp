/// How often errors of predictions are inside their intervals, as a table.
#pragma once

#include <string>
#include <vector>

#include "tallfit/infer/coverage.hpp"

namespace tallfit::io {

/// coverage.csv: a line for each kind of rows, uncertainty and level.
std::string coverage_csv(const std::vector<infer::CoverageRow>& rows);

}  // namespace tallfit::io
