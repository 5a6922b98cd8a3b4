/// A set of rows, reduced to few rows without loss for least squares.
#pragma once

#include <Eigen/Core>

#include <memory>
#include <vector>

#include "tallfit/base/numeric.hpp"

namespace tallfit::compress {

/// The triangular factor of some rows, or, while there are few, the rows themselves.
///
/// For any vector x: ‖factor x‖ = ‖rows x‖. Columns are those of the augmented design w[A 1 b], K + 2 of
/// them. Values are shared, so that copies, unions of rows and multiples cost nothing. Memory: a triangle
/// packed by columns, n (n + 1) / 2 doubles, or the rows.
class Factor {
public:
  /// Values times a scale.
  struct Part {
    std::shared_ptr<const std::vector<double>> values;
    double scale = 1.0;
  };

  /// No rows of n_cols columns.
  explicit Factor(Index n_cols = 0) : n_cols_(n_cols) {}

  /// Keeps rows as they are, one after the other.
  static Factor of_rows(Index n_cols, std::vector<double> rows);
  /// Keeps an upper triangle that is packed by columns.
  static Factor of_triangle(Index n_cols, std::vector<double> packed);

  Index n_rows() const noexcept { return n_rows_; }
  Index n_cols() const noexcept { return n_cols_; }
  bool is_empty() const noexcept { return n_rows_ == 0; }
  bool is_triangular() const noexcept { return is_triangular_; }

  /// Of a triangle one part, else some rows each, in order.
  const std::vector<Part>& parts() const noexcept { return parts_; }
  /// What of_rows() or of_triangle() would take, in one piece. Cost: a copy, unless it is one part of
  /// scale 1.
  std::shared_ptr<const std::vector<double>> values() const;
  /// n_rows x n_cols, zeros below the diagonal of a triangle.
  Eigen::MatrixXd dense() const;

  friend Factor scaled(Factor factor, double scale);
  friend Factor stacked(Factor top, const Factor& bottom);

private:
  Index n_rows_ = 0;
  Index n_cols_ = 0;
  bool is_triangular_ = false;
  std::vector<Part> parts_;
};

/// A factor times a number. Cost: none.
Factor scaled(Factor factor, double scale);

/// The rows of two factors that are not triangular, one above the other. Cost: none.
Factor stacked(Factor top, const Factor& bottom);

/// How the rows of two factors compare in size.
enum class RowScales {
  alike,      ///< one cell: any order is safe, and the fastest is taken
  decreasing  ///< the heavier rows are on top, and must stay there or the lighter ones lose their digits
};

/// The factor of the rows of both: themselves as long as they are fewer than @p most_rows, else a triangle.
///
/// Cost: (2/3) n^3 flops for two triangles, which the open phase counts, 2 m n^2 for m rows below a triangle,
/// none for rows that stay. Local.
Factor merge(const Factor& top, const Factor& bottom, RowScales scales, Index most_rows);

/// The least that holds the rows: a triangle from n rows on. Cost: 2 n^2 (m - n/3) flops for m >= n rows.
/// Local.
Factor reduced(Factor factor, RowScales scales = RowScales::decreasing);

/// Doubles that reduced() leaves of so many rows.
Index reduced_size(Index n_rows, Index n_cols);

}  // namespace tallfit::compress
