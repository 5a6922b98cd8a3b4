#include "tallfit/compress/factor.hpp"

#include <algorithm>
#include <utility>

#include "tallfit/base/error.hpp"
#include "tallfit/linalg/fold.hpp"

namespace tallfit::compress {

namespace {

std::vector<double> pack(const Eigen::Ref<const Eigen::MatrixXd>& triangle) {
  std::vector<double> packed;
  packed.reserve(static_cast<std::size_t>(Factor::packed_size(triangle.cols(), triangle.cols())));
  for (Index j = 0; j < triangle.cols(); ++j) {
    packed.insert(packed.end(), triangle.col(j).data(), triangle.col(j).data() + j + 1);
  }
  return packed;
}

}  // namespace

Index Factor::packed_size(Index n_rows, Index n_cols) {
  return n_rows == n_cols ? n_cols * (n_cols + 1) / 2 : n_rows * n_cols;
}

Factor Factor::of_rows(Eigen::MatrixXd rows) {
  if (rows.rows() >= rows.cols()) return of_triangle(linalg::triangularise(std::move(rows)));
  return of_packed(rows.rows(), rows.cols(), std::vector<double>(rows.data(), rows.data() + rows.size()));
}

Factor Factor::of_alike_rows(Eigen::MatrixXd rows) {
  if (rows.rows() < rows.cols()) return of_rows(std::move(rows));
  Eigen::MatrixXd r = Eigen::MatrixXd::Zero(rows.cols(), rows.cols());
  linalg::fold_in_place(r, rows, linalg::RowShape::dense);
  return of_triangle(r);
}

Factor Factor::of_triangle(const Eigen::Ref<const Eigen::MatrixXd>& triangle) {
  return of_packed(triangle.cols(), triangle.cols(), pack(triangle));
}

Factor Factor::of_packed(Index n_rows, Index n_cols, std::vector<double> packed) {
  require(static_cast<Index>(packed.size()) == packed_size(n_rows, n_cols), ErrorKind::bug,
          "a factor of {} x {} cannot have {} entries", n_rows, n_cols, packed.size());
  Factor factor(n_cols);
  factor.n_rows_ = n_rows;
  factor.packed_ = std::move(packed);
  return factor;
}

Eigen::MatrixXd Factor::dense(double scale) const {
  if (!is_triangular()) return scale * Eigen::Map<const Eigen::MatrixXd>(packed_.data(), n_rows_, n_cols_);
  Eigen::MatrixXd matrix(n_cols_, n_cols_);
  const double* next = packed_.data();
  for (Index j = 0; j < n_cols_; ++j, next += j) {
    std::transform(next, next + j + 1, matrix.col(j).data(), [=](double x) { return x * scale; });
    matrix.col(j).tail(n_cols_ - j - 1).setZero();
  }
  return matrix;
}

Factor scaled(const Factor& factor, double scale) {
  std::vector<double> packed = factor.packed();
  for (double& x : packed) x *= scale;
  return Factor::of_packed(factor.n_rows(), factor.n_cols(), std::move(packed));
}

namespace {

/// Rows of both raw factors in one array of column-major rows.
std::vector<double> stack_raw(const Factor& top, double top_scale, const Factor& bottom,
                              double bottom_scale) {
  std::vector<double> rows;
  rows.reserve(top.packed().size() + bottom.packed().size());
  const auto append = [&](const Factor& factor, double scale, Index column) {
    const double* first = factor.packed().data() + column * factor.n_rows();
    const auto appended = rows.insert(rows.end(), first, first + factor.n_rows());
    if (scale != 1.0) std::for_each(appended, rows.end(), [=](double& x) { x *= scale; });
  };
  for (Index j = 0; j < top.n_cols(); ++j) {
    append(top, top_scale, j);
    append(bottom, bottom_scale, j);
  }
  return rows;
}

/// A triangle that holds the rows of a factor.
Eigen::MatrixXd as_triangle(const Factor& factor, double scale) {
  Eigen::MatrixXd r = factor.dense(scale);
  if (factor.is_triangular()) return r;
  r = linalg::triangularise(std::move(r));
  r.conservativeResizeLike(Eigen::MatrixXd::Zero(factor.n_cols(), factor.n_cols()));
  return r;
}

}  // namespace

Factor merge(const Factor& top, double top_scale, const Factor& bottom, double bottom_scale,
             RowScales scales) {
  require(top.n_cols() == bottom.n_cols(), ErrorKind::bug, "factors of {} and {} columns cannot be merged",
          top.n_cols(), bottom.n_cols());
  if (bottom.is_empty()) return scaled(top, top_scale);
  if (top.is_empty()) return scaled(bottom, bottom_scale);
  if (!top.is_triangular() && !bottom.is_triangular()) {
    const Index n_rows = top.n_rows() + bottom.n_rows();
    std::vector<double> rows = stack_raw(top, top_scale, bottom, bottom_scale);
    if (n_rows < top.n_cols()) return Factor::of_packed(n_rows, top.n_cols(), std::move(rows));
    const Eigen::Map<const Eigen::MatrixXd> matrix(rows.data(), n_rows, top.n_cols());
    return scales == RowScales::alike ? Factor::of_alike_rows(matrix) : Factor::of_rows(matrix);
  }
  // What is on top stays on top: raw rows folded onto a triangle that is lighter by 1e16 would leave no digit
  // of it. Alike rows go where they cost least: below the triangle.
  const bool swap = scales == RowScales::alike && !top.is_triangular();
  const Factor& upper = swap ? bottom : top;
  const Factor& lower = swap ? top : bottom;
  Eigen::MatrixXd r = as_triangle(upper, swap ? bottom_scale : top_scale);
  Eigen::MatrixXd rows = lower.dense(swap ? top_scale : bottom_scale);
  linalg::fold_in_place(r, rows,
                        lower.is_triangular() ? linalg::RowShape::upper_trapezoid : linalg::RowShape::dense);
  return Factor::of_triangle(r);
}

}  // namespace tallfit::compress
