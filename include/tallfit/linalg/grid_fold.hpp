/// Folding rows that all ranks bring into one block-cyclic triangular factor.
#pragma once

#include <span>
#include <vector>

#include "tallfit/linalg/fold_panel.hpp"

namespace tallfit::linalg {

/// What rows are folded into.
enum class FoldedInto {
  triangle,  ///< R of the QR factorisation
  gram       ///< AᵀA, its upper triangle: half the flops, half the digits
};

/// R of the QR factorisation of rows that come in parts, none of which need stay in memory.
///
/// A rank's rows go to its own row of the process grid, so that they travel among Q ranks and not at all on a
/// P x 1 grid. They fill a panel, and a full panel is folded into R. A panel with room for all rows is an
/// in-core factorisation. The same rows of the same ranks give the same bits on the same grid.
///
/// Memory of a rank: (n + panel + 256) n / (P Q) numbers and 6 MiB for rows on their way.
class GridFold {
public:
  /// @param rows_per_rank  of a panel, > 0; rounded up to what divides well
  /// @throws Error{resource} as the constructor of BlockCyclicMatrix.   @collective over grid.comm()
  GridFold(const ProcessGrid& grid, Index n_cols, Index rows_per_rank,
           Index block = BlockCyclicMatrix::default_block, FoldedInto into = FoldedInto::triangle);

  /// What the fullest rank of a grid will hold, for planning: R, the panel, and rows on their way.
  static Index factor_bytes(int grid_rows, int grid_cols, Index n_cols,
                            Index block = BlockCyclicMatrix::default_block);
  static Index panel_bytes(int grid_rows, int grid_cols, Index n_cols, Index rows_per_rank,
                           Index block = BlockCyclicMatrix::default_block);
  static Index exchange_bytes(Index n_cols, Index rows_per_rank);
  /// Whether ScaLAPACK can count R, the panel and its workspace: a rank may have memory for more.
  static bool is_countable(int grid_rows, int grid_cols, Index n_cols, Index rows_per_rank,
                           Index block = BlockCyclicMatrix::default_block);

  /// Rows that a rank may bring at once; the same on all ranks.
  Index most_rows() const noexcept { return chunk_; }

  /// Takes rows of every rank, row-major, at most most_rows() from each, perhaps none.
  /// Cost: the rows travel once within a row of the grid; where the panel is full 2 n^2 m / (P Q) flops for
  /// its m rows and O(n log P) messages.   @collective over grid.comm()
  void append(std::span<const double> rows);

  /// R, n x n upper triangular with zeros below, or the Gram matrix, of all rows so far; the rest of the
  /// panel is folded first. Nothing can be appended after it.   @collective over grid.comm()
  BlockCyclicMatrix finish();

private:
  void fold();

  FoldedInto into_;
  Index chunk_;             ///< rows of a rank in one call
  comm::Communicator row_;  ///< the ranks of this row of the grid, in order of columns
  BlockCyclicMatrix r_;
  FoldPanel panel_;
};

}  // namespace tallfit::linalg
