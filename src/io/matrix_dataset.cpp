#include "matrix_dataset.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "matrix_rows.hpp"

#include "tallfit/base/memory.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"

namespace tallfit::io {

namespace {

using hdf5::Dataset;
using linalg::BlockCyclicMatrix;

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
  const bool doubles = set.type_class() == hdf5::TypeClass::floating && set.element_bytes() == double_bytes;
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

void write_matrix(hdf5::File& file, const std::string& name, const BlockCyclicMatrix& a, Index buffer_bytes) {
  const comm::Communicator& comm = a.grid().comm();
  comm::require_replicated(comm, file.sharing() == hdf5::Sharing::shared || a.grid().is_serial(),
                           ErrorKind::bug, "{}: {} ranks write '{}' to a file that they do not share",
                           file.path(), comm.size(), name);
  MatrixRows rows(a, buffer_bytes);
  std::optional<Dataset> set;
  comm::all_or_none(comm, [&] { set.emplace(Dataset::create<double>(file, name, {a.rows(), a.cols()})); });
  for (Index tile = 0; tile < rows.n_tiles(); ++tile) {
    rows.take(a, tile);
    // Agreed on each time: a rank that failed would be missed in the next exchange.
    comm::all_or_none(comm, [&] { set->write_entries(rows.entries(tile), rows.values().data()); });
  }
  comm::all_or_none(comm, [&] { set->close(); });
}

BlockCyclicMatrix read_matrix(const hdf5::File& file, const std::string& name,
                              const linalg::ProcessGrid& grid, Index block, Index buffer_bytes) {
  std::optional<Dataset> set;
  comm::all_or_none(grid.comm(), [&] { set.emplace(open_matrix(file, name)); });
  require_same_shape(*set, grid.comm());
  BlockCyclicMatrix a(grid, set->shape()[0], set->shape()[1], block);
  MatrixRows rows(a, buffer_bytes);
  for (Index tile = 0; tile < rows.n_tiles(); ++tile) {
    comm::all_or_none(grid.comm(), [&] { set->read_entries(rows.entries(tile), rows.values().data()); });
    rows.give(tile, a);
  }
  return a;
}

void verify_matrix(const hdf5::File& file, const std::string& name, const BlockCyclicMatrix& a,
                   Index buffer_bytes) {
  const comm::Communicator& comm = a.grid().comm();
  std::optional<Dataset> set;
  comm::all_or_none(comm, [&] {
    set.emplace(open_matrix(file, name));
    require(set->shape() == std::vector<Index>{a.rows(), a.cols()}, ErrorKind::resource,
            "{} is {}, but {} x {} were written", set->place(), text_of(set->shape()), a.rows(), a.cols());
  });
  MatrixRows rows(a, buffer_bytes);
  for (Index tile = 0; tile < rows.n_tiles(); ++tile) {
    rows.take(a, tile);
    comm::all_or_none(comm, [&] {
      const hdf5::Entries entries = rows.entries(tile);
      set->read_entries(entries, rows.spare().data());
      require(same_bits(rows.values(), rows.spare(), entries.count()), ErrorKind::resource,
              "{} differs from what was written: the disk is full or broken", set->place());
    });
  }
}

}  // namespace tallfit::io
