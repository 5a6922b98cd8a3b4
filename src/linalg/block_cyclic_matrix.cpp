#include "tallfit/linalg/block_cyclic_matrix.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "tallfit/comm/collective_error.hpp"

namespace tallfit::linalg {

namespace {

constexpr Index line = 8;    // doubles of a cache line
constexpr Index page = 512;  // doubles of a 4 KiB page

// Columns a whole number of pages apart share the sets of the cache and throw each other out.
Index padded(Index local_rows) {
  const Index lines = ceil_div(std::max<Index>(1, local_rows), line) * line;
  return lines % page == 0 ? lines + line : lines;
}

// The limits are those of the largest local part, so every rank comes to the same verdict without asking.
void require_counts_fit(const ProcessGrid& grid, const CyclicAxis& rows, const CyclicAxis& cols) {
  constexpr Index most = std::numeric_limits<int>::max();
  comm::require_replicated(
      grid.comm(), std::max({rows.size(), cols.size(), rows.block()}) <= most, ErrorKind::resource,
      "a {} x {} matrix in blocks of {} exceeds the 32-bit counts of ScaLAPACK (2^31 - 1)", rows.size(),
      cols.size(), rows.block());
  const Index entries = padded(rows.largest_local_size()) * std::max<Index>(1, cols.largest_local_size());
  comm::require_replicated(grid.comm(), entries <= most, ErrorKind::resource,
                           "a {} x {} matrix on a {} x {} grid puts {} entries on one rank, but ScaLAPACK "
                           "counts at most 2^31 - 1; use "
                           "more ranks (at least {})",
                           rows.size(), cols.size(), grid.rows(), grid.cols(), entries,
                           ceil_div(entries, most) * grid.rows() * grid.cols());
}

}  // namespace

BlockCyclicMatrix::BlockCyclicMatrix(ProcessGrid grid, Index rows, Index cols, Index block)
    : grid_(std::move(grid)), row_axis_(rows, block, grid_.rows()), col_axis_(cols, block, grid_.cols()) {
  require_counts_fit(grid_, row_axis_, col_axis_);
  leading_dimension_ = padded(local_rows());
  const auto narrow = [](Index value) { return static_cast<int>(value); };  // checked above
  constexpr int dense_type = 1;
  constexpr int source = 0;  // the rank, in each direction, that gets the first block
  descriptor_ = {dense_type,   grid_.context(), narrow(rows),
                 narrow(cols), narrow(block),   narrow(block),
                 source,       source,          narrow(leading_dimension_)};
  comm::all_or_none(grid_.comm(),
                    [&] { storage_.setZero(leading_dimension_, std::max<Index>(1, local_cols())); });
}

}  // namespace tallfit::linalg
