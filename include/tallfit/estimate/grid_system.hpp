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
/// folded as they come: unlike the cells of grid_training_system() they are not sorted by weight, so that
/// rows much lighter than others may lose digits. Cost: 2 N K² / P flops; every row travels once within a row
/// of the grid. @collective over grid.comm()
/// @throws Error{input} for rows that are not finite, on all ranks.
LeastSquaresSystem grid_system(const GridRows& rows, const linalg::ProcessGrid& grid, Intercept intercept);

/// The system of the normal equations: the Gram matrix of the training rows, equilibrated, and its Cholesky
/// factor.
///
/// Half the flops of grid_system() and the square of its condition: what is lost comes back in two passes of
/// refine(), where the condition of the equilibrated columns is below 1e6. Its ρ has lost its digits where
/// the residual is small. Cost: N K² / P flops, (1/3) K³ / P for the factor. @collective over grid.comm()
/// @throws Error{input} as grid_system(); Error{numerical} where the columns depend on each other to half the
/// digits, naming the first such column (0 is that of ones, with an intercept).
/// @see Björck, Numerical Methods for Least Squares Problems (1996), 2.9.2 and 6.6.5
LeastSquaresSystem normal_system(const GridRows& rows, const linalg::ProcessGrid& grid, Intercept intercept);

/// What a factor does not tell of its rows.
struct Observations {
  Index count = 0;              ///< training rows of w > 0
  double sum_of_weights = 0.0;  ///< Σ w² over them
};

/// Takes a block-cyclic factor apart: of w [1 A b] with an intercept, else of w [A b], or w [A 1 b], whose
/// ones take no part. Cost: two copies of R. @collective over its grid
/// @param factor  upper triangular, as many rows as columns
/// @param n_coeffs  K
LeastSquaresSystem system_of(const linalg::BlockCyclicMatrix& factor, Index n_coeffs,
                             const Observations& rows, Intercept intercept);

/// Takes the merged factor of w [A 1 b] on a grid apart, as make_system() of a factor on one rank.
/// @param factor  min(rows, K + 2) rows, a triangle where it is square. @collective over its grid
LeastSquaresSystem make_system(linalg::BlockCyclicMatrix factor, Index n_rows, Intercept intercept);

/// The system of all training cells of a design on a grid, each times its multiplier, on all its ranks.
///
/// With an intercept the column of ones is moved to the front of the merged factor and eliminated.
/// Cost: compress::merge_training_cells_on_grid(), then (4/3) K³ / P flops where it has an intercept or few
/// rows. @collective over the grid
/// @throws Error{input} as training_system().
LeastSquaresSystem grid_training_system(const compress::CompressedDesign& design,
                                        const design::GroupMultipliers& multipliers, Intercept intercept);

}  // namespace tallfit::estimate
