/// A set of rows, reduced to at most as many rows as columns without loss for least squares.
#pragma once

#include <Eigen/Core>

#include <vector>

#include "tallfit/base/numeric.hpp"

namespace tallfit::compress {

/// The triangular factor of some rows, or, while there are fewer rows than columns, the rows themselves.
///
/// For any vector x: ‖factor x‖ = ‖rows x‖. Columns are those of the augmented design w[A 1 b], K + 2 of
/// them. Memory: a triangle packed by columns, n (n + 1) / 2 doubles, or the raw rows.
class Factor {
public:
  /// No rows of n_cols columns.
  explicit Factor(Index n_cols = 0) : n_cols_(n_cols) {}

  /// Keeps fewer than n_cols rows as they are and triangularises more. Cost: triangularise().
  static Factor of_rows(Eigen::MatrixXd rows);
  /// The same for rows of one scale, whose order does not matter: at the speed of fold_in_place().
  static Factor of_alike_rows(Eigen::MatrixXd rows);
  /// Takes the upper triangle of a square matrix.
  static Factor of_triangle(const Eigen::Ref<const Eigen::MatrixXd>& triangle);
  /// Rebuilds what packed() gave.
  static Factor of_packed(Index n_rows, Index n_cols, std::vector<double> packed);

  Index n_rows() const noexcept { return n_rows_; }
  Index n_cols() const noexcept { return n_cols_; }
  bool is_empty() const noexcept { return n_rows_ == 0; }
  bool is_triangular() const noexcept { return n_rows_ > 0 && n_rows_ == n_cols_; }
  const std::vector<double>& packed() const noexcept { return packed_; }

  /// Number of doubles that packed() has for this many rows and columns.
  static Index packed_size(Index n_rows, Index n_cols);

  /// Times a scale, n_rows x n_cols, zeros below the diagonal of a triangle.
  Eigen::MatrixXd dense(double scale = 1.0) const;

private:
  Index n_rows_ = 0;
  Index n_cols_ = 0;
  std::vector<double> packed_;
};

/// How the rows of two factors compare in size.
enum class RowScales {
  alike,      ///< one cell: any order is safe, and the fastest is taken
  decreasing  ///< the heavier rows are on top, and must stay there or the lighter ones lose their digits
};

/// The factor of the rows of both, each multiplied by its scale. Fewer rows than columns stay as they are.
///
/// Cost: (2/3) n^3 flops for two triangles, 2 m n^2 for m raw rows below a triangle. Local.
Factor merge(const Factor& top, double top_scale, const Factor& bottom, double bottom_scale,
             RowScales scales = RowScales::decreasing);

/// Factor times a scale.
Factor scaled(const Factor& factor, double scale);

}  // namespace tallfit::compress
