#include "tallfit/comm/pending_sends.hpp"

#include "tallfit/base/phase.hpp"
#include "tallfit/comm/exchange.hpp"

namespace tallfit::comm {

void PendingSends::post(std::span<const std::byte> bytes, int to, int tag) {
  detail::in_pieces(bytes, [&](std::span<const std::byte> piece) {
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(
        MPI_Isend(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, to, tag, comm_.get(), &request),
        "MPI_Isend");
    requests_.push_back(request);
    count_message(static_cast<double>(piece.size()));
  });
}

void PendingSends::wait() {
  check_mpi(MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE),
            "MPI_Waitall");
  requests_.clear();
}

}  // namespace tallfit::comm
