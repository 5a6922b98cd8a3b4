/// Folding rows into a triangular factor: the kernel of the whole program.
#pragma once

#include <Eigen/Core>

#include "tallfit/base/numeric.hpp"

namespace tallfit::linalg {

/// What is known of the rows that are folded in.
enum class RowShape {
  dense,
  upper_trapezoid  ///< rows(i, j) = 0 for j < i: another factor; a third of the work of dense rows
};

/// Folds rows B (m x n) into the upper triangular R (n x n): R becomes the factor of qr([R; B]).
///
/// Householder reflections in blocks of 64 columns with a recursive panel; row-wise backward stable where the
/// heavier rows stand above the lighter ones. B is destroyed. m = 0 and n = 0 are allowed. The strict lower
/// triangle of R is neither read nor written. Diagonal entries may have either sign. Cost: 2 m n^2 flops for
/// dense rows, (2/3) n^3 for m = n upper_trapezoid; workspace of one panel, 72 m doubles. Local. The same
/// input gives the same bits at any address and leading dimension, but not on another instruction set.
/// @see LAPACK ?tpqrt (Buttari et al., 2009), whose panel is not recursive; Elmroth and Gustavson (2000).
void fold_in_place(Eigen::Ref<Eigen::MatrixXd> r, Eigen::Ref<Eigen::MatrixXd> rows, RowShape shape);

/// @return how many rows to buffer before they are folded: 504 for n <= 1000, else 1008.
///
/// Fewer rows are slower, since each fold reads and writes all of R; more gain little and cost n doubles
/// each. The numbers are multiples of every vector tile, and columns at such a distance do not compete for
/// cache lines as those at powers of two do: use them as the leading dimension, too.
Index fold_rows(Index n);

/// Replaces an m x n matrix by its upper trapezoidal factor, min(m, n) x n.
///
/// Cost: 2 n^2 (m - n/3) flops for m >= n. Local.
Eigen::MatrixXd triangularise(Eigen::MatrixXd rows);

}  // namespace tallfit::linalg
