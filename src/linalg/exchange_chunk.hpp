/// How many rows travel at once.
#pragma once

#include <algorithm>

#include "tallfit/base/memory.hpp"

namespace tallfit::linalg::detail {

/// Rows that a rank sends at once: equal parts of about 2 MiB.
inline Index chunk_rows(Index n_cols, Index rows_per_rank) {
  constexpr Index chunk_bytes = Index{2} << 20U;
  const Index most = std::max<Index>(1, chunk_bytes / (double_bytes * std::max<Index>(1, n_cols)));
  return ceil_div(rows_per_rank, ceil_div(rows_per_rank, most));
}

}  // namespace tallfit::linalg::detail
