/// How the rows, or the columns, of a matrix are dealt to the ranks of one direction of a grid.
#pragma once

#include "tallfit/base/numeric.hpp"

namespace tallfit::linalg {

/// Pure 64-bit arithmetic of the block-cyclic deal: blocks of equal size go round the ranks.
///
///   global = ((local / block) ranks + rank) block + local mod block
///
/// All functions are local and O(1). Indices are checked by nobody here: callers loop over ranges they own.
class CyclicAxis {
public:
  /// @throws Error{bug} unless size >= 0, block >= 1 and ranks >= 1.
  CyclicAxis(Index size, Index block, int ranks);

  Index size() const noexcept { return size_; }
  Index block() const noexcept { return block_; }
  int ranks() const noexcept { return ranks_; }

  int owner(Index global) const noexcept { return static_cast<int>((global / block_) % ranks_); }
  Index local_index(Index global) const noexcept {
    return global / (block_ * ranks_) * block_ + global % block_;
  }
  Index global_index(Index local, int rank) const noexcept {
    return (local / block_ * ranks_ + rank) * block_ + local % block_;
  }

  /// How many of the indices 0 .. global - 1 belong to @p rank. They are its local indices 0 .. count - 1,
  /// since the deal keeps order: a leading part of the matrix is a leading part of each local array.
  Index count_before(Index global, int rank) const noexcept;
  Index local_size(int rank) const noexcept { return count_before(size_, rank); }
  /// Rank 0 never has fewer than another: limits are checked against it, so that all ranks agree.
  Index largest_local_size() const noexcept { return local_size(0); }

private:
  Index size_;
  Index block_;
  int ranks_;
};

}  // namespace tallfit::linalg
