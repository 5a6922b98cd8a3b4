#include "tallfit/design/sparse_rows.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace tallfit::design {

void SparseRows::clear(Index cols) {
  n_cols = cols;
  begin.assign(1, 0);
  column.clear();
  value.clear();
}

void scatter(const SparseRows& rows, double* features) { scatter(rows, 0, rows.n_rows(), features); }

void scatter(const SparseRows& rows, Index begin, Index count, double* features) {
  std::fill_n(features, count * rows.n_cols, 0.0);
  for (Index i = 0; i < count; ++i) {
    const auto row = static_cast<std::size_t>(begin + i);
    const auto end = static_cast<std::size_t>(rows.begin[row + 1]);
    for (auto k = static_cast<std::size_t>(rows.begin[row]); k < end; ++k)
      features[i * rows.n_cols + rows.column[k]] = rows.value[k];
  }
}

void sort_row_in_place(std::span<std::int32_t> columns, std::span<double> values) {
  if (std::is_sorted(columns.begin(), columns.end())) return;
  std::vector<std::pair<std::int32_t, double>> entries;
  entries.reserve(columns.size());
  for (std::size_t k = 0; k < columns.size(); ++k) entries.emplace_back(columns[k], values[k]);
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t k = 0; k < columns.size(); ++k) std::tie(columns[k], values[k]) = entries[k];
}

}  // namespace tallfit::design
