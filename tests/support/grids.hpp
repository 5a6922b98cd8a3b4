/// Every process grid that the ranks of a test can form.
#pragma once

#include <vector>

#include "tallfit/linalg/process_grid.hpp"

namespace tallfit::test {

/// All P x Q with P Q = number of ranks, and for more than one rank also 1 x 1, on which each rank works
/// alone.
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

}  // namespace tallfit::test
