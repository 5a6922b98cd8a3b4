/// What calls of LAPACK and ScaLAPACK have in common. Private to the layer.
#pragma once

#include <string_view>
#include <vector>

#include "check_info.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/linalg/block_cyclic_matrix.hpp"

namespace tallfit::linalg::detail {

inline constexpr int one = 1;     ///< "the whole matrix", for ScaLAPACK
inline constexpr int query = -1;  ///< "how long must the workspace be?"

/// The sizes a foreign call wants; the constructor of the matrix has checked that they fit.
inline int rows_of(const BlockCyclicMatrix& a) { return static_cast<int>(a.rows()); }
inline int cols_of(const BlockCyclicMatrix& a) { return static_cast<int>(a.cols()); }
inline int stride_of(const BlockCyclicMatrix& a) { return static_cast<int>(a.leading_dimension()); }

inline void require_square(const BlockCyclicMatrix& a, std::string_view what) {
  require(a.rows() == a.cols(), ErrorKind::bug, "{} is {} x {}, not square", what, a.rows(), a.cols());
}

/// Refuses NaN and Inf by name: the routines report them as a wrong argument, loop, or pass them on.
/// @param lost what such a matrix does not have, for the message.   @collective over a.grid().comm()
void require_finite(const BlockCyclicMatrix& a, std::string_view what, std::string_view lost);

/// For messages: the routine that is called, and the matrix it works on.
struct Subject {
  std::string_view routine;
  std::string_view what;
};

/// Calls routine(work, &lwork, &info) to ask for its workspace, then to work.
/// @param formula the least workspace, the same on all ranks; see workspace().
/// @return the smallest positive info of any rank, or 0.   @collective over comm
template <class Routine>
int run_with_workspace(const Subject& subject, Index formula, const comm::Communicator& comm,
                       const Routine& routine) {
  double length = 0.0;
  int info = 0;
  routine(&length, &query, &info);
  check_info(subject.routine, subject.what, info, comm);
  std::vector<double> work = workspace(subject.routine, length, formula, comm);
  const int lwork = static_cast<int>(work.size());
  routine(work.data(), &lwork, &info);
  return check_info(subject.routine, subject.what, info, comm);
}

}  // namespace tallfit::linalg::detail
