/// Simple operations on block-cyclic matrices: norms, scaling, products with a few vectors.
#pragma once

#include <Eigen/Core>

#include "tallfit/linalg/block_cyclic_matrix.hpp"

namespace tallfit::linalg {

/// The matrix as it is, or transposed; the value is what BLAS and LAPACK call it.
enum class Op : char { none = 'N', transpose = 'T' };

/// @return the entries a_jj, length min(rows, cols), on every rank.
/// Cost: one sum of that length over the grid.   @collective over a.grid().comm()
Eigen::VectorXd diagonal(const BlockCyclicMatrix& a);

/// Euclidean norms of the columns, without overflow or underflow on the way.
///
/// @return length cols, the same bits on every rank; NaN or Inf for a column that holds one.
/// Cost: 4 rows cols / (P Q) flops; one Allreduce and one sum of cols doubles.   @collective over
/// a.grid().comm()
Eigen::VectorXd column_norms(const BlockCyclicMatrix& a);

/// Powers of two that bring column norms into [1/2, 1); 1 for a zero column. Powers of two are exact:
/// division by the norms themselves would perturb the design by an ulp and cap refined answers at 12 to 13
/// digits. Local.
Eigen::VectorXd equilibration(const Eigen::VectorXd& norms);

/// A <- A diag(d), for d of length cols, the same on all ranks. Exact for powers of two. Local.
/// @throws Error{bug} when d has another length.
void scale_columns_in_place(BlockCyclicMatrix& a, const Eigen::VectorXd& d);

/// A <- diag(d) A, for d of length rows, the same on all ranks. Exact for powers of two. Local.
/// @throws Error{bug} when d has another length.
void scale_rows_in_place(BlockCyclicMatrix& a, const Eigen::VectorXd& d);

/// Sets what lies below the diagonal to zero. Local.
void zero_below_diagonal_in_place(BlockCyclicMatrix& a);

/// @return the first @p n rows; a rank's part of them is a part of its own, so nothing is sent.
/// @throws Error{bug} unless 0 <= n <= a.rows(); Error{resource} as the constructor.
/// @collective over a.grid().comm()
BlockCyclicMatrix leading_rows(const BlockCyclicMatrix& a, Index n);

/// @return whether no entry is NaN or infinite; the same on all ranks.
/// Cost: reads the matrix once; one Allreduce.   @collective over a.grid().comm()
bool all_finite(const BlockCyclicMatrix& a);

/// @return the squares of the Euclidean norms of the rows, length rows, on every rank.
/// Cost: 2 rows cols / (P Q) flops; one sum of rows doubles.   @collective over a.grid().comm()
Eigen::VectorXd squared_row_norms(const BlockCyclicMatrix& a);

/// A <- A - X Y^T, for X and Y of a few columns that all ranks have. Local.
/// @throws Error{bug} when the shapes do not match.
void subtract_product_in_place(BlockCyclicMatrix& a, const Eigen::MatrixXd& x, const Eigen::MatrixXd& y);

/// Y = op(A) X for a few columns X.
///
/// @param a  M x K, any dense matrix; the lower triangle of a factor is read, and is zero in ours.
/// @param x  K x s (M x s for the transpose), the same on all ranks.
/// @return   M x s (K x s), the same bits on every rank.
/// Cost: 2 M K s / (P Q) flops, one sum of the result over the grid; memory of X and Y on every rank.
/// @throws Error{bug} when the shapes do not match.   @collective over a.grid().comm()
Eigen::MatrixXd multiply(const BlockCyclicMatrix& a, const Eigen::Ref<const Eigen::MatrixXd>& x,
                         Op op = Op::none);

}  // namespace tallfit::linalg
