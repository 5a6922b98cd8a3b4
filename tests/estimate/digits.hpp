/// Correct digits, counted against numbers that are exact to 31 digits.
#pragma once

#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "support/csv.hpp"

namespace tallfit::test {

/// The most that is counted: a double that is correctly rounded has 16 to 17.
inline constexpr double all_digits = 17.0;

/// NIST's LRE, -log10 of the relative error; of the absolute one where the truth is 0.
inline double correct_digits(double is, DoubleDouble truth) {
  const double error = std::abs((DoubleDouble(is) - truth).value());
  if (std::isnan(error)) return 0.0;
  const double size = truth.value() == 0.0 ? 1.0 : std::abs(truth.value());
  return error == 0.0 ? all_digits : std::clamp(-std::log10(error / size), 0.0, all_digits);
}

/// Of the worst entry.
inline double correct_digits(const Eigen::VectorXd& is, const std::vector<DoubleDouble>& truth) {
  double fewest = all_digits;
  for (std::size_t j = 0; j < truth.size(); ++j)
    fewest = std::min(fewest, correct_digits(is(static_cast<Index>(j)), truth[j]));
  return fewest;
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : 0.5 * (values[half - 1] + values[half]);
}

}  // namespace tallfit::test
