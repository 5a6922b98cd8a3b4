/// A checksum of rows, to compare what was sent to a file with what comes back from it.
#pragma once

#include <cstdint>
#include <span>

#include "tallfit/design/row_source.hpp"

namespace tallfit::io {

/// Order-dependent sum of the values added; all NaNs count alike. About 1 ns a value.
class RowChecksum {
public:
  void add(std::span<const double> values);
  void add(const design::RowLabels& labels);
  void add(const design::SparseRows& rows);
  bool operator==(const RowChecksum&) const = default;

private:
  void add_word(std::uint64_t word) { sum_ = (sum_ ^ word) * 0x9E3779B97F4A7C15ULL + (sum_ >> 29U); }

  std::uint64_t sum_ = 0;
};

}  // namespace tallfit::io
