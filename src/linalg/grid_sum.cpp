#include "grid_sum.hpp"

#include <algorithm>
#include <cstddef>

#include "tallfit/comm/exchange.hpp"

namespace tallfit::linalg::detail {

void sum_over_grid(const ProcessGrid& grid, std::span<double> values) {
  if (grid.is_serial()) return;
  constexpr std::size_t piece = std::size_t{1} << 27U;  // doubles; an MPI count is an int
  const comm::Communicator& comm = grid.comm();
  for (std::size_t begin = 0; begin < values.size(); begin += piece) {
    const auto part = values.subspan(begin, std::min(piece, values.size() - begin));
    const void* send = comm.is_root() ? MPI_IN_PLACE : part.data();
    comm::check_mpi(
        MPI_Reduce(send, part.data(), static_cast<int>(part.size()), MPI_DOUBLE, MPI_SUM, 0, comm.get()),
        "MPI_Reduce");
  }
  comm::broadcast(comm, values, 0);
}

}  // namespace tallfit::linalg::detail
