#include "tallfit/app/sweep.hpp"

#include <charconv>
#include <cmath>
#include <system_error>

#include "tallfit/base/numeric.hpp"

namespace tallfit::app {

namespace {

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::optional<double> number(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

/// The numbers between the brackets of NAME(x, y, ...).
std::optional<std::vector<double>> arguments(std::string_view text, std::string_view name) {
  text = trimmed(text);
  if (!text.starts_with(name) || !text.ends_with(')')) return std::nullopt;
  text = trimmed(text.substr(name.size(), text.size() - name.size() - 1));
  if (!text.starts_with('(')) return std::nullopt;
  text.remove_prefix(1);
  std::vector<double> numbers;
  for (std::size_t comma = 0; comma != std::string_view::npos;) {
    comma = text.find(',');
    const auto one = number(text.substr(0, comma));
    if (!one) return std::nullopt;
    numbers.push_back(*one);
    if (comma != std::string_view::npos) text.remove_prefix(comma + 1);
  }
  return numbers;
}

}  // namespace

std::optional<std::vector<double>> parse_sweep(std::string_view text) {
  const bool is_log = trimmed(text).starts_with("log");
  const auto ends = arguments(text, is_log ? "logspace" : "linspace");
  constexpr double most = 1e6;
  if (!ends || ends->size() != 3) return std::nullopt;
  const double first = (*ends)[0];
  const double last = (*ends)[1];
  const double n = (*ends)[2];
  if (n != std::floor(n) || n < 1.0 || n > most) return std::nullopt;
  std::vector<double> values;
  for (Index i = 0; i < static_cast<Index>(n); ++i) {
    const auto at = static_cast<double>(i);
    const double x =
        n > 1.0 && at == n - 1.0 ? last : first + (n > 1.0 ? (last - first) * at / (n - 1.0) : 0.0);
    values.push_back(is_log ? std::pow(10.0, x) : x);
    if (!std::isfinite(values.back())) return std::nullopt;
  }
  return values;
}

}  // namespace tallfit::app
