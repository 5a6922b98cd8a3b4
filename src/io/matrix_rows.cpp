#include "matrix_rows.hpp"

#include <algorithm>

#include "tallfit/base/memory.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"

namespace tallfit::io {

namespace {

using linalg::BlockCyclicMatrix;
using linalg::CyclicAxis;
using RowMajor = Eigen::Map<Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;

/// Of @p count consecutive indices, the most that one rank owns.
Index most_owned(const CyclicAxis& axis, Index count) {
  const Index round = axis.block() * axis.ranks();
  return std::min(axis.largest_local_size(),
                  count / round * axis.block() + std::min(axis.block(), count % round));
}

}  // namespace

MatrixRows::MatrixRows(const BlockCyclicMatrix& a, Index memory_bytes)
    : process_row_(a.grid().comm().split(a.grid().my_row())),
      row_axis_(a.row_axis()),
      col_axis_(a.col_axis()),
      my_row_(a.grid().my_row()),
      my_col_(a.grid().my_col()) {
  if (a.rows() == 0 || a.cols() == 0) return;
  const Index ranks = col_axis_.ranks();
  const Index most = std::max<Index>(1, memory_bytes / 2 / double_bytes);
  tile_cols_ = std::min(most, a.cols());
  const Index most_cols = most_owned(col_axis_, tile_cols_);
  // Neither a rank's blocks of a tile nor its rows of it may exceed the buffer.
  tile_rows_ = std::min({most / most_cols, most / tile_cols_ * ranks, row_axis_.largest_local_size()});
  tiles_across_ = ceil_div(a.cols(), tile_cols_);
  n_tiles_ = ceil_div(row_axis_.largest_local_size(), tile_rows_) * tiles_across_;
  const Index size = std::max(tile_rows_ * most_cols, ceil_div(tile_rows_, ranks) * tile_cols_);
  comm::all_or_none(a.grid().comm(), [&] {
    values_.resize(static_cast<std::size_t>(size));
    spare_.resize(static_cast<std::size_t>(size));
  });
}

/// Where local indices lie in the matrix: the rest of a block, whole blocks, and the beginning of one.
std::vector<hdf5::Comb> MatrixRows::places(const CyclicAxis& axis, int rank, Range local) {
  if (local.count == 0) return {};
  if (axis.ranks() == 1) return {{.begin = local.begin, .size = local.count}};
  std::vector<hdf5::Comb> combs;
  const Index end = local.begin + local.count;
  for (Index at = local.begin; at < end;) {
    const Index in_block = at % axis.block();
    const Index whole = in_block == 0 ? (end - at) / axis.block() : 0;
    const Index size = whole > 0 ? axis.block() : std::min(axis.block() - in_block, end - at);
    const Index count = std::max<Index>(whole, 1);
    combs.push_back({.begin = axis.global_index(at, rank),
                     .size = size,
                     .count = count,
                     .stride = axis.block() * axis.ranks()});
    at += count * size;
  }
  return combs;
}

MatrixRows::Range MatrixRows::local_rows(Index tile) const {
  const Index size = row_axis_.local_size(my_row_);
  const Index begin = std::min(tile / tiles_across_ * tile_rows_, size);
  return {.begin = begin, .count = std::min(tile_rows_, size - begin)};
}

MatrixRows::Range MatrixRows::cols(Index tile) const {
  const Index begin = tile % tiles_across_ * tile_cols_;
  return {.begin = begin, .count = std::min(tile_cols_, col_axis_.size() - begin)};
}

MatrixRows::Range MatrixRows::local_cols(Range of_all, int rank) const {
  const Index begin = col_axis_.count_before(of_all.begin, rank);
  return {.begin = begin, .count = col_axis_.count_before(of_all.begin + of_all.count, rank) - begin};
}

/// The rows that a rank of the process row gets.
MatrixRows::Range MatrixRows::share(Range of_all, int rank) const {
  const Index each = ceil_div(of_all.count, col_axis_.ranks());
  const Index first = std::min(each * rank, of_all.count);
  return {.begin = of_all.begin + first, .count = std::min(each, of_all.count - first)};
}

hdf5::Entries MatrixRows::entries(Index tile) const {
  return {.rows = places(row_axis_, my_row_, share(local_rows(tile), my_col_)),
          .first_col = cols(tile).begin,
          .n_cols = cols(tile).count};
}

/// How many of my values go to, or come from, each rank of the process row: my columns of its rows.
std::vector<Index> MatrixRows::of_blocks(Index tile) const {
  std::vector<Index> counts;
  counts.reserve(static_cast<std::size_t>(col_axis_.ranks()));
  const Index n_cols = local_cols(cols(tile), my_col_).count;
  for (int rank = 0; rank < col_axis_.ranks(); ++rank)
    counts.push_back(share(local_rows(tile), rank).count * n_cols);
  return counts;
}

/// The same of my rows: the columns of each.
std::vector<Index> MatrixRows::of_rows(Index tile) const {
  std::vector<Index> counts;
  counts.reserve(static_cast<std::size_t>(col_axis_.ranks()));
  const Index n_rows = share(local_rows(tile), my_col_).count;
  for (int rank = 0; rank < col_axis_.ranks(); ++rank)
    counts.push_back(n_rows * local_cols(cols(tile), rank).count);
  return counts;
}

/// Calls visit(in messages, in rows, count) for adjacent columns of this rank's rows: messages hold the
/// columns of one rank after those of another.
template <class Visit>
void MatrixRows::for_each_run(Index tile, const Visit& visit) const {
  const Range all = cols(tile);
  const Index n_rows = share(local_rows(tile), my_col_).count;
  Index at = 0;
  for (int rank = 0; rank < col_axis_.ranks(); ++rank) {
    const std::vector<hdf5::Comb> combs = places(col_axis_, rank, local_cols(all, rank));
    for (Index row = 0; row < n_rows; ++row) {
      for (const hdf5::Comb& comb : combs) {
        for (Index k = 0; k < comb.count; ++k) {
          visit(at, row * all.count + comb.begin + k * comb.stride - all.begin, comb.size);
          at += comb.size;
        }
      }
    }
  }
}

void MatrixRows::take(const BlockCyclicMatrix& a, Index tile) {
  const Range rows = local_rows(tile);
  const Range mine = local_cols(cols(tile), my_col_);
  // Row by row, what goes to one rank is in one piece.
  RowMajor(values_.data(), rows.count, mine.count) =
      a.local().block(rows.begin, mine.begin, rows.count, mine.count);
  comm::all_to_all(process_row_, values_, of_blocks(tile), spare_, of_rows(tile));
  for_each_run(tile, [&](Index message, Index row, Index count) {
    std::copy_n(spare_.begin() + message, count, values_.begin() + row);
  });
}

void MatrixRows::give(Index tile, BlockCyclicMatrix& a) {
  for_each_run(tile, [&](Index message, Index row, Index count) {
    std::copy_n(values_.begin() + row, count, spare_.begin() + message);
  });
  comm::all_to_all(process_row_, spare_, of_rows(tile), values_, of_blocks(tile));
  const Range rows = local_rows(tile);
  const Range mine = local_cols(cols(tile), my_col_);
  a.local().block(rows.begin, mine.begin, rows.count, mine.count) =
      RowMajor(values_.data(), rows.count, mine.count);
}

}  // namespace tallfit::io
