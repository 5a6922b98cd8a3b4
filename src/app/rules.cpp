#include <fmt/format.h>

#include "section_keys.hpp"

namespace tallfit::app {

Rule at_least(double low) {
  return {fmt::format(">= {}", low), [=](double x) { return x >= low; }};
}

Rule more_than(double low) {
  return {fmt::format("> {}", low), [=](double x) { return x > low; }};
}

Rule from_to(double low, double high) {
  return {fmt::format("from {} to {}", low, high), [=](double x) { return x >= low && x <= high; }};
}

Rule between(double low, double high) {
  return {fmt::format("> {} and < {}", low, high), [=](double x) { return x > low && x < high; }};
}

Rule fraction_below_one() {
  return {">= 0 and < 1", [](double x) { return x >= 0.0 && x < 1.0; }};
}

Rule none_or_at_least_two() {
  return {"0 or >= 2", [](double x) { return x == 0.0 || x >= 2.0; }};
}

Rule zero_or_one() {
  return {"0 or 1", [](double x) { return x == 0.0 || x == 1.0; }};
}

}  // namespace tallfit::app
