/// The points that [cv] sweeps.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tallfit/app/config.hpp"
#include "tallfit/estimate/candidates.hpp"

namespace tallfit::app {

/// Every combination of the values of the swept keys, the last key running fastest.
struct SweepGrid {
  std::vector<std::string> names;           ///< of the keys of [fit], one or two; none where nothing is swept
  std::vector<std::vector<double>> points;  ///< their values; one point at least
};

SweepGrid sweep_grid(const Config& config);

/// The values of a point, by name.
std::vector<std::pair<std::string, double>> values_at(const SweepGrid& grid, Index point);

/// "lambda = 0.001, tol = 1e-10"
std::string describe(const SweepGrid& grid, Index point);

/// The configuration with the values of a point.
Config at_point(const Config& config, const SweepGrid& grid, Index point);

/// The estimator at all points, for a design with these columns. @throws Error{input} for values that it
/// cannot have.
estimate::Candidates candidates_of(const Config& config, const SweepGrid& grid,
                                   const std::vector<std::string>& column_names);

/// Checks the values of all points before a row is read. @throws Error{input} likewise.
void check_points(const Config& config, const SweepGrid& grid);

}  // namespace tallfit::app
