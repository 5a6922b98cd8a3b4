/// Values of a key that are tried one after the other.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallfit::app {

/// What a sweep goes through; none: the key has its one value.
struct Sweep {
  std::vector<double> values;
  std::string text;  ///< as "logspace(-8, 4, 60)"; empty for a list

  bool is_given() const { return !values.empty(); }
};

/// Reads "logspace(a, b, n)", n numbers from 10^a to 10^b whose ratios are equal, or "linspace(a, b, n)", n
/// numbers from a to b whose differences are equal: both ends included, 1 <= n <= 10^6, the end b alone
/// left out where n = 1.
/// @return nothing for any other text and for values that are not finite
std::optional<std::vector<double>> parse_sweep(std::string_view text);

}  // namespace tallfit::app
