/// The P x Q arrangement of ranks over which matrices are dealt.
#pragma once

#include <memory>

#include "tallfit/comm/communicator.hpp"

namespace tallfit::linalg {

/// All ranks of a communicator in P rows and Q columns, row by row: rank = row Q + col.
///
/// A handle, cheap to copy: the copies share one BLACS context and one duplicate of the communicator, which
/// go when the last copy goes. Ranks that are to work apart split their communicator first, each part with
/// its own grid; a 1 x 1 grid on Communicator::self() is the serial case.
///
/// Every matrix on a grid keeps a copy, so the last copy must go on all ranks at the same point of the
/// program; while an exception unwinds nothing is freed, because the others may not come.
class ProcessGrid {
public:
  /// @throws Error{input} unless rows and cols are positive and rows * cols == comm.size().
  /// Cost: one duplicate of @p comm and a few small messages of BLACS.   @collective over comm
  ProcessGrid(const comm::Communicator& comm, int rows, int cols);

  /// The grid with P <= Q, P Q = comm.size() and P as large as that allows: 6 ranks give 2 x 3, 7 give 1 x 7.
  /// @collective over comm
  static ProcessGrid nearly_square(const comm::Communicator& comm);

  /// The largest Q of a P x Q grid of so many ranks with P >= Q: 6 give 2, 7 give 1. Local.
  static int most_columns(int ranks);

  /// This rank alone.
  static ProcessGrid serial();

  int rows() const noexcept;
  int cols() const noexcept;
  int my_row() const noexcept;
  int my_col() const noexcept;
  int rank_of(int row, int col) const noexcept { return row * cols() + col; }
  /// One rank holds all: LAPACK does the work, and nothing is sent.
  bool is_serial() const noexcept { return rows() * cols() == 1; }

  /// The grid's own duplicate: what is sent on it meets no message of others.
  const comm::Communicator& comm() const noexcept;
  /// The BLACS context, for descriptors.
  int context() const noexcept;

  /// Equal when they are copies of one grid.
  friend bool operator==(const ProcessGrid& a, const ProcessGrid& b) noexcept { return a.state_ == b.state_; }

private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace tallfit::linalg
