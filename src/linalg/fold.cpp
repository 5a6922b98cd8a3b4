#include "tallfit/linalg/fold.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "cache_lines.hpp"
#include "fold_kernels.hpp"
#include "lapack.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/base/numeric.hpp"

namespace tallfit::linalg {

using detail::base_width;
using detail::chunk_columns;
using detail::FoldKernels;
using detail::panel_width;
using detail::product_ld;
using detail::Tiles;

namespace {

/// A matrix of product_ld rows.
class SmallMatrix {
public:
  double* data() { return data_; }
  double* at(Index i, Index j) { return data_ + i + j * product_ld; }

private:
  std::unique_ptr<double[]> storage_ = detail::allocate_lines(product_ld * product_ld);
  double* data_ = detail::first_line(storage_.get());
};

/// Column j of a packed triangle.
double* column_of(double* triangle, Index j) { return triangle + packed_size(j); }

/// rows(0:n, j) of source to target, both column-major.
void copy_columns(const double* source, Index source_ld, double* target, Index target_ld, Index n,
                  Index n_columns) {
  for (Index j = 0; j < n_columns; ++j) std::copy_n(source + j * source_ld, n, target + j * target_ld);
}

}  // namespace

/// Reflects one panel of columns, then all columns right of it; keeps the workspace of both.
///
/// The reflectors of w columns are I - [I; V] T [I; V]^T; V takes the place of the columns that it
/// eliminates. A last panel is as wide as a multiple of base_width with columns of zeros, so that the inner
/// loops never see a remainder in V.
class Folder {
public:
  Folder(double* triangle, RowTiles& rows)
      : kernels_(*rows.kernels_), triangle_(triangle), rows_(rows), n_(rows.n_cols_) {
    clear_last_tile();
  }

  /// Folds columns [column, column + width) of rows [first, end) into the rows [column, column + width) of
  /// the triangle, and updates the columns right of them. Other rows of the first and last tile are zero.
  void fold_panel(Index column, Index width, Index first, Index end);

  /// Makes the first rows [column, column + width) those of the triangle, and zero.
  void triangularise_top(Index column, Index width);

private:
  Tiles tiles_from(Index column) const {
    return {rows_.data_ + first_tile_ * rows_.tile_stride_ + column * rows_.tile_rows_, rows_.tile_stride_,
            rows_.tile_rows_};
  }
  /// Of the panel.
  Tiles panel_from(Index column) const { return tiles_from(column_ + column); }
  /// Tiles with rows that columns left of @p end of the panel reach down to.
  Index tiles_down_to(Index end) const {
    if (!rows_.is_triangle_) return n_tiles_;
    return std::min(n_tiles_, ceil_div(column_ + end, rows_.tile_rows_));
  }

  void clear_last_tile();
  void add_inner_products(Index first, Index k, Tiles b, Index n_columns);
  void factor_columns(Index first, Index width);
  void factor_base(Index first);
  double reflect_column(Index first, Index i, double* products, double* coeffs);
  void complete_t(Index first, Index left, Index right);
  void pack(const double* a, bool transposed, double sign, Index n_rows, Index n_columns);
  void multiply_packed(Index n_rows, Index k, bool lower, const double* b, Index n_columns, double* c);
  double rescale(Index column, double* products);
  void apply_products(Index first, Index k, Tiles b, Index n_columns);

