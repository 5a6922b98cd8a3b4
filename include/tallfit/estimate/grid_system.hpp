/// The least-squares problem of rows that are factored over a process grid.
#pragma once

#include "tallfit/compress/row_layout.hpp"
#include "tallfit/estimate/least_squares_system.hpp"
#include "tallfit/linalg/block_cyclic_matrix.hpp"

namespace tallfit::estimate {

/// The rows of a factorisation and how they are to come.
struct GridRows {
  design::RowSource& source;
  const compress::RowLayout& layout;
  Index rows_per_rank;                                     ///< of a panel
  Index block_bytes;                                       ///< of rows read at once
  Index block = linalg::BlockCyclicMatrix::default_block;  ///< of the matrices on the grid
};

/// Reads the training rows once, folds them into a block-cyclic factor and takes it apart. With an intercept
/// the column of ones comes first, so that what is left of the factor is that of the centred design.
///
/// No rank holds more than its share of a matrix. The bits depend on the grid, not only on the rows. Rows are
/// folded as they come: unlike the cells of compression they are not sorted by weight, so that rows much
/// lighter than others may lose digits.
/// Cost: 2 N K² / P flops; every row travels once within a row of the grid. @collective over grid.comm()
/// @throws Error{input} for rows that are not finite, on all ranks.
LeastSquaresSystem grid_system(const GridRows& rows, const linalg::ProcessGrid& grid, Intercept intercept);

}  // namespace tallfit::estimate
