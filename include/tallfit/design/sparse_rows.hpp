/// Rows of which only the entries that are stored are kept.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tallfit/base/numeric.hpp"

namespace tallfit::design {

/// Compressed rows (CSR): row i has the entries [begin[i], begin[i + 1]). Columns increase within a row, so
/// that none comes twice; a stored value may be 0.
struct SparseRows {
  Index n_cols = 0;
  std::vector<Index> begin{0};       ///< length n_rows() + 1
  std::vector<std::int32_t> column;  ///< 0 <= column < n_cols, length n_entries()
  std::vector<double> value;         ///< length n_entries()

  Index n_rows() const { return static_cast<Index>(begin.size()) - 1; }
  Index n_entries() const { return static_cast<Index>(value.size()); }

  /// Leaves no row; keeps the memory.
  void clear(Index cols);
  void add(Index at_column, double entry) {
    column.push_back(static_cast<std::int32_t>(at_column));
    value.push_back(entry);
  }
  /// What was added since the last row is a row.
  void end_row() { begin.push_back(n_entries()); }
};

/// Writes the rows to n_rows() x n_cols numbers, row-major: 0 where no entry is stored. Local.
void scatter(const SparseRows& rows, double* features);
/// The same of rows [begin, begin + count).
void scatter(const SparseRows& rows, Index begin, Index count, double* features);

/// Sorts the entries of one row by column; entries of the same column keep their order. Local.
void sort_row_in_place(std::span<std::int32_t> columns, std::span<double> values);

}  // namespace tallfit::design
