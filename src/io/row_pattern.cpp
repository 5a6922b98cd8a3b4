#include "row_pattern.hpp"

#include "text_fields.hpp"

#include "tallfit/base/error.hpp"

namespace tallfit::io {

design::RowType RowPattern::type_of(Index offset, Index n_atoms) const {
  if (other) return design::RowType::other;
  if (energy && offset-- == 0) return design::RowType::energy;
  if (force && offset < 3 * n_atoms) return design::RowType::force;
  return design::RowType::stress;
}

std::string RowPattern::to_string() const {
  if (other) return "other";
  std::string text;
  if (energy) text += "energy,";
  if (force) text += "force,";
  if (stress) text += "stress,";
  if (!text.empty()) text.pop_back();
  return text;
}

RowPattern parse_row_pattern(const std::string& text) {
  RowPattern pattern;
  std::string_view rest = text;
  while (const auto field = next_field(rest, ',')) {
    const std::string_view name = trimmed(*field);
    if (name == "energy") pattern.energy = true;
    if (name == "force") pattern.force = true;
    if (name == "stress") pattern.stress = true;
    if (name == "other") pattern.other = true;
  }
  std::string canonical = text;
  std::erase(canonical, ' ');
  require(!text.empty() && pattern.to_string() == canonical, ErrorKind::input,
          "import.row_types = \"{}\" is not understood; expected \"energy,force,stress\", a part of it in "
          "this order, "
          "or \"other\"",
          text);
  return pattern;
}

std::vector<RowPattern> all_row_patterns() {
  std::vector<RowPattern> patterns;
  for (unsigned bits = 7; bits > 0; --bits)
    patterns.push_back({.energy = (bits & 4U) != 0, .force = (bits & 2U) != 0, .stress = (bits & 1U) != 0});
  return patterns;
}

}  // namespace tallfit::io
