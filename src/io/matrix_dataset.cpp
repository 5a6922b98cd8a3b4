#include "matrix_dataset.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"

namespace tallfit::io {

namespace {

using hdf5::Comb;
using hdf5::Dataset;
using linalg::BlockCyclicMatrix;
using linalg::CyclicAxis;
using RowMajor = Eigen::Map<Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;

/// Consecutive local rows, or columns.
struct Range {
  Index begin;
  Index count;
};

/// Where local indices lie in the matrix: the rest of a block, whole blocks, and the beginning of one.
std::vector<Comb> places(const CyclicAxis& axis, int rank, Range range) {
  if (range.count == 0) return {};
  if (axis.ranks() == 1) return {{.begin = range.begin, .size = range.count}};
  std::vector<Comb> combs;
  const Index end = range.begin + range.count;
  for (Index at = range.begin; at < end;) {
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

/// The pieces in which local parts are transferred: as many on each rank, some of them smaller or empty where
/// a rank has less than the largest.
class Tiles {
public:
  Tiles(const BlockCyclicMatrix& a, Index bytes) : a_(a) {
    const Index most_rows = a.row_axis().largest_local_size();
    const Index most_cols = a.col_axis().largest_local_size();
    if (most_rows == 0 || most_cols == 0) return;
    const Index entries = std::max<Index>(1, bytes / static_cast<Index>(sizeof(double)));
    cols_ = std::min(entries, most_cols);
    rows_ = std::min(entries / cols_, most_rows);
    if (rows_ > a.block()) rows_ -= rows_ % a.block();  // whole blocks are the simplest selection
    across_ = ceil_div(most_cols, cols_);
    count_ = ceil_div(most_rows, rows_) * across_;
  }

  Index count() const noexcept { return count_; }
  /// Entries of the largest tile.
  std::size_t size() const noexcept { return static_cast<std::size_t>(rows_ * cols_); }

  hdf5::Entries entries(Index tile) const {
    return {.rows = places(a_.row_axis(), a_.grid().my_row(), rows(tile)),
            .cols = places(a_.col_axis(), a_.grid().my_col(), cols(tile))};
  }

  /// The part of a that a tile is. @p Matrix: a's type, const or not.
  template <class Matrix>
  auto part(Matrix& matrix, Index tile) const {
    const Range r = rows(tile);
    const Range c = cols(tile);
    return matrix.local().block(r.begin, c.begin, r.count, c.count);
  }

  /// The tile row by row, in a buffer of size().
  RowMajor in(std::vector<double>& buffer, Index tile) const {
    return {buffer.data(), rows(tile).count, cols(tile).count};
  }

private:
  static Range clipped(Index begin, Index count, Index size) {
    const Index first = std::min(begin, size);
    return {.begin = first, .count = std::min(begin + count, size) - first};
  }
  Range rows(Index tile) const { return clipped(tile / across_ * rows_, rows_, a_.local_rows()); }
  Range cols(Index tile) const { return clipped(tile % across_ * cols_, cols_, a_.local_cols()); }

  const BlockCyclicMatrix& a_;
  Index rows_ = 0;
  Index cols_ = 0;
  Index across_ = 1;
  Index count_ = 0;
};

std::string text_of(const std::vector<Index>& shape) {
  std::string text;
  for (const Index n : shape) text += (text.empty() ? "" : " x ") + std::to_string(n);
  return text;
}

std::string type_of(const Dataset& set) {
  switch (set.type_class()) {
    case hdf5::TypeClass::floating:
      return fmt::format("floating-point numbers of {} bytes", set.element_bytes());
    case hdf5::TypeClass::integer:
      return fmt::format("integers of {} bytes", set.element_bytes());
    case hdf5::TypeClass::string:
      return "text";
    default:
      return "objects of another type";
  }
}

Dataset open_matrix(const hdf5::File& file, const std::string& name) {
  Dataset set = Dataset::open(file, name);
  const bool doubles = set.type_class() == hdf5::TypeClass::floating &&
                       set.element_bytes() == static_cast<Index>(sizeof(double));
  require(doubles && set.shape().size() == 2, ErrorKind::input,
          "{} has shape {} and holds {}; expected a matrix, rows x columns, of doubles (8 bytes)",
          set.place(), text_of(set.shape()), type_of(set));
  return set;
}

/// Ranks open the file each for itself; where one sees another version of it, the matrix would be torn.
void require_same_shape(const Dataset& set, const comm::Communicator& comm) {
  const std::vector<Index>& mine = set.shape();
  std::vector<Index> of_root = mine;
  comm::broadcast(comm, of_root, 0);
  comm::all_or_none(comm, [&] {
    require(mine == of_root, ErrorKind::input,
            "{} is {} x {} for rank {}, but {} x {} for rank 0. Give all ranks the same file", set.place(),
            mine[0], mine[1], comm.rank(), of_root[0], of_root[1]);
  });
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b, Index count) {
  const auto bits = [](double value) { return std::bit_cast<std::uint64_t>(value); };
  return std::equal(a.begin(), a.begin() + count, b.begin(),
                    [&](double x, double y) { return bits(x) == bits(y); });
}

}  // namespace

void write_matrix(hdf5::File& file, const std::string& name, const BlockCyclicMatrix& a, Index tile_bytes) {
  const comm::Communicator& comm = a.grid().comm();
  comm::require_replicated(comm, file.sharing() == hdf5::Sharing::shared || a.grid().is_serial(),
                           ErrorKind::bug, "{}: {} ranks write '{}' to a file that they do not share",
                           file.path(), comm.size(), name);
  const Tiles tiles(a, tile_bytes);
  std::vector<double> buffer;
  comm::all_or_none(comm, [&] { buffer.resize(tiles.size()); });
  std::optional<Dataset> set;
  comm::all_or_none(comm, [&] { set.emplace(Dataset::create<double>(file, name, {a.rows(), a.cols()})); });
  for (Index i = 0; i < tiles.count(); ++i) {
    tiles.in(buffer, i) = tiles.part(a, i);
    // Agreed on each time: a rank that failed would be missed in the next transfer.
    comm::all_or_none(
        comm, [&] { set->write_entries(tiles.entries(i), buffer.data(), hdf5::Transfer::collective); });
  }
  comm::all_or_none(comm, [&] { set->close(); });
}

BlockCyclicMatrix read_matrix(const hdf5::File& file, const std::string& name,
                              const linalg::ProcessGrid& grid, Index block, Index tile_bytes) {
  std::optional<Dataset> set;
  comm::all_or_none(grid.comm(), [&] { set.emplace(open_matrix(file, name)); });
  require_same_shape(*set, grid.comm());
  BlockCyclicMatrix a(grid, set->shape()[0], set->shape()[1], block);
  comm::all_or_none(grid.comm(), [&] {
    const Tiles tiles(a, tile_bytes);
    std::vector<double> buffer(tiles.size());
    for (Index i = 0; i < tiles.count(); ++i) {
      set->read_entries(tiles.entries(i), buffer.data());
      tiles.part(a, i) = tiles.in(buffer, i);
    }
  });
  return a;
}

void verify_matrix(const hdf5::File& file, const std::string& name, const BlockCyclicMatrix& a,
                   Index tile_bytes) {
  const Dataset set = open_matrix(file, name);
  require(set.shape() == std::vector<Index>{a.rows(), a.cols()}, ErrorKind::resource,
          "{} is {}, but {} x {} were written", set.place(), text_of(set.shape()), a.rows(), a.cols());
  const Tiles tiles(a, tile_bytes / 2);
  std::vector<double> written(tiles.size());
  std::vector<double> read(tiles.size());
  for (Index i = 0; i < tiles.count(); ++i) {
    const hdf5::Entries entries = tiles.entries(i);
    tiles.in(written, i) = tiles.part(a, i);
    set.read_entries(entries, read.data());
    require(same_bits(written, read, entries.count()), ErrorKind::resource,
            "{} differs from what was written: the disk is full or broken", set.place());
  }
}

}  // namespace tallfit::io
