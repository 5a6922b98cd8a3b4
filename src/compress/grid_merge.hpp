/// Merging factors that are dealt over a grid.
#pragma once

#include <optional>

#include "tallfit/linalg/block_cyclic_matrix.hpp"
#include "tallfit/linalg/fold_panel.hpp"

namespace tallfit::compress {

/// Merges factors of one shape of grid, with one panel for all of them.
class GridMerge {
public:
  /// R <- the factor of [R; s B]: all rows of both while they are fewer than columns, else a triangle.
  ///
  /// Triangles merge without leaving their ranks; while there are fewer rows than columns they are put one
  /// above the other. Cost: (2/3) n³ / P flops for triangles of n columns. @collective over the grid
  void fold_into(linalg::BlockCyclicMatrix& r, const linalg::BlockCyclicMatrix& below, double scale);

private:
  std::optional<linalg::FoldPanel> panel_;
};

}  // namespace tallfit::compress
