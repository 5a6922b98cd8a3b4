#include "matrix_lines.hpp"

#include <algorithm>
#include <numeric>

#include "tallfit/base/memory.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"

namespace tallfit::io {

using linalg::BlockCyclicMatrix;

MatrixLines::MatrixLines(const BlockCyclicMatrix& a, Kind kind, Index memory_bytes)
    : kind_(kind),
      grid_(a.grid()),
      line_axis_(kind == Kind::columns ? a.col_axis() : a.row_axis()),
      entry_axis_(kind == Kind::columns ? a.row_axis() : a.col_axis()) {
  if (a.rows() == 0 || a.cols() == 0) return;
  constexpr Index buffers = 3;
  const int ranks = grid_.comm().size();
  lines_each_ = std::clamp<Index>(memory_bytes / buffers / double_bytes / entry_axis_.size(), 1,
                                  ceil_div(line_axis_.size(), ranks));
  n_steps_ = ceil_div(line_axis_.size(), lines_each_ * ranks);
  Index most = 0;
  for (Index step = 0; step < n_steps_; ++step) {
    const std::vector<Index> counts = counts_of_blocks(step);
    most = std::max(most, std::accumulate(counts.begin(), counts.end(), Index{0}));
  }
  comm::all_or_none(grid_.comm(), [&] {
    values_.resize(static_cast<std::size_t>(lines_each_ * entry_axis_.size()));
    pieces_.resize(values_.size());
    blocks_.resize(static_cast<std::size_t>(most));
  });
}

MatrixLines::Range MatrixLines::lines_of(Index step, int rank) const {
  const Index begin = std::min((step * grid_.comm().size() + rank) * lines_each_, line_axis_.size());
  return {.begin = begin, .count = std::min(lines_each_, line_axis_.size() - begin)};
}

MatrixLines::Range MatrixLines::local_lines(Range of_all, int line_rank) const {
  const Index begin = line_axis_.count_before(of_all.begin, line_rank);
  return {.begin = begin, .count = line_axis_.count_before(of_all.begin + of_all.count, line_rank) - begin};
}

int MatrixLines::line_rank(int rank) const {
  return kind_ == Kind::columns ? rank % grid_.cols() : rank / grid_.cols();
}

int MatrixLines::entry_rank(int rank) const {
  return kind_ == Kind::columns ? rank / grid_.cols() : rank % grid_.cols();
}

std::vector<Index> MatrixLines::counts_of_blocks(Index step) const {
  const int me = grid_.comm().rank();
  std::vector<Index> counts;
  counts.reserve(static_cast<std::size_t>(grid_.comm().size()));
  for (int rank = 0; rank < grid_.comm().size(); ++rank) {
    counts.push_back(local_lines(lines_of(step, rank), line_rank(me)).count *
                     entry_axis_.local_size(entry_rank(me)));
  }
  return counts;
}

std::vector<Index> MatrixLines::counts_of_pieces(Index step) const {
  std::vector<Index> counts;
  counts.reserve(static_cast<std::size_t>(grid_.comm().size()));
  for (int rank = 0; rank < grid_.comm().size(); ++rank) {
    counts.push_back(local_lines(mine(step), line_rank(rank)).count *
                     entry_axis_.local_size(entry_rank(rank)));
  }
  return counts;
}

/// Calls visit(in blocks, local line, local entry) for my entries of the lines of each rank in turn.
template <class Visit>
void MatrixLines::for_each_block(Index step, const Visit& visit) const {
  const int me = grid_.comm().rank();
  const Index n_entries = entry_axis_.local_size(entry_rank(me));
  std::size_t at = 0;
  for (int rank = 0; rank < grid_.comm().size(); ++rank) {
    const Range lines = local_lines(lines_of(step, rank), line_rank(me));
    for (Index line = lines.begin; line < lines.begin + lines.count; ++line)
      for (Index entry = 0; entry < n_entries; ++entry) visit(at++, line, entry);
  }
}

/// Calls visit(in pieces, in values) for what each rank has of my lines.
template <class Visit>
void MatrixLines::for_each_piece(Index step, const Visit& visit) const {
  std::size_t at = 0;
  for (int rank = 0; rank < grid_.comm().size(); ++rank) {
    const Range lines = local_lines(mine(step), line_rank(rank));
    const Index n_entries = entry_axis_.local_size(entry_rank(rank));
    for (Index line = lines.begin; line < lines.begin + lines.count; ++line) {
      const Index first = (line_axis_.global_index(line, line_rank(rank)) - mine(step).begin) * line_length();
      for (Index entry = 0; entry < n_entries; ++entry, ++at)
        visit(at, static_cast<std::size_t>(first + entry_axis_.global_index(entry, entry_rank(rank))));
    }
  }
}

void MatrixLines::take(const BlockCyclicMatrix& a, Index step) {
  for_each_block(step, [&](std::size_t at, Index line, Index entry) {
    blocks_[at] = kind_ == Kind::columns ? a.at_local(entry, line) : a.at_local(line, entry);
  });
  comm::all_to_all(grid_.comm(), blocks_, counts_of_blocks(step), pieces_, counts_of_pieces(step));
  for_each_piece(step, [&](std::size_t at, std::size_t value) { values_[value] = pieces_[at]; });
}

void MatrixLines::give(Index step, BlockCyclicMatrix& a) {
  for_each_piece(step, [&](std::size_t at, std::size_t value) { pieces_[at] = values_[value]; });
  comm::all_to_all(grid_.comm(), pieces_, counts_of_pieces(step), blocks_, counts_of_blocks(step));
  for_each_block(step, [&](std::size_t at, Index line, Index entry) {
    (kind_ == Kind::columns ? a.at_local(entry, line) : a.at_local(line, entry)) = blocks_[at];
  });
}

}  // namespace tallfit::io
