#include "tallfit/linalg/fold.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "fold_kernels.hpp"
#include "fold_with.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/base/numeric.hpp"

namespace tallfit::linalg {

namespace {

using detail::base_width;
using detail::chunk_columns;
using detail::FoldKernels;
using detail::product_ld;
using detail::Tiles;

constexpr Index max_width = 64;
static_assert(max_width % base_width == 0 && max_width <= product_ld);

constexpr Index page =
    4096 / sizeof(double);  ///< addresses that differ by its multiples share lines of the L1 cache

constexpr Index round_up(Index value, Index unit) { return ceil_div(value, unit) * unit; }

/// Doubles from a cache line on: vector loads that cross lines cost twice.
class AlignedBuffer {
public:
  explicit AlignedBuffer(Index size)
      : storage_(std::make_unique_for_overwrite<double[]>(static_cast<std::size_t>(size) + 8)) {
    void* start = storage_.get();
    std::size_t space = (static_cast<std::size_t>(size) + 8) * sizeof(double);
    data_ =
        static_cast<double*>(std::align(64, static_cast<std::size_t>(size) * sizeof(double), start, space));
  }
  double* data() { return data_; }

private:
  std::unique_ptr<double[]> storage_;
  double* data_;
};

/// Columns of the matrix that is folded, or of its factor.
struct Block {
  double* data;
  Index ld;
};

/// Reflects one panel of columns, then all columns right of it; keeps the workspace of both.
///
/// The reflectors of w columns are I - [I; V] T [I; V]^T with V stored apart, in tiles, and padded with zeros
/// to whole tiles and to a multiple of base_width columns: the inner loops never see a remainder in V.
class Folder {
public:
  Folder(const FoldKernels& kernels, Index max_rows)
      : kernels_(kernels),
        panel_stride_(round_up(kernels.tile_rows * max_width, page) + base_width * kernels.tile_rows),
        panel_(ceil_div(max_rows, kernels.tile_rows) * panel_stride_),
        tail_(kernels.tile_rows * chunk_columns) {}

  /// Folds @p n_rows rows of @p width columns into the triangle at @p r.
  void factor(Block r, Block rows, Index n_rows, Index width);

  /// Applies the reflectors of the last panel to the @p n_columns columns [R; rows]; n_stored >= the n_rows
  /// of the panel is the number of rows in memory.
  void apply(Block r, Block rows, Index n_stored, Index n_columns);

private:
  static constexpr Index small = product_ld * product_ld;

  Tiles panel_from(Index column) {
    return {panel_.data() + column * kernels_.tile_rows, panel_stride_, kernels_.tile_rows};
  }

  void factor_columns(Index first, Index width);
  void factor_base(Index first);
  double reflect_column(Index first, Index i, double* products, double* coeffs);
  void complete_t(Index first, Index left, Index right);
  void pack(const double* a, bool transposed, double sign, Index n_rows, Index n_columns);
  void multiply_packed(Index n_rows, Index k, bool lower, const double* b, Index n_columns, double* c);
  double rescale(Index column, double* products);
  void apply_chunk(Tiles v, Index n_tiles, Index k, Block r, Block rows, Tiles b, Index n_stored,
                   Index n_columns);

