#include "tallfit/design/sparse_rows.hpp"

#include <algorithm>

namespace tallfit::design {

void SparseRows::clear(Index cols) {
  n_cols = cols;
  begin.assign(1, 0);
  column.clear();
  value.clear();
}

void scatter(const SparseRows& rows, double* features) {
  std::fill_n(features, rows.n_rows() * rows.n_cols, 0.0);
  for (Index i = 0; i < rows.n_rows(); ++i) {
    const auto end = static_cast<std::size_t>(rows.begin[static_cast<std::size_t>(i) + 1]);
    for (auto k = static_cast<std::size_t>(rows.begin[static_cast<std::size_t>(i)]); k < end; ++k)
      features[i * rows.n_cols + rows.column[k]] = rows.value[k];
  }
}

}  // namespace tallfit::design
