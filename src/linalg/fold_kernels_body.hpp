/// The body of fold_kernels_*.cpp, which set `lanes`, `row_vectors`, `v_columns`, `b_columns`, `c_columns`
/// and `inner_unroll` (of the row vectors in an inner product) first.
///
/// Everything has internal linkage and nothing of the standard library is called, so that no function
/// compiled for one instruction set can replace one of another at link time. Loads and stores are unaligned
/// and no loop depends on an address: equal input gives equal bits.
// No include guard: this is the text of one source file, not an interface.
#include <utility>

#include "fold_kernels.hpp"

namespace tallfit::linalg::detail {
namespace {

typedef double Vec __attribute__((vector_size(lanes * sizeof(double))));
typedef double UnalignedVec __attribute__((vector_size(lanes * sizeof(double)), aligned(8), may_alias));

constexpr Index tile_rows = lanes * row_vectors;
static_assert(base_width % v_columns == 0 && v_columns % lanes == 0 && product_ld % tile_rows == 0);

template <int n>
using Vecs = Vec[static_cast<std::size_t>(n)];

inline Vec load(const double* p) { return *reinterpret_cast<const UnalignedVec*>(p); }
/// A load that the compiler must not repeat for every use to save a register.
inline Vec load_once(const double* p) { return *reinterpret_cast<const volatile UnalignedVec*>(p); }
inline void store(double* p, Vec v) { *reinterpret_cast<UnalignedVec*>(p) = v; }

/// Lanes of the result hold sums of neighbours at @p distance in a where that bit of the lane is 0, else in
/// b.
template <int distance, std::size_t... lane>
inline Vec add_neighbours(Vec a, Vec b, std::index_sequence<lane...>) {
  constexpr int bit = distance;
  return __builtin_shufflevector(a, b, ((lane & bit ? lanes : 0) + (lane & ~std::size_t{bit}))...) +
         __builtin_shufflevector(a, b, ((lane & bit ? lanes : 0) + (lane | std::size_t{bit}))...);
}

/// @return the vector of the sums over a[0], ..., a[lanes - 1]; a is overwritten.
template <int distance = 1>
inline Vec sum_each(Vec* a) {
  if constexpr (distance == lanes) {
    return a[0];
  } else {
#pragma GCC unroll 24
    for (int i = 0; i < lanes / distance / 2; ++i)
      a[i] = add_neighbours<distance>(a[2 * i], a[2 * i + 1], std::make_index_sequence<lanes>());
    return sum_each<2 * distance>(a);
  }
}

/// W += V^T B for v_columns x n W.
template <int n>
void inner_products_block(Index n_tiles, const double* v, Index v_stride, Tiles b, double* w) {
  Vecs<v_columns> sum[static_cast<std::size_t>(n)] = {};
  const double* rows = b.data;
  for (Index tile = 0; tile < n_tiles; ++tile, v += v_stride, rows += b.tile_stride) {
#pragma GCC unroll inner_unroll
    for (int r = 0; r < row_vectors; ++r) {
      Vecs<n> column;
#pragma GCC unroll 24
      for (int j = 0; j < n; ++j) column[j] = load(rows + j * b.column_stride + r * lanes);
#pragma GCC unroll 24
      for (int c = 0; c < v_columns; ++c) {
        const Vec reflector = load_once(v + c * tile_rows + r * lanes);
#pragma GCC unroll 24
        for (int j = 0; j < n; ++j) sum[j][c] += reflector * column[j];
      }
    }
  }
#pragma GCC unroll 24
  for (int j = 0; j < n; ++j) {
#pragma GCC unroll 24
    for (int c = 0; c < v_columns; c += lanes) {
      double* target = w + j * product_ld + c;
      store(target, load(target) + sum_each(sum[j] + c));
    }
  }
}

template <int... n>
void add_inner_products(Index n_tiles, Tiles v, Index k, Tiles b, Index n_columns, double* w) {
  constexpr decltype(&inner_products_block<1>) block[] = {inner_products_block<n>...};
  constexpr Index tiles_in_cache = 32768 / (8 * v_columns * tile_rows);  // of v_columns of V, in L1
  for (Index tile = 0; tile < n_tiles; tile += tiles_in_cache) {
    const Index count = n_tiles - tile < tiles_in_cache ? n_tiles - tile : tiles_in_cache;
    for (Index c = 0; c < k; c += v_columns) {
      for (Index j = 0; j < n_columns; j += b_columns) {
        const Index left = n_columns - j;
        block[left < b_columns ? left - 1 : b_columns - 1](
            count, v.data + tile * v.tile_stride + c * tile_rows, v.tile_stride,
            {b.data + tile * b.tile_stride + j * b.column_stride, b.tile_stride, b.column_stride},
            w + j * product_ld + c);
      }
    }
  }
}

/// C -= V W for a tile C of n columns.
template <int n>
void product_block(const double* v, Index k, double* c, Index column_stride, const double* w) {
  Vecs<row_vectors> sum[static_cast<std::size_t>(n)];
#pragma GCC unroll 24
  for (int j = 0; j < n; ++j)
#pragma GCC unroll 24
    for (int r = 0; r < row_vectors; ++r) sum[j][r] = load(c + j * column_stride + r * lanes);
  for (Index i = 0; i < k; ++i, v += tile_rows, ++w) {
    Vecs<row_vectors> column;
#pragma GCC unroll 24
    for (int r = 0; r < row_vectors; ++r) column[r] = load(v + r * lanes);
#pragma GCC unroll 24
    for (int j = 0; j < n; ++j)
#pragma GCC unroll 24
      for (int r = 0; r < row_vectors; ++r) sum[j][r] -= column[r] * w[j * product_ld];
  }
#pragma GCC unroll 24
  for (int j = 0; j < n; ++j)
#pragma GCC unroll 24
    for (int r = 0; r < row_vectors; ++r) store(c + j * column_stride + r * lanes, sum[j][r]);
}

template <int... n>
void subtract_product(Index n_tiles, Tiles v, Index k, Tiles b, Index n_columns, const double* w) {
  constexpr decltype(&product_block<1>) block[] = {product_block<n>...};
  for (Index tile = 0; tile < n_tiles; ++tile) {
    for (Index j = 0; j < n_columns; j += c_columns) {
      const Index left = n_columns - j;
      block[left < c_columns ? left - 1 : c_columns - 1](v.data + tile * v.tile_stride, k,
                                                         b.data + tile * b.tile_stride + j * b.column_stride,
                                                         b.column_stride, w + j * product_ld);
    }
  }
}

template <int i>
void reflect_step(Index n_tiles, Tiles b, double scale, const double* coeffs, double* products) {
  constexpr int width = base_width;
  Vecs<width> sum = {};
  double* tile = b.data;
  for (Index t = 0; t < n_tiles; ++t, tile += b.tile_stride) {
#pragma GCC unroll 24
    for (int r = 0; r < row_vectors; ++r) {
      double* row = tile + r * lanes;
      Vecs<width> column;
#pragma GCC unroll 24
      for (int j = 0; j < width; ++j) column[j] = load(row + j * tile_rows);
      if constexpr (i > 0) {
        column[i - 1] *= scale;
        store(row + (i - 1) * tile_rows, column[i - 1]);
#pragma GCC unroll 24
        for (int j = i; j < width; ++j) {
          column[j] -= column[i - 1] * coeffs[j];
          store(row + j * tile_rows, column[j]);
        }
      }
      if constexpr (i < width)
#pragma GCC unroll 24
        for (int j = 0; j < width; ++j) sum[j] += column[i] * column[j];
    }
  }
  if constexpr (i < width)
#pragma GCC unroll 24
    for (int j = 0; j < width; j += lanes) store(products + j, sum_each(sum + j));
}

template <int... i>
void reflect(Index step, Index n_tiles, Tiles b, double scale, const double* coeffs, double* products) {
  constexpr decltype(&reflect_step<0>) steps[] = {reflect_step<i>...};
  steps[step](n_tiles, b, scale, coeffs, products);
}

/// Lanes and vectors change places in one bit of their numbers.
template <int bit, std::size_t... lane>
inline void swap_bit(Vec& a, Vec& b, std::index_sequence<lane...>) {
  const Vec low = __builtin_shufflevector(a, b, (lane & bit ? lanes + (lane ^ std::size_t{bit}) : lane)...);
  b = __builtin_shufflevector(a, b, (lane & bit ? lanes + lane : lane ^ std::size_t{bit})...);
  a = low;
}

template <int bit = 1>
inline void transpose_square(Vec* a) {
  if constexpr (bit < lanes) {
#pragma GCC unroll 24
    for (int i = 0; i < lanes; ++i)
      if ((i & bit) == 0) swap_bit<bit>(a[i], a[i | bit], std::make_index_sequence<lanes>());
    transpose_square<2 * bit>(a);
  }
}

template <bool all>
void transpose_rows(const double* rows, Index n_rows, Index n_columns, const double* scales, double* tile) {
  Index j = 0;
  for (; j + lanes <= n_columns; j += lanes) {
    Vecs<lanes> square;
#pragma GCC unroll 24
    for (int i = 0; i < lanes; ++i)
      square[i] = all || i < n_rows ? load(rows + i * n_columns + j) * scales[i] : Vec{};
    transpose_square(square);
#pragma GCC unroll 24
    for (int i = 0; i < lanes; ++i) store(tile + (j + i) * tile_rows, square[i]);
  }
  for (; j < n_columns; ++j)
    for (Index i = 0; i < lanes; ++i)
      tile[j * tile_rows + i] = i < n_rows ? rows[i * n_columns + j] * scales[i] : 0.0;
}

void transpose(const double* rows, Index n_rows, Index n_columns, const double* scales, double* tile) {
  (n_rows == lanes ? transpose_rows<true> : transpose_rows<false>)(rows, n_rows, n_columns, scales, tile);
}

template <int... n>
constexpr auto inner_products_for(std::integer_sequence<int, n...>) {
  return add_inner_products<(n + 1)...>;
}
template <int... n>
constexpr auto product_for(std::integer_sequence<int, n...>) {
  return subtract_product<(n + 1)...>;
}

constexpr FoldKernels kernels = {kernels_name,
                                 tile_rows,
                                 lanes,
                                 inner_products_for(std::make_integer_sequence<int, b_columns>()),
                                 product_for(std::make_integer_sequence<int, c_columns>()),
                                 reflect<0, 1, 2, 3, 4, 5, 6, 7, 8>,
                                 transpose};

}  // namespace
}  // namespace tallfit::linalg::detail
