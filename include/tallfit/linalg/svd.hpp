/// Singular values and vectors of dense matrices.
#pragma once

#include <Eigen/Core>

#include <string_view>

#include "tallfit/linalg/block_cyclic_matrix.hpp"

namespace tallfit::linalg {

/// A = U diag(values) V^T, with n = min(M, K) singular values.
struct Svd {
  Eigen::VectorXd values;  ///< decreasing, length n, the same bits on every rank
  BlockCyclicMatrix u;     ///< M x n, orthonormal columns
  BlockCyclicMatrix vt;    ///< n x K, orthonormal rows
};

/// The thin singular value decomposition of an M x K matrix; pass it with std::move to work in its memory.
///
/// Every value is right to a small multiple of K eps sigma_max, not to its own digits. The signs of the
/// vectors depend on the grid.
///
/// Cost for M = K: about 22 K^3 flops with LAPACK's divide and conquer, on a grid 12 K^3 / (P Q) and more by
/// QR iteration; workspace of 5 (1 x 1) or 2 (on a grid) further matrices.
/// @throws Error{numerical} when the matrix holds NaN or Inf, when the iteration does not converge, or when
///   ranks compute different values (mixed CPU types).
/// @throws Error{resource} when the workspace of a rank exceeds 2^31 - 1 numbers, or its memory.
/// @collective over a.grid().comm()
/// @see LAPACK dgesdd, dgesvd; ScaLAPACK pdgesvd.
Svd svd(BlockCyclicMatrix a, std::string_view what = "the matrix");

/// The singular values alone, decreasing, the same bits on every rank. Otherwise as svd().
/// Cost: 8/3 K^3 / (P Q) flops for M = K; no further matrix.   @collective over a.grid().comm()
Eigen::VectorXd singular_values(BlockCyclicMatrix a, std::string_view what = "the matrix");

}  // namespace tallfit::linalg
