/// The work matrix in which rows are folded into block-cyclic triangular factors.
#pragma once

#include <Eigen/Core>

#include "tallfit/linalg/block_cyclic_matrix.hpp"
#include "tallfit/linalg/matrix_sizes.hpp"

namespace tallfit::linalg {

/// Rows below a super-block of R, about 256 rows of it: what one QR factorisation sees. It belongs to no R,
/// so that many factors can share one.
///
/// Super-blocks of R are copied above the rows one after the other, which is cheaper than a factorisation of
/// all of R on top of them. R may have fewer rows than columns: then it is the upper trapezoidal factor of as
/// many rows as it has. Memory of a rank: (256 / P + local rows) n / Q numbers.
/// @see Gunter and van de Geijn, "Parallel out-of-core computation and updating of the QR factorization", ACM
/// TOMS 31 (2005).
class FoldPanel {
public:
  /// @param local_rows  of a row of the grid, > 0; rounded up to whole blocks
  /// @throws Error{resource} as the constructor of BlockCyclicMatrix.   @collective over grid.comm()
  FoldPanel(const ProcessGrid& grid, Index n_cols, Index local_rows, Index block);

  /// The whole work matrix beside a factor, for planning; and what of it the fullest rank will hold.
  static MatrixShape shape(MatrixShape factor, Index local_rows);
  static Index bytes(int grid_rows, int grid_cols, Index n_cols, Index local_rows, Index block);
  /// Rows of a rank that make a panel of n / 2 rows: more of them are hardly faster.
  static Index usual_rows(Index n_cols, int n_ranks) { return ceil_div(n_cols, Index{2} * n_ranks); }

  const ProcessGrid& grid() const noexcept { return work_.grid(); }
  Index n_cols() const noexcept { return work_.cols(); }
  Index block() const noexcept { return work_.block(); }
  /// Rows that one row of the grid takes.
  Index capacity() const noexcept { return capacity_; }
  Index free_rows() const noexcept { return capacity_ - used_; }

  /// Puts rows into the panel, this rank's columns of them: as many on all ranks of a row of the grid, at
  /// most free_rows(). Local.
  void append(const Eigen::Ref<const Eigen::MatrixXd>& rows);

  /// R <- the factor of R and, below it, the rows of the panel, which is empty then.
  /// Cost: 2 n^2 m / (P Q) flops for m rows and O(n log P) messages.   @collective over grid().comm()
  void fold_into(BlockCyclicMatrix& r);

  /// R <- the factor of [R; s B]. R is square; B has fewer rows than columns, or it is an upper triangle.
  /// Rows of B stay on their ranks. The panel must be empty and is used.
  /// Cost: (2/3) n^3 / (P Q) flops for a triangle, else 2 n^2 m / (P Q); nothing but the QR communicates.
  /// @throws Error{bug} where shapes, grids or blocks differ.   @collective over grid().comm()
  void fold_into(BlockCyclicMatrix& r, const BlockCyclicMatrix& below, double scale);

  /// G <- G + BᵀB in the upper triangle, for the rows B of the panel, which is empty then.
  /// Cost: n^2 m / (P Q) flops for m rows.   @collective over grid().comm()
  void add_gram_to(BlockCyclicMatrix& gram);

private:
  Index close_rows();
  void fold_super_block(BlockCyclicMatrix& r, Index first, Index width, Index rows);

  Index super_block_;  ///< rows of R above the panel
  Index top_;          ///< of them on this rank
  Index capacity_;
  Index used_ = 0;
  BlockCyclicMatrix work_;
};

}  // namespace tallfit::linalg
