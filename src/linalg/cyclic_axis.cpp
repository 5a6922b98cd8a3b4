#include "tallfit/linalg/cyclic_axis.hpp"

#include "tallfit/base/error.hpp"

namespace tallfit::linalg {

CyclicAxis::CyclicAxis(Index size, Index block, int ranks) : size_(size), block_(block), ranks_(ranks) {
  require(size >= 0 && block >= 1 && ranks >= 1, ErrorKind::bug,
          "cannot deal {} indices in blocks of {} to {} ranks", size, block, ranks);
}

Index CyclicAxis::count_before(Index global, int rank) const noexcept {
  const Index full_blocks = global / block_;
  const Index whole_rounds = full_blocks / ranks_ * block_;
  const Index rest = full_blocks % ranks_;
  if (rank < rest) return whole_rounds + block_;
  return rank == rest ? whole_rounds + global % block_ : whole_rounds;
}

}  // namespace tallfit::linalg