  const FoldKernels& kernels_;
  Index
      panel_stride_;  ///< of the tiles; the same columns of different tiles must not compete for cache lines
  AlignedBuffer panel_;  ///< V, in tiles
  AlignedBuffer tail_;   ///< last, incomplete tile of a chunk
  Index n_tiles_ = 0;
  Index width_ = 0;
  Index padded_ = 0;        ///< columns of V
  AlignedBuffer r_{small};  ///< diagonal block of R
  AlignedBuffer t_{small};
  AlignedBuffer packed_{small}, products_{small}, reflected_{small};
};

/// rows(0:n, j) of source to target, both column-major.
void copy_columns(const double* source, Index source_ld, double* target, Index target_ld, Index n,
                  Index n_columns) {
  for (Index j = 0; j < n_columns; ++j) std::copy_n(source + j * source_ld, n, target + j * target_ld);
}

void Folder::factor(Block r, Block rows, Index n_rows, Index width) {
  const Index tile = kernels_.tile_rows;
  n_tiles_ = ceil_div(n_rows, tile);
  width_ = width;
  padded_ = round_up(width, base_width);
  for (Index t = 0; t < n_tiles_; ++t) {
    const Index count = std::min(tile, n_rows - t * tile);
    for (Index j = 0; j < padded_; ++j) {
      double* target = panel_.data() + t * panel_stride_ + j * tile;
      const Index copied = j < width ? count : 0;
      if (copied > 0) std::copy_n(rows.data + t * tile + j * rows.ld, copied, target);
      std::fill_n(target + copied, tile - copied, 0.0);
    }
  }
  for (Index j = 0; j < padded_; ++j) {
    const Index copied = j < width ? j + 1 : 0;
    if (copied > 0) std::copy_n(r.data + j * r.ld, copied, r_.data() + j * product_ld);
    std::fill_n(r_.data() + j * product_ld + copied, padded_ - copied, 0.0);
  }

  factor_columns(0, padded_);

  for (Index j = 0; j < width; ++j) std::copy_n(r_.data() + j * product_ld, j + 1, r.data + j * r.ld);
}

void Folder::factor_columns(Index first, Index width) {
  if (width == base_width) return factor_base(first);
  const Index left = round_up(width / 2, base_width);
  const Index right = width - left;
  factor_columns(first, left);
  pack(t_.data() + first * (product_ld + 1), true, 1.0, left, left);
  const Index n_stored = n_tiles_ * kernels_.tile_rows;
  for (Index j = 0; j < right; j += chunk_columns) {
    const Index column = first + left + j;
    apply_chunk(panel_from(first), n_tiles_, left, {r_.data() + first + column * product_ld, product_ld},
                {nullptr, 0}, panel_from(column), n_stored, std::min(chunk_columns, right - j));
  }
  factor_columns(first + left, right);
  complete_t(first, left, right);
}

void Folder::factor_base(Index first) {
  std::array<double, base_width> coeffs{};
  std::array<double, base_width> products{};
  double scale = 0.0;
  for (Index i = 0; i < base_width; ++i) {
    kernels_.reflect(i, n_tiles_, panel_from(first), scale, coeffs.data(), products.data());
    scale = reflect_column(first, i, products.data(), coeffs.data());
  }
  kernels_.reflect(base_width, n_tiles_, panel_from(first), scale, coeffs.data(), products.data());
}

/// Makes column first + i of T and row first + i of R from the products b_i^T b_j; @return the factor that
/// makes b_i the reflector, and in coeffs what the reflection subtracts of it from the columns right of it.
double Folder::reflect_column(Index first, Index i, double* products, double* coeffs) {
  constexpr double smallest = 1e-280;  // below it products lose digits to underflow
  constexpr double largest = 1e290;
  double* r = r_.data() + first * (product_ld + 1);
  double* t = t_.data() + first * (product_ld + 1);
  std::fill_n(t + i * product_ld, base_width, 0.0);
  std::fill_n(coeffs, base_width, 0.0);

  double unit = 1.0;
  if (!(products[i] > smallest && products[i] < largest)) {
    unit = rescale(first + i, products);
    if (products[i] == 0.0) return 0.0;
  }
  const double alpha = r[i + i * product_ld];
  const double beta = -std::copysign(std::hypot(alpha, unit * std::sqrt(products[i])), alpha);
  const double tau = (beta - alpha) / beta;
  const double scale = unit / (alpha - beta);
  r[i + i * product_ld] = beta;
  for (Index j = i + 1; j < base_width; ++j) {
    coeffs[j] = tau * (r[i + j * product_ld] + scale * products[j]);
    r[i + j * product_ld] -= coeffs[j];
  }
  for (Index c = 0; c < i; ++c) {
    const double factor = -tau * scale * products[c];
    for (Index a = 0; a <= c; ++a) t[a + i * product_ld] += t[a + c * product_ld] * factor;
  }
  t[i + i * product_ld] = tau;
  return scale;
}

/// Divides a column whose squares over- or underflow by a power of two and recomputes its products; @return
/// that power.
double Folder::rescale(Index column, double* products) {
  const Index tile = kernels_.tile_rows;
  const Index first = column / base_width * base_width;
  const Tiles b = panel_from(column);
  double largest = 0.0;
  for (Index t = 0; t < n_tiles_; ++t)
    for (Index i = 0; i < tile; ++i) largest = std::max(largest, std::abs(b.data[t * b.tile_stride + i]));
  if (largest == 0.0 || !std::isfinite(largest) || std::isnan(products[column - first])) return 1.0;

  const int exponent = std::clamp(std::ilogb(largest), -1000, 1000);
  std::fill_n(products, base_width, 0.0);
  for (Index t = 0; t < n_tiles_; ++t) {
    for (Index i = 0; i < tile; ++i) {
      double& value = b.data[t * b.tile_stride + i];
      value = std::ldexp(value, -exponent);
      const double* row = panel_from(first).data + t * b.tile_stride + i;
      for (Index j = 0; j < base_width; ++j) products[j] += value * row[j * tile];
    }
  }
  return std::ldexp(1.0, exponent);
}

/// T12 = -T11 (V1^T V2) T22.
void Folder::complete_t(Index first, Index left, Index right) {
  double* t11 = t_.data() + first * (product_ld + 1);
  double* t12 = t11 + left * product_ld;
  std::fill_n(products_.data(), right * product_ld, 0.0);
  kernels_.add_inner_products(n_tiles_, panel_from(first), left, panel_from(first + left), right,
                              products_.data());
  pack(t11, false, 1.0, left, left);
  multiply_packed(left, left, false, products_.data(), right, reflected_.data());
  pack(reflected_.data(), false, -1.0, left, right);
  multiply_packed(left, right, false, t12 + left, right, products_.data());
  copy_columns(products_.data(), product_ld, t12, product_ld, left, right);
  for (Index j = 0; j < left; ++j) std::fill_n(t11 + left + j * product_ld, right, 0.0);
}

/// Tiles of sign op(A), n_rows x n_columns, padded with zeros.
void Folder::pack(const double* a, bool transposed, double sign, Index n_rows, Index n_columns) {
  const Index tile = kernels_.tile_rows;
  const Index row_step = transposed ? product_ld : 1;
  const Index column_step = transposed ? 1 : product_ld;
  for (Index first = 0; first < n_rows; first += tile) {
    double* target = packed_.data() + first * n_columns;
    const Index count = std::min(tile, n_rows - first);
    for (Index j = 0; j < n_columns; ++j, target += tile) {
      const double* source = a + first * row_step + j * column_step;
      for (Index i = 0; i < count; ++i) target[i] = -sign * source[i * row_step];
      std::fill(target + count, target + tile, 0.0);
    }
  }
}

/// C = A B for the packed A, of which only the lower triangle counts where @p lower.
void Folder::multiply_packed(Index n_rows, Index k, bool lower, const double* b, Index n_columns, double* c) {
  const Index tile = kernels_.tile_rows;
  std::fill_n(c, n_columns * product_ld, 0.0);
  for (Index first = 0; first < n_rows; first += tile) {
    const Tiles a = {packed_.data() + first * k, tile * k, tile};
    const Index depth = lower ? std::min(k, first + tile) : k;
    kernels_.subtract_product(1, a, depth, {c + first, tile, product_ld}, n_columns, b);
  }
}

void Folder::apply(Block r, Block rows, Index n_stored, Index n_columns) {
  pack(t_.data(), true, 1.0, padded_, padded_);
  for (Index j = 0; j < n_columns; j += chunk_columns) {
    const Block chunk = {rows.data + j * rows.ld, rows.ld};
    apply_chunk(panel_from(0), n_tiles_, padded_, {r.data + j * r.ld, r.ld}, chunk,
                {chunk.data, kernels_.tile_rows, chunk.ld}, n_stored, std::min(chunk_columns, n_columns - j));
  }
}

/// [R; B] -= [I; V] T^T (R + V^T B), with T^T packed before.
void Folder::apply_chunk(Tiles v, Index n_tiles, Index k, Block r, Block rows, Tiles b, Index n_stored,
                         Index n_columns) {
  const Index tile = kernels_.tile_rows;
  const Index complete = std::min(n_tiles, n_stored / tile);
  const Index left_over = complete < n_tiles ? n_stored - complete * tile : 0;
  const Tiles v_tail = {v.data + complete * v.tile_stride, v.tile_stride, v.column_stride};
  const Tiles b_tail = {tail_.data(), tile, tile};
  const Index in_r = std::min(k, width_);  // fewer than k where the panel was padded
  std::fill_n(products_.data(), n_columns * product_ld, 0.0);
  copy_columns(r.data, r.ld, products_.data(), product_ld, in_r, n_columns);
  kernels_.add_inner_products(complete, v, k, b, n_columns, products_.data());
  if (left_over > 0) {
    std::fill_n(tail_.data(), tile * chunk_columns, 0.0);
    copy_columns(rows.data + complete * tile, rows.ld, tail_.data(), tile, left_over, n_columns);
    kernels_.add_inner_products(1, v_tail, k, b_tail, n_columns, products_.data());
  }

  multiply_packed(k, k, true, products_.data(), n_columns, reflected_.data());
  for (Index j = 0; j < n_columns; ++j)
    for (Index i = 0; i < in_r; ++i) r.data[i + j * r.ld] -= reflected_.data()[i + j * product_ld];

  kernels_.subtract_product(complete, v, k, b, n_columns, reflected_.data());
  if (left_over > 0) {
    kernels_.subtract_product(1, v_tail, k, b_tail, n_columns, reflected_.data());
    copy_columns(tail_.data(), tile, rows.data + complete * tile, rows.ld, left_over, n_columns);
  }
}

/// Eliminates the first columns of the m x n rows, of which the first n_filled rows are not zero, and updates
/// the rest.
void fold_panel(Folder& folder, Block r, Block rows, Index m, Index n_filled, Index width, Index n) {
  folder.factor(r, rows, n_filled, width);
  if (width == n) return;
  folder.apply({r.data + width * r.ld, r.ld}, {rows.data + width * rows.ld, rows.ld}, m, n - width);
}

/// Makes m x n dense rows an upper trapezoid: the first rows, then the others folded into them.
void triangularise_in_place(Folder& folder, Block a, Index m, Index n) {
  while (m > 1 && n > 0) {
    const Index width = std::min({n, max_width, m > 2 * max_width ? max_width : m / 2});
    triangularise_in_place(folder, a, width, n);
    fold_panel(folder, a, {a.data + width, a.ld}, m - width, m - width, width, n);
    a.data += width * (a.ld + 1);
    m -= width;
    n -= width;
  }
}

const FoldKernels& fastest_kernels() {
  static const FoldKernels& fastest = *detail::usable_fold_kernels().front();
  return fastest;
}

}  // namespace

void detail::fold_in_place(const FoldKernels& kernels, Eigen::Ref<Eigen::MatrixXd> r,
                           Eigen::Ref<Eigen::MatrixXd> rows, RowShape shape) {
  const Index m = rows.rows();
  const Index n = rows.cols();
  require(r.rows() == n && r.cols() == n, ErrorKind::bug, "rows of {} columns folded into a {} x {} factor",
          n, r.rows(), r.cols());
  if (m == 0 || n == 0) return;
  Folder folder(kernels, m);
  for (Index j = 0; j < n; j += max_width) {
    const Index width = std::min(max_width, n - j);
    const Index n_filled = shape == RowShape::dense ? m : std::min(m, j + width);
    fold_panel(folder, {&r.coeffRef(j, j), r.outerStride()}, {&rows.coeffRef(0, j), rows.outerStride()}, m,
               n_filled, width, n - j);
  }
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): a Ref is a view, and is written through
void fold_in_place(Eigen::Ref<Eigen::MatrixXd> r, Eigen::Ref<Eigen::MatrixXd> rows, RowShape shape) {
  detail::fold_in_place(fastest_kernels(), r, rows, shape);
}

Eigen::MatrixXd triangularise(Eigen::MatrixXd rows) {
  const Index m = rows.rows();
  const Index n = rows.cols();
  Folder folder(fastest_kernels(), m);
  triangularise_in_place(folder, {rows.data(), rows.outerStride()}, m, n);
  return rows.topRows(std::min(m, n)).triangularView<Eigen::Upper>();
}

Index fold_rows(Index n) {
  constexpr Index whole_tiles = 504;  // of 8, 12 and 24 rows; columns at this distance share no cache lines
  return n <= 1000 ? whole_tiles : 2 * whole_tiles;
}

}  // namespace tallfit::linalg
