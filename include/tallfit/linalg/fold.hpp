/// Folding rows into a triangular factor: the kernel of the whole program.
#pragma once

#include <Eigen/Core>

#include <memory>
#include <span>
#include <vector>

#include "tallfit/base/numeric.hpp"

namespace tallfit::linalg {

namespace detail {
struct FoldKernels;
const FoldKernels& fastest_fold_kernels();
}  // namespace detail

/// Doubles of an upper triangle of n columns, packed by columns: entry (i, j) is number j (j + 1) / 2 + i.
constexpr Index packed_size(Index n) { return n * (n + 1) / 2; }

/// Rows on their way into a factor, stored as the inner loops read them: in tiles of some rows, each column
/// of a tile in consecutive memory. Rows are written once and reflected in place.
///
/// Memory: capacity times n_cols doubles, both rounded up to whole tiles and panels.
class RowTiles {
public:
  RowTiles(Index capacity, Index n_cols, const detail::FoldKernels& kernels = detail::fastest_fold_kernels());

  Index n_rows() const noexcept { return n_rows_; }
  Index n_cols() const noexcept { return n_cols_; }
  bool is_full() const noexcept { return n_rows_ == capacity_; }
  Index free_rows() const noexcept { return capacity_ - n_rows_; }
  /// Whether the rows are a triangle, which takes a third of the work of dense rows.
  bool is_triangle() const noexcept { return is_triangle_; }

  double& at(Index i, Index j) { return tile_of(i)[j * tile_rows_ + i % tile_rows_]; }
  double at(Index i, Index j) const { return const_cast<RowTiles&>(*this).at(i, j); }

  /// Appends one row for each scale: scales[i] times the values at rows + i width in its first width columns.
  /// The other columns are to be written through at().
  void append(const double* rows, Index width, std::span<const double> scales);
  /// Appends a packed triangle of n_cols columns, times a scale, to no rows.
  void append_triangle(std::span<const double> packed, double scale);
  void clear() noexcept { n_rows_ = 0; }

private:
  friend class Folder;

  double* tile_of(Index i) { return data_ + i / tile_rows_ * tile_stride_; }

  const detail::FoldKernels* kernels_;
  Index capacity_;
  Index n_cols_;
  Index tile_rows_;
  Index tile_stride_;
  Index n_rows_ = 0;
  bool is_triangle_ = false;
  std::unique_ptr<double[]> storage_;
  double* data_ = nullptr;  ///< the first cache line of storage_
};

/// Folds rows B (m x n) into a packed upper triangular R (n x n): R becomes the factor of qr([R; B]).
///
/// Householder reflections in blocks of 64 columns with a recursive panel; row-wise backward stable where the
/// heavier rows stand above the lighter ones. B is emptied. m = 0 and n = 0 are allowed. Diagonal entries may
/// have either sign. Cost: 2 m n^2 flops for dense rows, (2/3) n^3 for a triangle. Local. The same input
/// gives the same bits at any address, but not on another instruction set.
/// @see LAPACK ?tpqrt (Buttari et al., 2009), whose panel is not recursive; Elmroth and Gustavson (2000).
void fold_in_place(std::span<double> r, RowTiles& rows);

/// How many of some rows to gather before they are folded: equal parts of about 504.
///
/// Fewer are slower, since each fold reads and writes all of R; more leave the cache.
Index fold_rows(Index n_rows);

/// The packed factor of m rows that stay in their order: upper triangular n x n, rows from m on zero.
///
/// Unlike rows folded into an empty triangle, the first rows may be heavier than the last by any power: row
/// wise backward stable. The rows are emptied. Cost: 2 n^2 (m - n/3) flops for m >= n. Local.
std::vector<double> triangularise(RowTiles& rows);

/// The same for a dense matrix: its upper trapezoidal factor, min(m, n) x n.
Eigen::MatrixXd triangularise(const Eigen::MatrixXd& rows);

}  // namespace tallfit::linalg
