/// Every process grid that the ranks of a test can form.
#pragma once

#include <Eigen/Core>

#include <span>
#include <vector>

#include "tallfit/comm/exchange.hpp"
#include "tallfit/linalg/process_grid.hpp"

namespace tallfit::test {

/// All P x Q with P Q = number of ranks, and for more than one rank also 1 x 1 for each rank alone.
/// @collective
inline std::vector<linalg::ProcessGrid> all_grids() {
  const comm::Communicator world = comm::Communicator::world();
  std::vector<linalg::ProcessGrid> grids;
  for (int rows = 1; rows <= world.size(); ++rows) {
    if (world.size() % rows == 0) grids.emplace_back(world, rows, world.size() / rows);
  }
  if (world.size() > 1) grids.push_back(linalg::ProcessGrid::serial());
  return grids;
}

/// Whether all ranks of the grid hold the same bits (values must be finite). @collective
inline bool same_bits(const linalg::ProcessGrid& grid, const Eigen::Ref<const Eigen::MatrixXd>& values) {
  Eigen::MatrixXd smallest = values;
  Eigen::MatrixXd largest = values;
  comm::min_in_place(grid.comm(), std::span(smallest.data(), static_cast<std::size_t>(smallest.size())));
  comm::max_in_place(grid.comm(), std::span(largest.data(), static_cast<std::size_t>(largest.size())));
  Index same = smallest == largest ? 1 : 0;
  comm::min_in_place(grid.comm(), std::span(&same, 1));
  return same == 1;
}

}  // namespace tallfit::test
