#include "sweep_grid.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model_options.hpp"

#include "tallfit/app/config_keys.hpp"

namespace tallfit::app {

namespace {

void set_number(Config& config, const std::string& name, double value) {
  for (const Key& key : keys_of(config)) {
    if (key.name != "fit." + name) continue;
    if (auto* const* number = std::get_if<double*>(&key.target)) **number = value;
    if (auto* const* count = std::get_if<Index*>(&key.target)) **count = static_cast<Index>(value);
  }
}

}  // namespace

SweepGrid sweep_grid(const Config& config) {
  SweepGrid grid{.names = {}, .points = {{}}};
  for (const auto& [name, sweep] : config.cv.sweeps) {
    if (!sweep.is_given()) continue;
    grid.names.push_back(name);
    std::vector<std::vector<double>> longer;
    for (const std::vector<double>& point : grid.points) {
      for (const double value : sweep.values) {
        longer.push_back(point);
        longer.back().push_back(value);
      }
    }
    grid.points = std::move(longer);
  }
  return grid;
}

std::vector<std::pair<std::string, double>> values_at(const SweepGrid& grid, Index point) {
  std::vector<std::pair<std::string, double>> values;
  for (std::size_t i = 0; i < grid.names.size(); ++i)
    values.emplace_back(grid.names[i], grid.points[static_cast<std::size_t>(point)][i]);
  return values;
}

std::string describe(const SweepGrid& grid, Index point) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < grid.names.size(); ++i)
    parts.push_back(
        fmt::format("{} = {:.6g}", grid.names[i], grid.points[static_cast<std::size_t>(point)][i]));
  return fmt::format("{}", fmt::join(parts, ", "));
}

Config at_point(const Config& config, const SweepGrid& grid, Index point) {
  Config chosen = config;
  for (const auto& [name, value] : values_at(grid, point)) set_number(chosen, name, value);
  return chosen;
}

estimate::Candidates candidates_of(const Config& config, const SweepGrid& grid,
                                   const std::vector<std::string>& column_names) {
  estimate::Candidates candidates{.estimator = config.fit.estimator, .options = {}};
  for (Index point = 0; point < static_cast<Index>(grid.points.size()); ++point)
    candidates.options.push_back(estimator_options(at_point(config, grid, point), column_names));
  return candidates;
}

void check_points(const Config& config, const SweepGrid& grid) {
  for (Index point = 0; point < static_cast<Index>(grid.points.size()); ++point)
    static_cast<void>(make_estimator(at_point(config, grid, point)));
}

}  // namespace tallfit::app
