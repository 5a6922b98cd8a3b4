/// Rows in the order in which the fold kernels read them.
#pragma once

#include <memory>
#include <span>

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
  /// Appends the first @p count rows of the unit matrix of n_cols columns, to no rows; they count as a
  /// triangle.
  void append_unit_rows(Index count);
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

}  // namespace tallfit::linalg
