/// Sums of errors whose bits do not depend on the order of the rows.
#pragma once

#include "tallfit/base/double_double.hpp"
#include "tallfit/estimate/metrics.hpp"

namespace tallfit::infer {

/// estimate::ErrorSums in 32 digits, of which 16 come out: what the order of a sum changes is below them.
struct LongErrorSums {
  compress::TargetSums targets;
  DoubleDouble absolute, squares, weighted_absolute, weighted_squares;
  double largest = 0.0, weighted_largest = 0.0;

  /// @param weighted_error  w (b - prediction)
  /// @param weighted_target  w b
  void add(double weighted_error, double weighted_target, double scale);
  void add(const LongErrorSums& other);
  estimate::ErrorSums rounded() const;
};

}  // namespace tallfit::infer
