/// Calling a LAPACK or ScaLAPACK routine that says itself how much workspace it needs. Private to the layer.
#pragma once

#include <string_view>
#include <vector>

#include "check_info.hpp"

namespace tallfit::linalg::detail {

/// Calls routine(work, &lwork, &info) to ask for its workspace, then to work.
/// @param what, formula  as check_info() and workspace() take them
/// @return the smallest positive info of any rank, or 0.   @collective over comm
template <class Routine>
int run_with_workspace(std::string_view routine_name, std::string_view what, Index formula,
                       const comm::Communicator& comm, const Routine& routine) {
  const int query = -1;
  double length = 0.0;
  int info = 0;
  routine(&length, &query, &info);
  check_info(routine_name, what, info, comm);
  std::vector<double> work = workspace(routine_name, length, formula, comm);
  const int lwork = static_cast<int>(work.size());
  routine(work.data(), &lwork, &info);
  return check_info(routine_name, what, info, comm);
}

}  // namespace tallfit::linalg::detail