  const FoldKernels& kernels_;
  double* triangle_;
  RowTiles& rows_;
  Index n_;
  Index column_ = 0;  ///< of the panel
  Index first_tile_ = 0;
  Index n_tiles_ = 0;
  SmallMatrix r_;  ///< diagonal block of R
  SmallMatrix t_;
  SmallMatrix packed_, products_, reflected_;
};

/// Zeros below the last row, as long as its tile.
void Folder::clear_last_tile() {
  for (Index i = rows_.n_rows_; i % rows_.tile_rows_ != 0; ++i)
    for (Index j = 0; j < n_; ++j) rows_.at(i, j) = 0.0;
}

void Folder::fold_panel(Index column, Index width, Index first, Index end) {
  column_ = column;
  first_tile_ = first / rows_.tile_rows_;
  n_tiles_ = ceil_div(end, rows_.tile_rows_) - first_tile_;
  const Index padded = detail::round_up(width, base_width);
  for (Index j = 0; j < padded; ++j) {
    const Index copied = j < width ? j + 1 : 0;
    if (copied > 0) std::copy_n(column_of(triangle_, column + j) + column, copied, r_.at(0, j));
    std::fill_n(r_.at(copied, j), padded - copied, 0.0);
  }
  factor_columns(0, padded);
  for (Index j = 0; j < width; ++j)
    std::copy_n(r_.at(0, j), j + 1, column_of(triangle_, column + j) + column);

  if (column + width == n_) return;
  // A panel that is padded is the last one: from here on padded = width.
  pack(t_.data(), true, 1.0, width, width);
  for (Index j = column + width; j < n_; j += chunk_columns) {
    const Index n_columns = std::min(chunk_columns, n_ - j);
    for (Index c = 0; c < n_columns; ++c)
      std::copy_n(column_of(triangle_, j + c) + column, width, products_.at(0, c));
    apply_products(0, width, tiles_from(j), n_columns);
    for (Index c = 0; c < n_columns; ++c) {
      double* r = column_of(triangle_, j + c) + column;
      const double* reflected = reflected_.at(0, c);
      for (Index i = 0; i < width; ++i) r[i] -= reflected[i];
    }
  }
}

void Folder::triangularise_top(Index column, Index width) {
  const auto n_rows = static_cast<int>(width);
  const auto n_columns = static_cast<int>(n_ - column);
  Eigen::MatrixXd top(width, n_ - column);
  for (Index i = 0; i < width; ++i)
    for (Index j = 0; j < top.cols(); ++j) top(i, j) = std::exchange(rows_.at(column + i, column + j), 0.0);
  std::vector<double> tau(static_cast<std::size_t>(width));
  const int lwork = 64 * n_columns;  // 64: beyond any block size of LAPACK
  std::vector<double> work(static_cast<std::size_t>(lwork));
  int info = 0;
  dgeqrf_(&n_rows, &n_columns, top.data(), &n_rows, tau.data(), work.data(), &lwork, &info);
  require(info == 0, ErrorKind::bug, "dgeqrf of {} x {} rows: argument {} is invalid", n_rows, n_columns,
          -info);
  for (Index j = 0; j < top.cols(); ++j)
    std::copy_n(top.col(j).data(), std::min(j + 1, width), column_of(triangle_, column + j) + column);
}

/// B -= V T^T (R + V^T B) for the k columns V from @p first of the panel on, with R in products_ and T^T
/// packed before; leaves T^T (…) in reflected_. Zeros below the diagonal of a triangle are left out.
void Folder::apply_products(Index first, Index k, Tiles b, Index n_columns) {
  add_inner_products(first, k, b, n_columns);
  multiply_packed(k, k, true, products_.data(), n_columns, reflected_.data());
  const Index all_columns = tiles_down_to(first + base_width);
  kernels_.subtract_product(all_columns, panel_from(first), k, b, n_columns, reflected_.data());
  for (Index tile = all_columns; tile < tiles_down_to(first + k); ++tile) {
    const Index zeros = (tile * rows_.tile_rows_ - column_ - first) / base_width * base_width;
    Tiles v = panel_from(first + zeros);
    v.data += tile * v.tile_stride;
    kernels_.subtract_product(1, v, k - zeros,
                              {b.data + tile * b.tile_stride, b.tile_stride, b.column_stride}, n_columns,
                              reflected_.data() + zeros);
  }
}

/// products_ += V^T B for the k columns V from @p first of the panel on.
void Folder::add_inner_products(Index first, Index k, Tiles b, Index n_columns) {
  if (!rows_.is_triangle_)
    return kernels_.add_inner_products(n_tiles_, panel_from(first), k, b, n_columns, products_.data());
  for (Index c = 0; c < k; c += base_width)
    kernels_.add_inner_products(tiles_down_to(first + c + base_width), panel_from(first + c), base_width, b,
                                n_columns, products_.data() + c);
}

void Folder::factor_columns(Index first, Index width) {
  if (width == base_width) return factor_base(first);
  const Index left = detail::round_up(width / 2, base_width);
  const Index right = width - left;
  factor_columns(first, left);
  pack(t_.at(first, first), true, 1.0, left, left);
  for (Index j = 0; j < right; j += chunk_columns) {
    const Index column = first + left + j;
    const Index n_columns = std::min(chunk_columns, right - j);
    double* r = r_.at(first, column);
    copy_columns(r, product_ld, products_.data(), product_ld, left, n_columns);
    apply_products(first, left, panel_from(column), n_columns);
    for (Index c = 0; c < n_columns; ++c)
      for (Index i = 0; i < left; ++i) r[i + c * product_ld] -= *reflected_.at(i, c);
  }
  factor_columns(first + left, right);
  complete_t(first, left, right);
}

void Folder::factor_base(Index first) {
  std::array<double, base_width> coeffs{};
  std::array<double, base_width> products{};
  double scale = 0.0;
  const Index n_tiles = tiles_down_to(first + base_width);
  for (Index i = 0; i < base_width; ++i) {
    kernels_.reflect(i, n_tiles, panel_from(first), scale, coeffs.data(), products.data());
    scale = reflect_column(first, i, products.data(), coeffs.data());
  }
  kernels_.reflect(base_width, n_tiles, panel_from(first), scale, coeffs.data(), products.data());
}

/// Makes column first + i of T and row first + i of R from the products b_i^T b_j; @return the factor that
/// makes b_i the reflector, and in coeffs what the reflection subtracts of it from the columns right of it.
double Folder::reflect_column(Index first, Index i, double* products, double* coeffs) {
  constexpr double smallest = 1e-280;  // below it products lose digits to underflow
  constexpr double largest = 1e290;
  double* r = r_.at(first, first);
  double* t = t_.at(first, first);
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
  double* t11 = t_.at(first, first);
  double* t12 = t11 + left * product_ld;
  std::fill_n(products_.data(), right * product_ld, 0.0);
  add_inner_products(first, left, panel_from(first + left), right);
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
  const Index height = detail::round_up(n_rows, tile);
  for (Index j = 0; j < n_columns; ++j) std::fill_n(c + j * product_ld, height, 0.0);
  for (Index first = 0; first < n_rows; first += tile) {
    const Tiles a = {packed_.data() + first * k, tile * k, tile};
    const Index depth = lower ? std::min(k, first + tile) : k;
    kernels_.subtract_product(1, a, depth, {c + first, tile, product_ld}, n_columns, b);
  }
}

void fold_in_place(std::span<double> r, RowTiles& rows) {
  const Index n = rows.n_cols();
  const Index m = rows.n_rows();
  require(static_cast<Index>(r.size()) == packed_size(n), ErrorKind::bug,
          "rows of {} columns folded into a packed factor of {} entries", n, r.size());
  if (m == 0) return;
  Folder folder(r.data(), rows);
  for (Index j = 0; j < n; j += panel_width) {
    const Index width = std::min(panel_width, n - j);
    folder.fold_panel(j, width, 0, rows.is_triangle() ? std::min(m, j + width) : m);
  }
  rows.clear();
}

std::vector<double> triangularise(RowTiles& rows) {
  const Index n = rows.n_cols();
  const Index m = rows.n_rows();
  std::vector<double> r(static_cast<std::size_t>(packed_size(n)));
  Folder folder(r.data(), rows);
  for (Index j = 0; j < std::min(m, n); j += panel_width) {
    const Index width = std::min({panel_width, n - j, m - j});
    folder.triangularise_top(j, width);
    if (j + width < m) folder.fold_panel(j, width, j + width, m);
  }
  rows.clear();
  return r;
}

Eigen::MatrixXd triangularise(const Eigen::MatrixXd& rows) {
  const Index m = rows.rows();
  const Index n = rows.cols();
  RowTiles tiles(m, n);
  for (Index i = 0; i < m; ++i) {
    const Eigen::RowVectorXd row = rows.row(i);
    tiles.append(row.data(), n, std::array{1.0});
  }
  std::vector<double> r = triangularise(tiles);
  Eigen::MatrixXd factor = Eigen::MatrixXd::Zero(std::min(m, n), n);
  for (Index j = 0; j < n; ++j) {
    const Index height = std::min(j + 1, m);
    factor.col(j).head(height) = Eigen::Map<Eigen::VectorXd>(column_of(r.data(), j), height);
  }
  return factor;
}

Index fold_rows(Index n_rows) {
  constexpr Index best = 504;  // whole tiles of 8, 12 and 24 rows
  return n_rows <= best ? n_rows : ceil_div(n_rows, (n_rows + best / 2) / best);
}

}  // namespace tallfit::linalg
