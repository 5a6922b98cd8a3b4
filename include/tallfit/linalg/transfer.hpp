/// Ways between a dense matrix on one rank, or on all, and its block-cyclic form.
#pragma once

#include <Eigen/Core>

#include <array>

#include "tallfit/linalg/block_cyclic_matrix.hpp"

namespace tallfit::linalg {

/// Deals a matrix that every rank has; each keeps its part, nothing is sent.
/// @throws Error{resource} as the constructor of BlockCyclicMatrix.   @collective over grid.comm()
BlockCyclicMatrix distribute(const ProcessGrid& grid, const Eigen::Ref<const Eigen::MatrixXd>& dense,
                             Index block = BlockCyclicMatrix::default_block);

/// Deals a matrix that only rank 0 of the grid has; the argument of the others is not read.
///
/// Cost: cols / block messages to each rank; beside the two matrices 8 local_rows block bytes.
/// @throws Error{resource} as the constructor of BlockCyclicMatrix.   @collective over grid.comm()
BlockCyclicMatrix distribute_from_root(const ProcessGrid& grid,
                                       const Eigen::Ref<const Eigen::MatrixXd>& dense,
                                       Index block = BlockCyclicMatrix::default_block);

/// @return the whole matrix on rank 0 of the grid (8 rows cols bytes), an empty one on the others.
/// Cost: cols / block messages from each rank.
/// @throws Error{resource} when rank 0 has no memory for it.   @collective over a.grid().comm()
Eigen::MatrixXd gather(const BlockCyclicMatrix& a);

/// @return the whole matrix, the same bits on every rank: 8 rows cols bytes **on each**.
/// Cost: gather() and one broadcast of the matrix.
/// @throws Error{resource} when a rank has no memory for it.   @collective over a.grid().comm()
Eigen::MatrixXd replicate(const BlockCyclicMatrix& a);

/// Rows [row, row + rows) and columns [col, col + cols) of a matrix.
struct Part {
  Index row;
  Index col;
  Index rows;
  Index cols;
};

/// Copies a part of a matrix into another one of the same grid, to where its first entry is at (row, col).
/// Cost: the part travels once, some block columns at a time: 8 local_rows 8 block bytes beside the matrices.
/// @throws Error{bug} where the part, or its place, is not within the matrix.   @collective over the grid
/// @see ScaLAPACK pdgemr2d.
void copy_part(const BlockCyclicMatrix& from, const Part& part, BlockCyclicMatrix& to,
               const std::array<Index, 2>& row_and_col);

/// @return rows [row, row + rows) and columns [col, col + cols) as a matrix of their own.
/// Cost: copy_part().
/// @throws Error{bug} where the part is not within the matrix; Error{resource} as the constructor.
/// @collective over a.grid().comm()
BlockCyclicMatrix sub_matrix(const BlockCyclicMatrix& a, Index row, Index col, Index rows, Index cols);

/// @return Aᵀ on the same grid, in the same blocks.
/// Cost: the matrix travels once.
/// @throws Error{resource} as the constructor.   @collective over a.grid().comm()
/// @see PBLAS pdtran.
BlockCyclicMatrix transposed(const BlockCyclicMatrix& a);

}  // namespace tallfit::linalg
