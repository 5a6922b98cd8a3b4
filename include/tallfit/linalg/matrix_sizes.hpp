/// What a matrix on a process grid will take, before there is one: blocks, local parts, workspaces, in 64
/// bits.
#pragma once

#include <cstdint>
#include <limits>

#include "tallfit/base/numeric.hpp"

namespace tallfit::linalg {

// LAPACK and ScaLAPACK count in 32 bits. Everything here is pure arithmetic of the largest local part (that
// of rank 0), so all ranks come to the same verdict without asking. All functions are local and O(1).

/// The most rows, columns, entries of a local part or numbers of a workspace that a routine can be told.
inline constexpr Index most_counted = std::numeric_limits<std::int32_t>::max();

/// A matrix on a grid by its sizes alone.
struct MatrixShape {
  Index rows = 0;
  Index cols = 0;
  int grid_rows = 1;
  int grid_cols = 1;
  Index block = 1;

  Index local_rows() const;  ///< of rank 0, which never has fewer than another
  Index local_cols() const;
  bool is_serial() const { return Index{grid_rows} * grid_cols == 1; }
};

/// The block for matrices of @p n_cols columns: 64, which keeps the level-3 kernels busy and the deal even,
/// less for those so small that some row or column of the grid would have none of it.
/// @return a power of two from 1 to 64
Index block_for(Index n_cols, int grid_rows, int grid_cols);

/// Distance of the columns of a local part: at least 1, whole cache lines, never a multiple of a page.
Index padded_rows(Index local_rows);

/// Numbers in the local part of rank 0, with its padding.
Index local_entries(const MatrixShape& shape);

/// Whether ScaLAPACK can count rows, columns and local entries.
bool is_countable(const MatrixShape& shape);

// The least workspaces, in numbers of a rank, as the documentation of the routines states them and more where
// that is too little. What a routine itself answers is computed in 32 bits and may overflow
// (Reference-ScaLAPACK #105).

/// dgeqrf, or pdgeqrf, pdlarft and pdlarfb.
Index qr_workspace(const MatrixShape& shape);
/// dgeqp3, pdgeqpf.
Index pivoted_qr_workspace(const MatrixShape& shape);
/// dgesdd with vectors; it exceeds most_counted from K = 23170 on.
Index divide_and_conquer_svd_workspace(Index rows, Index cols);
/// dgesvd, pdgesvd.
Index svd_workspace(const MatrixShape& shape, bool with_vectors);
/// dsyevd, pdsyevd. The answer of pdsyevd, which is also what its documentation says, leaves out two of the
/// routines that it calls (pdormtr; pdlasrt: Reference-ScaLAPACK #74). These then fail on some ranks, for
/// which the others wait, or do nothing, and nobody hears of it.
Index symmetric_eigen_workspace(const MatrixShape& shape);

}  // namespace tallfit::linalg
