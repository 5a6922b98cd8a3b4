#include "check_info.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "tallfit/comm/collective_error.hpp"

namespace tallfit::linalg::detail {

int check_info(std::string_view routine, std::string_view what, int info, const comm::Communicator& comm) {
  constexpr int none = std::numeric_limits<int>::max();
  std::array<int, 2> worst = {info < 0 ? info : 0, info > 0 ? info : none};
  comm::check_mpi(MPI_Allreduce(MPI_IN_PLACE, worst.data(), 2, MPI_INT, MPI_MIN, comm.get()),
                  "MPI_Allreduce");
  if (worst[0] < 0) {
    const int code = -worst[0];  // argument, or 100 argument + entry for arrays
    const auto argument = code >= 100 ? fmt::format("entry {} of argument {}", code % 100, code / 100)
                                      : fmt::format("argument {}", code);
    throw Error::collective(ErrorKind::bug, fmt::format("{} of {}: {} is invalid", routine, what, argument));
  }
  return worst[1] == none ? 0 : worst[1];
}

std::vector<double> workspace(std::string_view routine, double queried, Index formula,
                              const comm::Communicator& comm) {
  constexpr Index most = std::numeric_limits<int>::max();
  comm::require_replicated(
      comm, formula <= most, ErrorKind::resource,
      "{} needs a workspace of {} numbers per rank, but can count only 2^31 - 1; use more ranks", routine,
      formula);
  const bool overflowed = !(queried >= 0.0 && queried <= static_cast<double>(most));
  const Index answer = overflowed ? 0 : static_cast<Index>(std::ceil(queried));
  std::vector<double> work;
  comm::all_or_none(comm, [&] {
    work.resize(static_cast<std::size_t>(std::max<Index>({1, answer, formula})));
  });
  return work;
}

}  // namespace tallfit::linalg::detail
