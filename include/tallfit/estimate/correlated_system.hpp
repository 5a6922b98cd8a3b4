/// The least-squares problem of rows whose errors have any covariance.
#pragma once

#include "tallfit/design/whitened_source.hpp"
#include "tallfit/estimate/least_squares_system.hpp"

namespace tallfit::estimate {

/// How rows and covariance are dealt over a grid.
struct CorrelatedRows {
  design::RowSource& source;
  /// For each row of the design, or for each training row of w > 0, its covariances with all of these.
  const design::NoiseTable& covariance;
  Index n_lines;      ///< of the covariance
  Index block_bytes;  ///< of what is read at once
  Index block = linalg::BlockCyclicMatrix::default_block;
};

/// A system of whitened rows, and what whitening adds to their likelihood.
struct CorrelatedSystem {
  LeastSquaresSystem system;
  double log_determinant = 0.0;  ///< ln|C|
};

/// Generalised least squares: the errors of the N training rows w b have the covariance σ² C, C = L Lᵀ, and
/// the system is that of L⁻¹ w [A 1 b]. C, its Cholesky factor and the rows are dealt over the grid; every
/// rank reads of both what it keeps, whole lines at a time. Only lines and columns of training rows are used.
/// The bits depend on the grid.
/// Cost: (N³/3 + N² K + 2 N K²) / P flops; (2 N² + N K) / P numbers and N labels on every rank.
/// @collective over grid.comm()
/// @throws Error{input} on all ranks, naming rows of the design: C of another size, a diagonal entry that is
/// not positive, lines that are not symmetric to 1e-12, or a C that is not positive definite; rows that are
/// not finite.
/// @see Aitken, Proc. R. Soc. Edinburgh 55 (1935) 42; Björck, Numerical Methods for Least Squares Problems
/// (1996), 4.3.1
CorrelatedSystem correlated_system(const CorrelatedRows& rows, const linalg::ProcessGrid& grid,
                                   Intercept intercept);

/// Bytes of a rank for N rows and K columns.
Index correlated_bytes(Index n_rows, Index n_cols, int n_ranks);

}  // namespace tallfit::estimate
