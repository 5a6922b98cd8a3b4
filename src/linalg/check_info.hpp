/// What a LAPACK or ScaLAPACK routine says of itself, agreed by all ranks. Private to the layer.
#pragma once

#include <string_view>
#include <vector>

#include "tallfit/base/numeric.hpp"
#include "tallfit/comm/communicator.hpp"

namespace tallfit::linalg::detail {

/// @return the smallest positive info of any rank, or 0: the caller says what a positive value means.
/// @throws Error::collective{bug} when info is negative on any rank; the message names routine, matrix,
/// argument. Cost: one Allreduce of two ints.   @collective over comm
int check_info(std::string_view routine, std::string_view what, int info, const comm::Communicator& comm);

/// A workspace as long as the routine's own answer or our formula says, whichever is more.
///
/// A queried length can overflow inside the routine (32-bit arithmetic), so the formula is computed in 64
/// bits, from the largest local sizes, and refuses what cannot be passed.
/// @param formula the same on all ranks.
/// @throws Error::collective{resource} when the formula exceeds 2^31 - 1, or a rank has no memory.
/// @collective over comm
std::vector<double> workspace(std::string_view routine, double queried, Index formula,
                              const comm::Communicator& comm);

}  // namespace tallfit::linalg::detail
