#include "tallfit/linalg/block_cyclic_matrix.hpp"

#include <algorithm>
#include <utility>

#include "tallfit/comm/collective_error.hpp"

namespace tallfit::linalg {

namespace {

// The limits are those of the largest local part, so every rank comes to the same verdict without asking.
void require_counts_fit(const comm::Communicator& comm, const MatrixShape& shape) {
  comm::require_replicated(
      comm, std::max({shape.rows, shape.cols, shape.block}) <= most_counted, ErrorKind::resource,
      "a {} x {} matrix in blocks of {} exceeds the 32-bit counts of ScaLAPACK (2^31 - 1)", shape.rows,
      shape.cols, shape.block);
  const Index entries = local_entries(shape);
  comm::require_replicated(comm, entries <= most_counted, ErrorKind::resource,
                           "a {} x {} matrix on a {} x {} grid puts {} entries on one rank, but ScaLAPACK "
                           "counts at most 2^31 - 1; use "
                           "more ranks (at least {})",
                           shape.rows, shape.cols, shape.grid_rows, shape.grid_cols, entries,
                           ceil_div(entries, most_counted) * shape.grid_rows * shape.grid_cols);
}

}  // namespace

BlockCyclicMatrix::BlockCyclicMatrix(ProcessGrid grid, Index rows, Index cols, Index block)
    : grid_(std::move(grid)), row_axis_(rows, block, grid_.rows()), col_axis_(cols, block, grid_.cols()) {
  require_counts_fit(grid_.comm(), shape());
  leading_dimension_ = padded_rows(local_rows());
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
