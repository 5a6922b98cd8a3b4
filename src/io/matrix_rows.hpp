/// Between the block-cyclic deal of a matrix and the rows of a file.
#pragma once

#include <vector>

#include "hdf5.hpp"

#include "tallfit/comm/communicator.hpp"
#include "tallfit/linalg/block_cyclic_matrix.hpp"

namespace tallfit::io {

/// Goes through a matrix in tiles, of which each rank has some rows without gaps, so that it reads and writes
/// long pieces of a file: scattered blocks are many times slower. The ranks of a process row, who own
/// the same rows, exchange their columns for them; nobody holds more than a tile.
///
///   rows.take(a, i);  write rows.values() at rows.entries(i);    read them;  rows.give(i, a);
class MatrixRows {
public:
  /// For matrices of a's grid, shape and blocks. @p memory_bytes: of both buffers of a rank, below 4 GiB;
  /// they take more only where one entry does not fit.
  /// @collective over a.grid().comm() @throws Error{resource}, the same on all ranks.
  MatrixRows(const linalg::BlockCyclicMatrix& a, Index memory_bytes);

  /// The same number on all ranks; of some tiles a rank may have no rows.
  Index n_tiles() const noexcept { return n_tiles_; }
  /// Where this rank's rows of a tile lie in the matrix.
  hdf5::Entries entries(Index tile) const;

  /// This rank's rows of the last tile, row by row: entries(tile).count() values.
  std::vector<double>& values() noexcept { return values_; }
  /// As many values, which take() and give() overwrite.
  std::vector<double>& spare() noexcept { return spare_; }

  /// Sets values() to rows of a. @collective over the process row
  void take(const linalg::BlockCyclicMatrix& a, Index tile);
  /// Puts values() into a. @collective over the process row
  void give(Index tile, linalg::BlockCyclicMatrix& a);

private:
  struct Range {
    Index begin;
    Index count;
  };
  static std::vector<hdf5::Comb> places(const linalg::CyclicAxis& axis, int rank, Range local);
  Range local_rows(Index tile) const;
  Range cols(Index tile) const;
  Range local_cols(Range of_all, int rank) const;
  Range share(Range of_all, int rank) const;
  std::vector<Index> of_blocks(Index tile) const;
  std::vector<Index> of_rows(Index tile) const;
  template <class Visit>
  void for_each_run(Index tile, const Visit& visit) const;

  comm::Communicator process_row_;
  linalg::CyclicAxis row_axis_;
  linalg::CyclicAxis col_axis_;
  int my_row_;
  int my_col_;
  Index tile_rows_ = 0;  ///< of a process row
  Index tile_cols_ = 0;
  Index tiles_across_ = 1;
  Index n_tiles_ = 0;
  std::vector<double> values_;
  std::vector<double> spare_;
};

}  // namespace tallfit::io
