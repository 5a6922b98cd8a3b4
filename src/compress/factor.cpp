#include "tallfit/compress/factor.hpp"

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

Eigen::MatrixXd Factor::dense() const {
  if (!is_triangular()) return Eigen::Map<const Eigen::MatrixXd>(packed_.data(), n_rows_, n_cols_);
  Eigen::MatrixXd matrix = Eigen::MatrixXd::Zero(n_cols_, n_cols_);
  const double* next = packed_.data();
  for (Index j = 0; j < n_cols_; ++j, next += j) std::copy_n(next, j + 1, matrix.col(j).data());
  return matrix;
}

Factor scaled(const Factor& factor, double scale) {
  std::vector<double> packed = factor.packed();
  for (double& x : packed) x *= scale;
  return Factor::of_packed(factor.n_rows(), factor.n_cols(), std::move(packed));
}

Factor merge(const Factor& top, double top_scale, const Factor& bottom, double bottom_scale) {
  require(top.n_cols() == bottom.n_cols(), ErrorKind::bug, "factors of {} and {} columns cannot be merged",
          top.n_cols(), bottom.n_cols());
  if (bottom.is_empty()) return scaled(top, top_scale);
  if (top.is_empty()) return scaled(bottom, bottom_scale);
  if (!top.is_triangular() && !bottom.is_triangular()) {
    Eigen::MatrixXd rows(top.n_rows() + bottom.n_rows(), top.n_cols());
    rows << top.dense() * top_scale, bottom.dense() * bottom_scale;
    return Factor::of_rows(std::move(rows));
  }
  // What is on top stays on top: raw rows folded onto a triangle that is lighter by 1e16 would leave no digit
  // of it.
  Eigen::MatrixXd r = top.dense() * top_scale;
  if (!top.is_triangular()) {
    r = linalg::triangularise(std::move(r));
    r.conservativeResizeLike(Eigen::MatrixXd::Zero(top.n_cols(), top.n_cols()));
  }
  Eigen::MatrixXd rows = bottom.dense() * bottom_scale;
  linalg::fold_in_place(r, rows,
                        bottom.is_triangular() ? linalg::RowShape::upper_trapezoid : linalg::RowShape::dense);
  return Factor::of_triangle(r);
}

}  // namespace tallfit::compress
