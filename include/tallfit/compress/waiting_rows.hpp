/// Rows of a cell on their way into tiles.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "tallfit/linalg/row_tiles.hpp"

namespace tallfit::compress {

/// Consecutive rows of K features.
struct RowRun {
  const double* features;
  std::span<const double> scales;
  std::span<const double> targets;
  std::span<const double> ones;  ///< empty: 1 for every row
};

/// Appends w [a 1 b] of each row, or w [a ones b]: K + 2 columns.
void append_in_place(linalg::RowTiles& tiles, const RowRun& run);

/// Rows in memory that are left where they are until there are enough to fold: copies of those of many cells
/// leave the cache before they are folded, and come back.
class WaitingRows {
public:
  void add(const RowRun& run);
  /// Appends all to the tiles; none wait from then on.
  void move_to(linalg::RowTiles& tiles);
  Index n_rows() const { return static_cast<Index>(scales_.size()); }

private:
  std::vector<std::pair<const double*, Index>> runs_;
  std::vector<double> scales_;
  std::vector<double> targets_;
  std::vector<double> ones_;
};

}  // namespace tallfit::compress
