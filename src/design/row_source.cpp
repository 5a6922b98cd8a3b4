#include "tallfit/design/row_source.hpp"

#include <array>

namespace tallfit::design {

std::string_view to_string(RowType type) {
  static constexpr std::array<std::string_view, n_row_types> names = {"energy", "force", "stress", "other"};
  return names.at(static_cast<std::size_t>(type));
}

const double* RowSource::features_in_memory(Index, Index) const { return nullptr; }

void RowLabels::resize(Index n) {
  const auto size = static_cast<std::size_t>(n);
  type.resize(size);
  configuration.resize(size);
  group.resize(size);
  testing.resize(size);
  target.resize(size);
  scale.resize(size);
}

}  // namespace tallfit::design
