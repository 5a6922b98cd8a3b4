#include "row_checksum.hpp"

#include <bit>
#include <cmath>

namespace tallfit::io {

void RowChecksum::add(std::span<const double> values) {
  constexpr std::uint64_t any_nan = 0x7FF8000000000000ULL;
  for (const double v : values) add_word(std::isnan(v) ? any_nan : std::bit_cast<std::uint64_t>(v));
}

void RowChecksum::add(const design::RowLabels& labels) {
  add(labels.target);
  add(labels.scale);
  for (std::size_t i = 0; i < labels.target.size(); ++i) {
    add_word(static_cast<std::uint64_t>(labels.type[i]) | std::uint64_t{labels.testing[i]} << 8U |
             std::uint64_t{labels.group[i]} << 16U);
    add_word(labels.configuration[i]);
  }
}

void RowChecksum::add(const design::SparseRows& rows) {
  for (const Index bound : rows.begin) add_word(static_cast<std::uint64_t>(bound));
  for (const std::int32_t column : rows.column) add_word(static_cast<std::uint64_t>(column));
  add(rows.value);
}

}  // namespace tallfit::io
