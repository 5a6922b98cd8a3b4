/// Householder QR of dense block-cyclic matrices, with and without pivoting.
#pragma once

#include <Eigen/Core>

#include <vector>

#include "tallfit/linalg/block_cyclic_matrix.hpp"

namespace tallfit::linalg {

/// A <- R, the upper trapezoidal factor of A = Q R, with zeros below the diagonal; Q is not kept.
///
/// @param a M x K, any shape. For M > K the factor is leading_rows(a, K). The diagonal may have
///   either sign, which may depend on the grid.
/// Cost: 2 K^2 (M - K/3) / (P Q) flops for M >= K; O(K log P) messages.
/// @throws Error{resource} when the workspace exceeds 2^31 - 1 numbers.   @collective over a.grid().comm()
/// @see LAPACK dgeqrf, ScaLAPACK pdgeqrf.
void triangularise_in_place(BlockCyclicMatrix& a);

/// @return R of M <= K rows as a K x K upper triangle, with zeros where there are no rows.
/// Cost: (4/3) K^3 / (P Q) flops; a K x K matrix.
/// @throws Error{bug} for M > K; otherwise as triangularise_in_place().   @collective over rows.grid().comm()
BlockCyclicMatrix square_factor(const BlockCyclicMatrix& rows);

/// What QR with column pivoting says of the columns: A P = Q R.
struct PivotedQr {
  std::vector<Index> columns;  ///< columns[j]: the column of A that comes j-th, counted from 0; all K of them
  Eigen::VectorXd diagonal;    ///< |R_jj|, decreasing to roundoff, length min(M, K)
};

/// Orders the columns so that each is the one farthest from the span of those before it (Businger and Golub).
/// Columns of equal distance come in an order that may depend on the grid. Pass the matrix with std::move to
/// work in its memory. Both results are the same on every rank.
///
/// Cost: 2 K^2 (M - K/3) / (P Q) flops, on a grid by matrix-vector products (about 10 times slower than
/// triangularise_in_place) and O(K log P) messages: make A triangular first when M > K.
/// @throws Error{resource} when the workspace exceeds 2^31 - 1 numbers.   @collective over a.grid().comm()
/// @see LAPACK dgeqp3, ScaLAPACK pdgeqpf; safe norm updates: Drmac, Bujanovic, ACM TOMS 35 (2008) 12.
PivotedQr pivoted_qr(BlockCyclicMatrix a);

}  // namespace tallfit::linalg
