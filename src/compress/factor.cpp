#include "tallfit/compress/factor.hpp"

#include <algorithm>
#include <utility>

#include "tallfit/base/error.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/linalg/fold.hpp"

namespace tallfit::compress {

namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

std::vector<double> scaled_copy(const Factor::Part& part) {
  std::vector<double> values = *part.values;
  if (part.scale != 1.0)
    for (double& x : values) x *= part.scale;
  return values;
}

/// Makes or extends a triangle with the rows of a factor, a buffer at a time.
///
/// The buffer that makes it holds as many rows as columns, if there are so many: rows that are folded into
/// empty ones leave rounding errors of their own size there, beside which lighter rows would be lost.
void fold_rows_into(std::vector<double>& triangle, const Factor& rows) {
  const Index n = rows.n_cols();
  const Index some = linalg::fold_rows(rows.n_rows());
  linalg::RowTiles tiles(triangle.empty() ? std::max(some, std::min(n, rows.n_rows())) : some, n);
  const auto fold = [&] {
    if (triangle.empty()) {
      triangle = linalg::triangularise(tiles);
    } else {
      linalg::fold_in_place(triangle, tiles);
    }
  };
  for (const Factor::Part& part : rows.parts()) {
    const Index n_rows = static_cast<Index>(part.values->size()) / n;
    const std::vector<double> scales(static_cast<std::size_t>(n_rows), part.scale);
    for (Index first = 0; first < n_rows;) {
      const Index count = std::min(n_rows - first, tiles.free_rows());
      tiles.append(part.values->data() + first * n, n,
                   std::span(scales).first(static_cast<std::size_t>(count)));
      first += count;
      if (tiles.is_full()) fold();
    }
  }
  if (tiles.n_rows() > 0) fold();
}

std::vector<double> triangle_of(const Factor& factor, RowScales scales) {
  if (factor.is_triangular()) return scaled_copy(factor.parts().front());
  std::vector<double> triangle;
  if (scales == RowScales::alike)  // the fastest start
    triangle.resize(static_cast<std::size_t>(linalg::packed_size(factor.n_cols())));
  fold_rows_into(triangle, factor);
  return triangle;
}

}  // namespace

Factor Factor::of_rows(Index n_cols, std::vector<double> rows) {
  const auto size = static_cast<Index>(rows.size());
  require(size % std::max<Index>(n_cols, 1) == 0, ErrorKind::bug, "{} values are not rows of {}", size,
          n_cols);
  Factor factor(n_cols);
  if (size == 0) return factor;
  factor.n_rows_ = size / n_cols;
  factor.parts_ = {{.values = std::make_shared<const std::vector<double>>(std::move(rows)), .scale = 1.0}};
  return factor;
}

Factor Factor::of_triangle(Index n_cols, std::vector<double> packed) {
  require(static_cast<Index>(packed.size()) == linalg::packed_size(n_cols), ErrorKind::bug,
          "a triangle of {} columns cannot have {} entries", n_cols, packed.size());
  Factor factor(n_cols);
  factor.n_rows_ = n_cols;
  factor.is_triangular_ = true;
  factor.parts_ = {{.values = std::make_shared<const std::vector<double>>(std::move(packed)), .scale = 1.0}};
  return factor;
}

std::shared_ptr<const std::vector<double>> Factor::values() const {
  if (parts_.size() == 1 && parts_.front().scale == 1.0) return parts_.front().values;
  std::vector<double> joined;
  for (const Part& part : parts_) {
    const std::vector<double> values = scaled_copy(part);
    joined.insert(joined.end(), values.begin(), values.end());
  }
  return std::make_shared<const std::vector<double>>(std::move(joined));
}

Eigen::MatrixXd Factor::dense() const {
  const auto all = values();
  if (!is_triangular_) return Eigen::Map<const RowMajor>(all->data(), n_rows_, n_cols_);
  Eigen::MatrixXd matrix = Eigen::MatrixXd::Zero(n_cols_, n_cols_);
  for (Index j = 0; j < n_cols_; ++j)
    std::copy_n(all->data() + linalg::packed_size(j), j + 1, matrix.col(j).data());
  return matrix;
}

Factor scaled(Factor factor, double scale) {
  for (Factor::Part& part : factor.parts_) part.scale *= scale;
  return factor;
}

Factor stacked(Factor top, const Factor& bottom) {
  top.n_rows_ += bottom.n_rows_;
  top.parts_.insert(top.parts_.end(), bottom.parts_.begin(), bottom.parts_.end());
  return top;
}

Factor merge(const Factor& top, const Factor& bottom, RowScales scales, Index most_rows) {
  const Index n = top.n_cols();
  require(n == bottom.n_cols(), ErrorKind::bug, "factors of {} and {} columns cannot be merged", n,
          bottom.n_cols());
  if (bottom.is_empty()) return top;
  if (top.is_empty()) return bottom;
  if (!top.is_triangular() && !bottom.is_triangular()) {
    Factor rows = stacked(top, bottom);
    return rows.n_rows() < most_rows ? rows : Factor::of_triangle(n, triangle_of(rows, scales));
  }
  // What is on top stays on top: raw rows folded onto a triangle that is lighter by 1e16 would leave no digit
  // of it. Alike rows go where they cost least: below the triangle.
  const bool swap = scales == RowScales::alike && !top.is_triangular();
  const Factor& lower = swap ? top : bottom;
  std::vector<double> triangle = triangle_of(swap ? bottom : top, scales);
  if (lower.is_triangular()) {
    linalg::RowTiles rows(n, n);
    rows.append_triangle(*lower.parts().front().values, lower.parts().front().scale);
    linalg::fold_in_place(triangle, rows);
    count_flops(2.0 / 3.0 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n));
  } else {
    fold_rows_into(triangle, lower);
  }
  return Factor::of_triangle(n, std::move(triangle));
}

Factor reduced(Factor factor, RowScales scales) {
  if (factor.is_triangular() || factor.n_rows() < factor.n_cols() || factor.is_empty()) return factor;
  return Factor::of_triangle(factor.n_cols(), triangle_of(factor, scales));
}

Index reduced_size(Index n_rows, Index n_cols) {
  return n_rows < n_cols ? n_rows * n_cols : linalg::packed_size(n_cols);
}

}  // namespace tallfit::compress
