/// What the planners of both engines count alike.
#pragma once

#include "tallfit/base/numeric.hpp"

namespace tallfit::compress::detail {

/// BLAS packs panels into a buffer of its own, and MPI and HDF5 take buffers at first use: measured, see
/// docs/performance.md.
inline constexpr Index library_bytes = Index{8} << 20U;
/// The same on a grid, and the workspace of ScaLAPACK: some blocks of columns.
inline constexpr Index grid_library_bytes = Index{16} << 20U;

/// Blocks of rows that are read on a grid or into memory.
inline constexpr Index usual_block_bytes = Index{1} << 20U;

/// Square matrices of n columns that are alive together on rank 0: the merged factor, R, equilibrated R and
/// its inverse, which the covariance factor replaces; or the two factors of an SVD and its workspace.
constexpr Index solve_matrices(bool takes_svd) { return takes_svd ? 6 : 4; }

/// Square matrices that a search for relevant columns has beside those of a solve: the sorted columns, three
/// of two points each, the curvature and its factor, and the prior's rows.
inline constexpr Index relevance_matrices = 10;

/// Triangles that cross-validation of so many parts takes on the fullest rank beside the cells: of each part
/// itself, of the node of the tree above it and of all others, and what comes and goes along the way down.
/// Classes of row scales, where there are several, take as many each.
constexpr Index validation_triangles(int n_parts, int n_ranks) {
  Index depth = 0;
  while ((Index{1} << depth) < n_parts) ++depth;
  return n_parts > 0 ? 3 * ceil_div(Index{n_parts}, Index{n_ranks}) + 2 * depth : 0;
}

}  // namespace tallfit::compress::detail
