#include "tallfit/linalg/grid_folds.hpp"

#include <algorithm>
#include <numeric>
#include <span>

#include "exchange_chunk.hpp"

#include "tallfit/base/memory.hpp"
#include "tallfit/comm/exchange.hpp"

namespace tallfit::linalg {

namespace {

Index local_panel_rows(int grid_cols, Index rows_per_rank) {
  return std::max<Index>(1, rows_per_rank) * grid_cols;
}

/// Row i of rank s goes to row (s + i) mod P of the grid: however many rows each rank brings at once, none of
/// them sends or receives much more than it would of equal numbers.
/// @return how many of the first @p count rows of a rank go to a row of the grid
Index dealt_before(Index count, int rank, int grid_row, int grid_rows) {
  const Index first = (grid_row - rank % grid_rows + grid_rows) % grid_rows;
  return count > first ? (count - first - 1) / grid_rows + 1 : 0;
}

/// Rows of the fullest row of the grid when no rank brings more than @p most.
Index fullest(const std::vector<Index>& rows, Index most, int grid_rows) {
  Index everywhere = 0;
  std::vector<Index> steps(static_cast<std::size_t>(grid_rows) + 1, 0);  // of what is above that
  for (std::size_t rank = 0; rank < rows.size(); ++rank) {
    const Index count = std::min(rows[rank], most);
    everywhere += count / grid_rows;
    const Index begin = static_cast<Index>(rank) % grid_rows;
    const Index end = begin + count % grid_rows;
    ++steps[static_cast<std::size_t>(begin)];
    --steps[static_cast<std::size_t>(std::min<Index>(end, grid_rows))];
    if (end <= grid_rows) continue;
    ++steps[0];
    --steps[static_cast<std::size_t>(end - grid_rows)];
  }
  Index above = 0;
  Index highest = 0;
  for (const Index step : steps) highest = std::max(highest, above += step);
  return everywhere + highest;
}

}  // namespace

GridFolds::GridFolds(const ProcessGrid& grid, Index n_cols, const std::vector<Index>& n_rows,
                     Index rows_per_rank, Index block)
    : chunk_(detail::chunk_rows(n_cols, std::max<Index>(1, rows_per_rank))),
      panel_(grid, n_cols, local_panel_rows(grid.cols(), rows_per_rank), block) {
  factors_.reserve(n_rows.size());
  for (const Index rows : n_rows) factors_.emplace_back(grid, std::min(rows, n_cols), n_cols, block);
}

Index GridFolds::factor_bytes(int grid_rows, int grid_cols, Index n_cols, Index n_rows, Index block) {
  return double_bytes * CyclicAxis(std::min(n_rows, n_cols), block, grid_rows).largest_local_size() *
         CyclicAxis(n_cols, block, grid_cols).largest_local_size();
}

Index GridFolds::panel_bytes(int grid_rows, int grid_cols, Index n_cols, Index rows_per_rank, Index block) {
  return FoldPanel::bytes(grid_rows, grid_cols, n_cols, local_panel_rows(grid_cols, rows_per_rank), block);
}

Index GridFolds::exchange_bytes(Index n_cols, Index rows_per_rank) {
  return 3 * double_bytes * detail::chunk_rows(n_cols, std::max<Index>(1, rows_per_rank)) * n_cols;
}

/// So that the panel takes them, wherever they come from: at least one, for it has a row for each rank.
Index GridFolds::most_of_each(const std::vector<Index>& rows) const {
  Index fits = 1;
  Index too_many = *std::max_element(rows.begin(), rows.end()) + 1;
  while (fits + 1 < too_many) {
    const Index middle = (fits + too_many) / 2;
    (fullest(rows, middle, panel_.grid().rows()) <= panel_.capacity() ? fits : too_many) = middle;
  }
  return fits;
}

Index GridFolds::fold(std::size_t set, Index my_rows, const std::function<const double*()>& next_row) {
  const comm::Communicator& comm = panel_.grid().comm();
  std::vector<Index> left(static_cast<std::size_t>(comm.size()), 0);
  left[static_cast<std::size_t>(comm.rank())] = my_rows;
  comm::sum_in_place(comm, left);
  const Index longest = *std::max_element(left.begin(), left.end());
  if (longest == 0) return 0;
  const Index each = std::min(longest, most_of_each(left));
  const Index n_panels = longest / each;
  for (Index panel = 0; panel < n_panels; ++panel) {
    for (Index round = 0; round * chunk_ < each; ++round) {
      std::vector<Index> now = left;
      for (Index& rows : now) rows = std::min({rows, chunk_, each - round * chunk_});
      deal(round, now, next_row);
      for (std::size_t rank = 0; rank < left.size(); ++rank) left[rank] -= now[rank];
    }
    panel_.fold_into(factors_[set]);
  }
  return std::accumulate(left.begin(), left.end(), Index{0});
}

/// Sends rows [round chunk, round chunk + rows[s]) of every rank s, counted from the last fold, into the
/// panel.
void GridFolds::deal(Index round, const std::vector<Index>& rows,
                     const std::function<const double*()>& next_row) {
  const ProcessGrid& grid = panel_.grid();
  const Index begin = round * chunk_;
  const auto dealt = [&](int rank, int grid_row) {
    const Index end = begin + rows[static_cast<std::size_t>(rank)];
    return dealt_before(end, rank, grid_row, grid.rows()) - dealt_before(begin, rank, grid_row, grid.rows());
  };
  const CyclicAxis columns(panel_.n_cols(), panel_.block(), grid.cols());
  const int me = grid.comm().rank();
  std::vector<Index> sent_counts;
  std::vector<Index> offsets = {0};  // of what each rank gets
  for (int rank = 0; rank < grid.comm().size(); ++rank) {
    sent_counts.push_back(dealt(me, rank / grid.cols()) * columns.local_size(rank % grid.cols()));
    offsets.push_back(offsets.back() + sent_counts.back());
  }
  std::vector<double> sent(static_cast<std::size_t>(offsets.back()));
  for (Index i = 0; i < rows[static_cast<std::size_t>(me)]; ++i) {
    const double* row = next_row();
    const int to = static_cast<int>((me + begin + i) % grid.rows());
    const Index height = dealt(me, to);
    const Index at = dealt_before(begin + i, me, to, grid.rows()) - dealt_before(begin, me, to, grid.rows());
    for (int col = 0; col < grid.cols(); ++col) {
      double* part = sent.data() + offsets[static_cast<std::size_t>(grid.rank_of(to, col))] + at;
      for (Index j = 0; j < columns.local_size(col); ++j)
        part[j * height] = row[columns.global_index(j, col)];
    }
  }
  std::vector<Index> received_counts;
  Index total = 0;
  const Index width = columns.local_size(grid.my_col());
  for (int rank = 0; rank < grid.comm().size(); ++rank) {
    received_counts.push_back(dealt(rank, grid.my_row()) * width);
    total += received_counts.back();
  }
  std::vector<double> received(static_cast<std::size_t>(total));
  comm::all_to_all(grid.comm(), sent, sent_counts, received, received_counts);
  const double* next = received.data();
  for (int rank = 0; rank < grid.comm().size(); ++rank) {
    panel_.append(Eigen::Map<const Eigen::MatrixXd>(next, dealt(rank, grid.my_row()), width));
    next += received_counts[static_cast<std::size_t>(rank)];
  }
}

}  // namespace tallfit::linalg
