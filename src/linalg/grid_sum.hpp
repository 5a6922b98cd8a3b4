/// Sums of doubles over a process grid. Private to the layer.
#pragma once

#include <span>

#include "tallfit/linalg/process_grid.hpp"

namespace tallfit::linalg::detail {

/// Element-wise sum over all ranks of the grid, in place.
///
/// Summed on one rank and broadcast, so that all ranks hold the same bits whatever algorithm MPI chooses;
/// they then take the same branches. Cost: 2 log2(P Q) messages of the vector; none on a 1 x 1 grid.
/// @collective over grid.comm()
void sum_over_grid(const ProcessGrid& grid, std::span<double> values);

}  // namespace tallfit::linalg::detail
