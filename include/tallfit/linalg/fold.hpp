/// Folding rows into a triangular factor: the kernel of the whole program.
#pragma once

#include <Eigen/Core>

#include <span>
#include <vector>

#include "tallfit/base/numeric.hpp"
#include "tallfit/linalg/row_tiles.hpp"

namespace tallfit::linalg {

/// Folds rows B (m x n) into a packed upper triangular R (n x n): R becomes the factor of qr([R; B]).
///
/// Householder reflections in blocks of 64 columns with a recursive panel; row-wise backward stable where the
/// heavier rows stand above the lighter ones. B is emptied. m = 0 and n = 0 are allowed. Diagonal entries may
/// have either sign. Cost: 2 m n^2 flops for dense rows, (2/3) n^3 for a triangle. Local. The same input
/// gives the same bits at any address, but not on another instruction set.
/// @see LAPACK ?tpqrt (Buttari et al., 2009), whose panel is not recursive; Elmroth and Gustavson (2000).
void fold_in_place(std::span<double> r, RowTiles& rows);

/// How many of some rows to gather before they are folded: equal parts of about 504.
///
/// Fewer are slower, since each fold reads and writes all of R; more leave the cache.
Index fold_rows(Index n_rows);

/// The packed factor of m rows that stay in their order: upper triangular n x n, rows from m on zero.
///
/// Unlike rows folded into an empty triangle, the first rows may be heavier than the last by any power: row
/// wise backward stable. The rows are emptied. Cost: 2 n^2 (m - n/3) flops for m >= n. Local.
std::vector<double> triangularise(RowTiles& rows);

/// The same for a dense matrix: its upper trapezoidal factor, min(m, n) x n.
Eigen::MatrixXd triangularise(const Eigen::MatrixXd& rows);

}  // namespace tallfit::linalg
