/// Rows on which engines are compared: everything that may be forgotten differs from row to row.
#pragma once

#include <cmath>
#include <memory>

#include "support/table_source.hpp"

namespace tallfit::support {

/// Rows with tests among them, rows of weight 0, weights over two decades and columns over six.
inline std::unique_ptr<TableSource> uneven_rows(Index n_rows, Index n_cols) {
  auto table = std::make_unique<TableSource>(n_rows, n_cols, 2);
  fill_randomly(*table, 7);
  for (std::size_t i = 0; i < static_cast<std::size_t>(n_rows); ++i) {
    table->labels.testing[i] = table->labels.configuration[i] % 5 == 0 ? 1 : 0;
    table->labels.scale[i] = i % 17 == 0 ? 0.0 : (i % 3 == 0 ? 10.0 : 0.1);
    table->labels.target[i] += 3.0;
  }
  for (Index j = 0; j < n_cols; ++j)
    table->features.col(j) *= std::pow(10.0, 3.0 - 0.75 * static_cast<double>(j));
  return table;
}

}  // namespace tallfit::support
