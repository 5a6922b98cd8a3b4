/// Eigenvalues and eigenvectors of symmetric matrices.
#pragma once

#include <Eigen/Core>

#include <string_view>

#include "tallfit/linalg/block_cyclic_matrix.hpp"

namespace tallfit::linalg {

/// A = V diag(values) V^T.
struct SymmetricEigen {
  Eigen::VectorXd values;     ///< increasing, length K, the same bits on every rank
  BlockCyclicMatrix vectors;  ///< V, K x K: column j belongs to values(j); orthonormal
};

/// The eigenvalue decomposition of a symmetric K x K matrix, by divide and conquer.
///
/// Every value is right to a small multiple of K eps ||A||, not to its own digits: the small ones of a
/// positive definite matrix may come out negative. The signs of the vectors, and the choice among those of
/// equal values, depend on the grid.
///
/// @param a    its upper triangle is read; pass it with std::move to work in its memory.
/// @param what names A in messages.
/// Cost: about (4/3 + 8/3 + 2) K^3 / (P Q) flops (to tridiagonal form, divide and conquer, back), the second
/// term less where values cluster; O(K log P) messages; workspace of 2 (1 x 1) or 3 (on a grid) further
/// matrices.
/// @throws Error{bug} when A is not square.
/// @throws Error{numerical}, the same on all ranks, when the upper triangle holds NaN or Inf, or when the
///   iteration does not converge.
/// @throws Error{resource} when the workspace of a rank exceeds 2^31 - 1 numbers (1 x 1: K > 32766), or its
///   memory.
/// @collective over a.grid().comm()
/// @see LAPACK dsyevd, ScaLAPACK pdsyevd; Tisseur and Dongarra, SIAM J. Sci. Comput. 20 (1999) 2223.
SymmetricEigen symmetric_eigen(BlockCyclicMatrix a, std::string_view what = "the matrix");

}  // namespace tallfit::linalg
