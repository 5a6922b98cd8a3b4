/// The inner loops of fold.cpp, compiled once per instruction set and chosen at run time.
#pragma once

#include <vector>

#include "tallfit/base/numeric.hpp"

namespace tallfit::linalg::detail {

inline constexpr Index panel_width = 64;  ///< columns that are eliminated together
inline constexpr Index base_width = 8;    ///< columns that are factored by vector-vector operations
inline constexpr Index product_ld =
    96;  ///< leading dimension of all small matrices: constant address offsets
inline constexpr Index chunk_columns = 24;  ///< columns that are updated together, so that they stay in cache

static_assert(panel_width % base_width == 0 && panel_width <= product_ld);

/// A matrix of tile_rows-high tiles: element (i, j) is data[(i / tile_rows) tile_stride + j column_stride + i
/// % tile_rows]. Rows have column_stride = tile_rows; small column-major matrices are tiles, too.
struct Tiles {
  double* data;
  Index tile_stride;
  Index column_stride;
};

/// One set of inner loops; the columns k of V are a multiple of base_width.
struct FoldKernels {
  const char* name;
  Index tile_rows;
  Index lanes;

  /// W += V^T B for k x n_columns W.
  void (*add_inner_products)(Index n_tiles, Tiles v, Index k, Tiles b, Index n_columns, double* w);

  /// B -= V W for k x n_columns W; any k.
  void (*subtract_product)(Index n_tiles, Tiles v, Index k, Tiles b, Index n_columns, const double* w);

  /// Step i of a panel of base_width columns b: for i > 0, b_{i-1} *= scale, then b_j -= b_{i-1} coeffs[j]
  /// for j >= i; for i < base_width also products[j] = b_i^T b_j for all j. All in one pass over the rows.
  void (*reflect)(Index i, Index n_tiles, Tiles b, double scale, const double* coeffs, double* products);

  /// Writes scales[i] times row i of @p n_rows <= lanes row-major rows of @p n_columns into one tile, row i
  /// to
  /// @p tile + i; the rows after them, up to lanes, become zero.
  void (*transpose)(const double* rows, Index n_rows, Index n_columns, const double* scales, double* tile);
};

/// Null where the compiler or the processor does not know the instructions.
const FoldKernels* avx512_fold_kernels();
const FoldKernels* avx2_fold_kernels();
const FoldKernels* generic_fold_kernels();

/// All that run here, fastest first.
std::vector<const FoldKernels*> usable_fold_kernels();

}  // namespace tallfit::linalg::detail
