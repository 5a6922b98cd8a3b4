#include "tallfit/linalg/row_tiles.hpp"

#include <algorithm>

#include "cache_lines.hpp"
#include "fold_kernels.hpp"

#include "tallfit/base/error.hpp"

namespace tallfit::linalg {

namespace {

/// Addresses that differ by its multiples share lines of the L1 cache.
constexpr Index page = 4096 / sizeof(double);

}  // namespace

const detail::FoldKernels& detail::fastest_fold_kernels() {
  static const detail::FoldKernels& fastest = *detail::usable_fold_kernels().front();
  return fastest;
}

RowTiles::RowTiles(Index capacity, Index n_cols, const detail::FoldKernels& kernels)
    : kernels_(&kernels),
      capacity_(capacity),
      n_cols_(n_cols),
      tile_rows_(kernels.tile_rows),
      // The same columns of neighbouring tiles must not compete for cache lines.
      tile_stride_(detail::round_up(detail::round_up(n_cols, detail::base_width) * tile_rows_, page) +
                   detail::base_width * tile_rows_) {
  const Index n_tiles = ceil_div(capacity, tile_rows_);
  storage_ = detail::allocate_lines(n_tiles * tile_stride_);
  data_ = detail::first_line(storage_.get());
  const Index padding = detail::round_up(n_cols, detail::base_width) - n_cols;
  for (Index t = 0; t < n_tiles; ++t)
    std::fill_n(data_ + t * tile_stride_ + n_cols * tile_rows_, padding * tile_rows_, 0.0);
}

void RowTiles::append(const double* rows, Index width, std::span<const double> scales) {
  const auto count = static_cast<Index>(scales.size());
  require(count <= free_rows() && width <= n_cols_, ErrorKind::bug, "{} x {} rows appended to {} of {} x {}",
          count, width, n_rows_, capacity_, n_cols_);
  is_triangle_ = false;
  for (Index i = 0; i < count;) {
    const Index row = n_rows_ + i;
    const Index left_in_tile = tile_rows_ - row % tile_rows_;
    const Index n = std::min({count - i, kernels_->lanes, left_in_tile});
    if (left_in_tile >= kernels_->lanes) {
      kernels_->transpose(rows + i * width, n, width, scales.data() + i, &at(row, 0));
    } else {
      for (Index k = 0; k < n; ++k)
        for (Index j = 0; j < width; ++j)
          at(row + k, j) = scales[static_cast<std::size_t>(i + k)] * rows[(i + k) * width + j];
    }
    i += n;
  }
  n_rows_ += count;
}

void RowTiles::append_triangle(std::span<const double> packed, double scale) {
  require(n_rows_ == 0 && n_cols_ <= capacity_ && static_cast<Index>(packed.size()) == packed_size(n_cols_),
          ErrorKind::bug, "a triangle of {} entries appended to {} of {} x {}", packed.size(), n_rows_,
          capacity_, n_cols_);
  n_rows_ = n_cols_;
  is_triangle_ = true;
  for (Index first = 0; first < n_cols_; first += tile_rows_) {
    double* tile = tile_of(first);
    const Index height = std::min(tile_rows_, n_cols_ - first);
    // Panels left of the one in which the tile begins do not look at it.
    for (Index j = first / detail::panel_width * detail::panel_width; j < n_cols_; ++j) {
      const Index filled = std::clamp<Index>(j + 1 - first, 0, height);
      const double* source = packed.data() + packed_size(j) + first;
      for (Index i = 0; i < filled; ++i) tile[j * tile_rows_ + i] = scale * source[i];
      std::fill_n(tile + j * tile_rows_ + filled, tile_rows_ - filled, 0.0);
    }
  }
}

void RowTiles::append_unit_rows(Index count) {
  require(n_rows_ == 0 && count <= std::min(capacity_, n_cols_), ErrorKind::bug,
          "{} unit rows appended to {} of {} x {}", count, n_rows_, capacity_, n_cols_);
  n_rows_ = count;
  is_triangle_ = true;
  for (Index first = 0; first < count; first += tile_rows_)
    std::fill_n(tile_of(first), n_cols_ * tile_rows_, 0.0);
  for (Index i = 0; i < count; ++i) at(i, i) = 1.0;
}

}  // namespace tallfit::linalg
