/// Between the block-cyclic deal of a matrix and whole columns, or rows, of it.
#pragma once

#include <cstdint>
#include <vector>

#include "tallfit/linalg/block_cyclic_matrix.hpp"

namespace tallfit::io {

/// Goes through a matrix in steps, at each of which every rank has some consecutive lines, columns or rows,
/// whole. All ranks of the grid exchange entries for them; nobody holds more than a step takes.
///
///   lines.take(a, i);  write lines.values(), of lines.mine(i);    read them;  lines.give(i, a);
class MatrixLines {
public:
  enum class Kind : std::uint8_t { columns, rows };
  struct Range {
    Index begin;
    Index count;
  };

  /// For matrices of a's grid, shape and blocks. @p memory_bytes: of all buffers of a rank; they take more
  /// only where one line a rank does not fit.
  /// @collective over a.grid().comm() @throws Error{resource}, the same on all ranks.
  MatrixLines(const linalg::BlockCyclicMatrix& a, Kind kind, Index memory_bytes);

  /// The same number on all ranks.
  Index n_steps() const noexcept { return n_steps_; }
  /// This rank's lines of a step, perhaps none.
  Range mine(Index step) const { return lines_of(step, grid_.comm().rank()); }
  Index line_length() const noexcept { return entry_axis_.size(); }
  /// Those lines, one after the other.
  std::vector<double>& values() noexcept { return values_; }

  /// Sets values() to lines of a. @collective over a.grid().comm()
  void take(const linalg::BlockCyclicMatrix& a, Index step);
  /// Puts values() into a. @collective over a.grid().comm()
  void give(Index step, linalg::BlockCyclicMatrix& a);

private:
  Range lines_of(Index step, int rank) const;
  Range local_lines(Range of_all, int line_rank) const;
  int line_rank(int rank) const;
  int entry_rank(int rank) const;
  std::vector<Index> counts_of_blocks(Index step) const;
  std::vector<Index> counts_of_pieces(Index step) const;
  template <class Visit>
  void for_each_block(Index step, const Visit& visit) const;
  template <class Visit>
  void for_each_piece(Index step, const Visit& visit) const;

  Kind kind_;
  linalg::ProcessGrid grid_;
  linalg::CyclicAxis line_axis_;
  linalg::CyclicAxis entry_axis_;
  Index lines_each_ = 1;  ///< of a rank in a step
  Index n_steps_ = 0;
  std::vector<double> values_;
  std::vector<double> blocks_;  ///< my entries of the lines of each rank
  std::vector<double> pieces_;  ///< of my lines, as each rank sends them
};

}  // namespace tallfit::io
