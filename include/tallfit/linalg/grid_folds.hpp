/// Folding rows of several sets, in any order, into a block-cyclic factor of each.
#pragma once

#include <functional>
#include <vector>

#include "tallfit/linalg/fold_panel.hpp"

namespace tallfit::linalg {

/// R of each of several sets of rows, whose rows come in parts; one panel serves all.
///
/// A set of fewer rows than columns has an upper trapezoidal factor of as many rows. Rows of a part are dealt
/// to all rows of the grid in turn, whatever ranks they come from, for those of a set may all be on one rank.
/// The same parts give the same bits on the same grid. Memory of a rank: its share of the factors,
/// min(rows, n) n numbers each, and of the panel, and about 6 MiB for rows on their way.
class GridFolds {
public:
  /// @param n_rows         of each set, over all ranks and parts; the same on all ranks
  /// @param rows_per_rank  of a panel, > 0
  /// @throws Error{resource} as the constructor of BlockCyclicMatrix.   @collective over grid.comm()
  GridFolds(const ProcessGrid& grid, Index n_cols, const std::vector<Index>& n_rows, Index rows_per_rank,
            Index block = BlockCyclicMatrix::default_block);

  /// What the fullest rank of a grid will hold, for planning.
  static Index factor_bytes(int grid_rows, int grid_cols, Index n_cols, Index n_rows,
                            Index block = BlockCyclicMatrix::default_block);
  static Index panel_bytes(int grid_rows, int grid_cols, Index n_cols, Index rows_per_rank,
                           Index block = BlockCyclicMatrix::default_block);
  static Index exchange_bytes(Index n_cols, Index rows_per_rank);

  /// Rows that a panel takes when they are dealt evenly.
  Index panel_rows() const noexcept { return panel_.capacity() * panel_.grid().rows(); }

  /// Folds rows of every rank into the factor of a set: as many panels as they fill, or all in one panel.
  /// @param my_rows   that this rank has, any number, perhaps none
  /// @param next_row  where the n numbers of this rank's next row are; called for each row that is folded
  /// @return how many rows are left over all ranks
  /// Cost: every row travels once; 2 n^2 m / (P Q) flops and O(n log P) messages for each panel of m rows.
  /// @collective over grid.comm()
  Index fold(std::size_t set, Index my_rows, const std::function<const double*()>& next_row);

  /// The factors; nothing can be folded after it. Local.
  std::vector<BlockCyclicMatrix> finish() { return std::move(factors_); }

private:
  Index most_of_each(const std::vector<Index>& rows) const;
  void deal(Index round, const std::vector<Index>& rows, const std::function<const double*()>& next_row);

  Index chunk_;
  FoldPanel panel_;
  std::vector<BlockCyclicMatrix> factors_;
};

}  // namespace tallfit::linalg
