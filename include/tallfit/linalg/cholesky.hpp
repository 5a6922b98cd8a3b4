/// Gram matrices and their Cholesky factors: half the work of QR, half its digits.
#pragma once

#include <optional>
#include <string_view>

#include "tallfit/linalg/block_cyclic_matrix.hpp"

namespace tallfit::linalg {

/// G <- G + A^T A, in the upper triangle; what lies below the diagonal is neither read nor written.
///
/// A sum of many rows goes in one part after another, each as large as is convenient.
///
/// @param gram K x K.
/// @param rows A, M x K, on the same grid and with the same block; M = 0 is allowed.
/// Cost: M K^2 / (P Q) flops; on a grid O((M + K) / block) messages.
/// @throws Error{bug} when the shapes, grids or blocks do not match.   @collective over gram.grid().comm()
/// @see BLAS dsyrk, PBLAS pdsyrk.
void add_gram_in_place(BlockCyclicMatrix& gram, const BlockCyclicMatrix& rows);

/// The same for rows [first, first + count) of a matrix, where first is a whole number of blocks.
void add_gram_in_place(BlockCyclicMatrix& gram, const BlockCyclicMatrix& rows, Index first, Index count);

/// As cholesky_in_place(), where there may be no factor.
/// @return the first column whose pivot is not positive, the same on all ranks; nothing where there is a
/// factor
std::optional<Index> try_cholesky_in_place(BlockCyclicMatrix& gram,
                                           std::string_view what = "the Gram matrix");

/// G <- R, upper triangular with zeros below and a positive diagonal, G = R^T R.
///
/// Backward stable entry by entry: |R^T R - G|_ij <= c K eps sqrt(G_ii G_jj), so the units of the columns do
/// not matter. But the condition of G is the square of that of the rows: where that of the rows, with columns
/// of equal norms, exceeds about 1 / sqrt(K eps), there may be no factor.
///
/// @param gram K x K; its upper triangle is read. Undefined after an error.
/// @param what names G in messages.
/// Cost: K^3 / (3 P Q) flops; O(K / block) messages and two reductions.
/// @throws Error{bug} when G is not square.
/// @throws Error{numerical}, the same on all ranks, when the upper triangle holds NaN or Inf, or when a pivot
///   is not positive; the message names the first such column, counted from 0.
/// @collective over gram.grid().comm()
/// @see LAPACK dpotrf, ScaLAPACK pdpotrf; Higham, Accuracy and Stability, theorems 10.3 and 10.7.
void cholesky_in_place(BlockCyclicMatrix& gram, std::string_view what = "the Gram matrix");

}  // namespace tallfit::linalg
