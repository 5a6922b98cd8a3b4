/// What is asked of an upper triangular factor: condition, solves, inverse, covariance.
#pragma once

#include <Eigen/Core>

#include <string_view>

#include "tallfit/linalg/block_cyclic_matrix.hpp"
#include "tallfit/linalg/matrix_ops.hpp"

namespace tallfit::linalg {

// Every function here takes the upper triangle of a K x K matrix R and reads nothing below its diagonal; on a
// 1 x 1 grid LAPACK works, else ScaLAPACK. `what` names R in messages. Costs are per rank of a P x Q grid.
//
// All throw Error{bug} when R is not square. Those that divide by R throw Error{numerical}, the same on all
// ranks, when a diagonal entry is exactly zero; the message names the first such column.

/// An estimate of 1 / (||R||_1 ||R^-1||_1), rarely off by more than a factor of 3.
///
/// @return in [0, 1], the same on every rank; 0 when a diagonal entry is zero, or when R or the estimate is
///   not finite, so that `reciprocal_condition(r) < limit` is always the careful answer.
/// Cost: about 5 solves, 5 K^2 / (P Q) flops; O(K) messages.   @collective over r.grid().comm()
/// @see Higham, "FORTRAN codes for estimating the one-norm", ACM TOMS 14 (1988); LAPACK dtrcon.
double reciprocal_condition(const BlockCyclicMatrix& r);

/// X with op(R) X = B, for a few right-hand sides that all ranks have.
///
/// @param rhs K x s, the same on all ranks.
/// @return    K x s, the same bits on every rank.
/// Cost: K^2 s / (P Q) flops; 8 K s bytes on every rank; O(K / block) messages, one broadcast of X.
/// @throws Error{bug} when rhs does not have K rows.   @collective over r.grid().comm()
Eigen::MatrixXd solve_upper(const BlockCyclicMatrix& r, const Eigen::Ref<const Eigen::MatrixXd>& rhs,
                            Op op = Op::none, std::string_view what = "the factor");

/// B <- op(R)^-1 B for many right-hand sides, on the same grid and with the same block as R.
/// Cost: K^2 s / (P Q) flops.
/// @throws Error{bug} when grid, block or rows of B are not those of R.   @collective over r.grid().comm()
void solve_upper_in_place(const BlockCyclicMatrix& r, BlockCyclicMatrix& b, Op op = Op::none,
                          std::string_view what = "the factor");

/// @return R^-1, upper triangular, with zeros below; pass the factor with std::move to work in its memory.
/// Cost: K^3 / (3 P Q) flops.   @collective over r.grid().comm()
BlockCyclicMatrix inverse_upper(BlockCyclicMatrix r, std::string_view what = "the factor");

/// @return the diagonal of (R^T R)^-1 = R^-1 R^-T: squared row norms of R^-1, length K, on every rank.
/// Cost: K^3 / (3 P Q) flops, a second matrix.   @collective over r.grid().comm()
Eigen::VectorXd inverse_gram_diagonal(const BlockCyclicMatrix& r, std::string_view what = "the factor");

/// @return (R^T R)^-1 = R^-1 R^-T, all K x K of it, symmetric to the last bit.
/// Cost: 2 K^3 / (3 P Q) flops; a second matrix, and a third while it is mirrored on more than one rank.
/// @collective over r.grid().comm()
BlockCyclicMatrix inverse_gram(BlockCyclicMatrix r, std::string_view what = "the factor");

}  // namespace tallfit::linalg
