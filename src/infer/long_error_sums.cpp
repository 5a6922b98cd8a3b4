#include "tallfit/infer/long_error_sums.hpp"

#include <algorithm>
#include <cmath>

namespace tallfit::infer {

void LongErrorSums::add(double weighted_error, double weighted_target, double scale) {
  const double size = std::abs(weighted_error);
  const double plain = size / scale;
  targets.add(weighted_target / scale, scale);
  absolute = absolute + plain;
  squares = squares + exact_product(plain, plain);
  largest = std::max(largest, plain);
  weighted_absolute = weighted_absolute + size;
  weighted_squares = weighted_squares + exact_product(size, size);
  weighted_largest = std::max(weighted_largest, size);
}

void LongErrorSums::add(const LongErrorSums& other) {
  targets.add(other.targets);
  absolute = absolute + other.absolute;
  squares = squares + other.squares;
  weighted_absolute = weighted_absolute + other.weighted_absolute;
  weighted_squares = weighted_squares + other.weighted_squares;
  largest = std::max(largest, other.largest);
  weighted_largest = std::max(weighted_largest, other.weighted_largest);
}

estimate::ErrorSums LongErrorSums::rounded() const {
  estimate::ErrorSums sums;
  sums.targets = targets;
  // The last of 32 digits depend on the order of a sum.
  for (DoubleDouble* sum : {&sums.targets.t, &sums.targets.tt, &sums.targets.wt, &sums.targets.wtt})
    sum->low = static_cast<double>(static_cast<float>(sum->low));
  sums.absolute = absolute.value();
  sums.squares = squares.value();
  sums.largest = largest;
  sums.weighted_absolute = weighted_absolute.value();
  sums.weighted_squares = weighted_squares.value();
  sums.weighted_largest = weighted_largest;
  return sums;
}

}  // namespace tallfit::infer
