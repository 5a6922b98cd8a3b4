#include "tallfit/base/nearest_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace tallfit {

int edit_distance(std::string_view a, std::string_view b) {
  // Rows of the dynamic programme: distances of the first i letters of a to all beginnings of b. A swap looks
  // two rows back (optimal string alignment).
  std::vector<int> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before.swap(last);
    last.swap(row);
    row[0] = static_cast<int>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int substitution = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + substitution});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

std::string nearest_name(std::string_view name, std::span<const std::string> known) {
  std::string nearest;
  int least = 3;
  for (const std::string& candidate : known) {
    const int distance = edit_distance(name, candidate);
    if (distance < least && 2 * static_cast<std::size_t>(distance) <= candidate.size()) {
      nearest = candidate;
      least = distance;
    }
  }
  return nearest;
}

std::string did_you_mean(std::string_view name, std::span<const std::string> known) {
  const std::string nearest = nearest_name(name, known);
  return nearest.empty() ? "" : fmt::format(" Did you mean '{}'?", nearest);
}

}  // namespace tallfit
