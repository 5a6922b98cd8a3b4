/// Memory from a cache line on: vector loads that cross lines cost twice. Private to the layer.
#pragma once

#include <memory>

#include "tallfit/base/numeric.hpp"

namespace tallfit::linalg::detail {

inline constexpr Index cache_line = 64 / sizeof(double);

constexpr Index round_up(Index value, Index unit) { return ceil_div(value, unit) * unit; }

/// Room for @p size doubles from first_line() on, not initialised.
inline std::unique_ptr<double[]> allocate_lines(Index size) {
  return std::make_unique_for_overwrite<double[]>(static_cast<std::size_t>(size + cache_line));
}

inline double* first_line(double* data) {
  void* start = data;
  std::size_t space = 2 * cache_line * sizeof(double);
  return static_cast<double*>(std::align(cache_line * sizeof(double), sizeof(double), start, space));
}

}  // namespace tallfit::linalg::detail
