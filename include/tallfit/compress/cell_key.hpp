/// What tells the cells of a compressed design apart.
#pragma once

#include <compare>
#include <limits>

#include "tallfit/base/double_double.hpp"
#include "tallfit/base/numeric.hpp"

namespace tallfit::compress {

/// Rows that a user may later want to treat apart: (group, row type, fold or test), split by decade of the
/// row scale where that varies by more than a decade. A part that a cell does not tell apart is `any`.
struct CellKey {
  static constexpr int any = -1;
  static constexpr int test = -2;  ///< value of fold for rows that are never fitted

  int group = any;
  int row_type = any;
  int fold = any;
  int decade = no_decade;

  static constexpr int no_decade = 1000;  ///< outside the decades of doubles

  bool is_test() const { return fold == test; }
  auto operator<=>(const CellKey&) const = default;
};

/// Counts and sums of the targets and scales of some rows with w > 0; exact enough to subtract from one
/// another.
struct TargetSums {
  Index count = 0;
  DoubleDouble t;    ///< sum of b
  DoubleDouble tt;   ///< sum of b^2
  DoubleDouble wt;   ///< sum of w b
  DoubleDouble wtt;  ///< sum of (w b)^2
  double min_scale = std::numeric_limits<double>::infinity();
  double max_scale = 0.0;

  void add(double target, double scale);
  void add(const TargetSums& other);

  /// The sums that the same rows have when their scales are multiplied.
  TargetSums scaled(double multiplier) const;

  bool has_one_scale() const { return min_scale == max_scale; }
};

}  // namespace tallfit::compress
