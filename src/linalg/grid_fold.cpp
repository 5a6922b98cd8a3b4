#include "tallfit/linalg/grid_fold.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "exchange_chunk.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/base/memory.hpp"
#include "tallfit/comm/exchange.hpp"

namespace tallfit::linalg {

namespace {

/// A multiple of the chunk.
Index slot_rows(Index n_cols, Index rows_per_rank) {
  const Index chunk = detail::chunk_rows(n_cols, rows_per_rank);
  return ceil_div(rows_per_rank, chunk) * chunk;
}

/// Of a row of the grid.
Index panel_rows(int grid_cols, Index n_cols, Index rows_per_rank) {
  return slot_rows(n_cols, rows_per_rank) * grid_cols;
}

/// Rows that are row-major, and where their columns go.
struct RowsOf {
  const double* data;
  Index count;
  Index n_cols;
};
struct ColumnsTo {
  double* data;
  Index stride;
};

/// Copies the columns of one rank of a row of the grid; a cache line of a row at a time.
void transpose(const RowsOf& rows, const CyclicAxis& axis, int rank, const ColumnsTo& to) {
  constexpr Index together = 8;
  const Index width = axis.local_size(rank);
  for (Index first = 0; first < width; first += together) {
    const Index n = std::min(together, width - first);
    std::array<Index, together> from{};
    for (Index j = 0; j < n; ++j) from[static_cast<std::size_t>(j)] = axis.global_index(first + j, rank);
    for (Index i = 0; i < rows.count; ++i) {
      const double* row = rows.data + i * rows.n_cols;
      for (Index j = 0; j < n; ++j)
        to.data[(first + j) * to.stride + i] = row[from[static_cast<std::size_t>(j)]];
    }
  }
}

}  // namespace

GridFold::GridFold(const ProcessGrid& grid, Index n_cols, Index rows_per_rank, Index block, FoldedInto into)
    : into_(into),
      chunk_(detail::chunk_rows(n_cols, rows_per_rank)),
      row_(grid.comm().split(grid.my_row())),
      r_(grid, n_cols, n_cols, block),
      panel_(grid, n_cols, panel_rows(grid.cols(), n_cols, rows_per_rank), block) {}

Index GridFold::factor_bytes(int grid_rows, int grid_cols, Index n_cols, Index block) {
  const MatrixShape factor{n_cols, n_cols, grid_rows, grid_cols, block};
  return double_bytes * factor.local_rows() * factor.local_cols();
}

Index GridFold::panel_bytes(int grid_rows, int grid_cols, Index n_cols, Index rows_per_rank, Index block) {
  return FoldPanel::bytes(grid_rows, grid_cols, n_cols, panel_rows(grid_cols, n_cols, rows_per_rank), block);
}

bool GridFold::is_countable(int grid_rows, int grid_cols, Index n_cols, Index rows_per_rank, Index block) {
  const MatrixShape factor{n_cols, n_cols, grid_rows, grid_cols, block};
  const MatrixShape panel = FoldPanel::shape(factor, panel_rows(grid_cols, n_cols, rows_per_rank));
  return linalg::is_countable(factor) && linalg::is_countable(panel) && qr_workspace(panel) <= most_counted;
}

Index GridFold::exchange_bytes(Index n_cols, Index rows_per_rank) {
  return 3 * double_bytes * detail::chunk_rows(n_cols, rows_per_rank) * n_cols;
}

void GridFold::append(std::span<const double> rows) {
  const Index n = r_.cols();
  const Index count = n > 0 ? static_cast<Index>(rows.size()) / n : 0;
  require(count <= chunk_, ErrorKind::bug, "{} rows appended at once; at most {} are taken", count, chunk_);
  const CyclicAxis& columns = r_.col_axis();
  std::vector<Index> to_each;
  std::vector<double> sent(static_cast<std::size_t>(chunk_ * n));
  double* next = sent.data();
  for (int col = 0; col < r_.grid().cols(); ++col) {
    const Index width = columns.local_size(col);
    to_each.push_back(chunk_ * width);
    transpose({rows.data(), count, n}, columns, col, {next, chunk_});
    next += chunk_ * width;
  }
  const auto part = static_cast<std::size_t>(chunk_ * r_.local_cols());
  std::vector<double> received;
  if (row_.size() == 1) {
    received.swap(sent);
  } else {
    received.resize(to_each.size() * part);
    const std::vector<Index> from_each(to_each.size(), chunk_ * r_.local_cols());
    comm::all_to_all(row_, sent, to_each, received, from_each);
  }
  const Index most = static_cast<Index>(to_each.size()) * chunk_;
  for (std::size_t col = 0; col < to_each.size(); ++col)
    panel_.append(Eigen::Map<const Eigen::MatrixXd>(received.data() + col * part, chunk_, r_.local_cols()));
  if (panel_.free_rows() < most) fold();
}

void GridFold::fold() {
  if (into_ == FoldedInto::triangle)
    panel_.fold_into(r_);
  else
    panel_.add_gram_to(r_);
}

BlockCyclicMatrix GridFold::finish() {
  fold();
  return std::move(r_);
}

}  // namespace tallfit::linalg
