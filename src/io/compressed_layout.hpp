/// What the reader and the writer of compressed designs share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tallfit/compress/compressed_design.hpp"

namespace tallfit::io::cell_layout {

inline constexpr const char* version_attribute = "tallfit_compressed";
inline constexpr Index sums_per_cell = 10;  ///< four double-doubles and the extreme scales

/// What the file says of a cell beside its factor.
struct CellRow {
  std::vector<std::int32_t> key;
  std::vector<std::int64_t> sizes;  ///< rows behind the cell, rows of its factor, first entry of its factor
  std::vector<double> sums;
};

inline CellRow row_of(const compress::Cell& cell, Index factor_rows, Index offset) {
  const auto& s = cell.sums;
  return {.key = {cell.key.group, cell.key.row_type, cell.key.fold, cell.key.decade},
          .sizes = {s.count, factor_rows, offset},
          .sums = {s.t.high, s.t.low, s.tt.high, s.tt.low, s.wt.high, s.wt.low, s.wtt.high, s.wtt.low,
                   s.min_scale, s.max_scale}};
}

inline compress::Cell cell_of(const CellRow& row) {
  compress::Cell cell;
  cell.key = {.group = row.key[0], .row_type = row.key[1], .fold = row.key[2], .decade = row.key[3]};
  const std::vector<double>& s = row.sums;
  cell.sums = {.count = row.sizes[0],
               .t = {s[0], s[1]},
               .tt = {s[2], s[3]},
               .wt = {s[4], s[5]},
               .wtt = {s[6], s[7]},
               .min_scale = s[8],
               .max_scale = s[9]};
  return cell;
}

/// A factor has as many rows as its cell, up to its columns; so every rank knows the sizes of all.
inline Index factor_rows(const compress::CompressedDesign& design, const compress::Cell& cell) {
  return std::min(cell.sums.count, design.n_cols() + 2);
}

}  // namespace tallfit::io::cell_layout
