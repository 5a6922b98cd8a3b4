#include "tallfit/comm/exchange.hpp"

#include <algorithm>
#include <cstddef>

#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"

namespace tallfit::comm {

namespace {

template <class T>
void reduce_in_place(const Communicator& comm, std::span<T> values, MPI_Datatype type, MPI_Op op) {
  constexpr std::size_t piece = detail::piece_bytes / sizeof(T);
  for (std::size_t begin = 0; begin < values.size(); begin += piece) {
    const std::size_t count = std::min(piece, values.size() - begin);
    check_mpi(
        MPI_Allreduce(MPI_IN_PLACE, values.data() + begin, static_cast<int>(count), type, op, comm.get()),
        "MPI_Allreduce");
    count_message(static_cast<double>(count * sizeof(T)));
  }
}

/// Counts and offsets as MPI takes them.
struct Parts {
  std::vector<int> counts;
  std::vector<int> offsets;
};

Parts parts_of(const std::vector<Index>& sizes) {
  Parts parts;
  Index total = 0;
  for (const Index size : sizes) {
    parts.offsets.push_back(to_int(total, "offset of an exchange"));
    parts.counts.push_back(to_int(size, "values to exchange"));
    total += size;
  }
  return parts;
}

}  // namespace

namespace detail {

void broadcast_bytes(const Communicator& comm, std::span<std::byte> bytes, int root) {
  in_pieces(bytes, [&](std::span<std::byte> piece) {
    check_mpi(MPI_Bcast(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, root, comm.get()),
              "MPI_Bcast");
    count_message(comm.rank() == root ? static_cast<double>(piece.size()) : 0.0);
  });
}

void send_bytes(const Communicator& comm, std::span<const std::byte> bytes, int to, int tag) {
  in_pieces(bytes, [&](std::span<const std::byte> piece) {
    check_mpi(MPI_Send(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, to, tag, comm.get()),
              "MPI_Send");
    count_message(static_cast<double>(piece.size()));
  });
}

void receive_bytes(const Communicator& comm, std::span<std::byte> bytes, int from, int tag) {
  in_pieces(bytes, [&](std::span<std::byte> piece) {
    check_mpi(MPI_Recv(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, from, tag, comm.get(),
                       MPI_STATUS_IGNORE),
              "MPI_Recv");
  });
}

std::vector<std::byte> all_gather_bytes(const Communicator& comm, std::span<const std::byte> mine) {
  std::vector<Index> sizes(static_cast<std::size_t>(comm.size()));
  const Index size = static_cast<Index>(mine.size());
  check_mpi(MPI_Allgather(&size, 1, MPI_INT64_T, sizes.data(), 1, MPI_INT64_T, comm.get()), "MPI_Allgather");
  count_message(sizeof(size));
  Index total = 0;
  for (const Index n : sizes) total += n;
  std::vector<std::byte> all(static_cast<std::size_t>(total));
  if (total <= static_cast<Index>(piece_bytes)) {
    const Parts parts = parts_of(sizes);
    check_mpi(MPI_Allgatherv(mine.data(), static_cast<int>(size), MPI_BYTE, all.data(), parts.counts.data(),
                             parts.offsets.data(), MPI_BYTE, comm.get()),
              "MPI_Allgatherv");
    count_message(static_cast<double>(size));
    return all;
  }
  std::size_t begin = 0;  // more than an MPI count can say: each part by itself
  for (int rank = 0; rank < comm.size(); ++rank) {
    const auto part =
        std::span(all).subspan(begin, static_cast<std::size_t>(sizes[static_cast<std::size_t>(rank)]));
    if (rank == comm.rank()) std::copy(mine.begin(), mine.end(), part.begin());
    broadcast_bytes(comm, part, rank);
    begin += part.size();
  }
  return all;
}

}  // namespace detail

void broadcast(const Communicator& comm, std::string& text, int root) {
  std::vector<char> characters(text.begin(), text.end());
  broadcast(comm, characters, root);
  text.assign(characters.begin(), characters.end());
}

void sum_in_place(const Communicator& comm, std::span<Index> values) {
  reduce_in_place(comm, values, MPI_INT64_T, MPI_SUM);
}
void sum_in_place(const Communicator& comm, std::span<double> values) {
  reduce_in_place(comm, values, MPI_DOUBLE, MPI_SUM);
}
void max_in_place(const Communicator& comm, std::span<Index> values) {
  reduce_in_place(comm, values, MPI_INT64_T, MPI_MAX);
}
void min_in_place(const Communicator& comm, std::span<Index> values) {
  reduce_in_place(comm, values, MPI_INT64_T, MPI_MIN);
}
void max_in_place(const Communicator& comm, std::span<double> values) {
  reduce_in_place(comm, values, MPI_DOUBLE, MPI_MAX);
}
void min_in_place(const Communicator& comm, std::span<double> values) {
  reduce_in_place(comm, values, MPI_DOUBLE, MPI_MIN);
}

void exclusive_scan_in_place(const Communicator& comm, std::span<Index> values) {
  std::vector<Index> before(values.size(), 0);
  check_mpi(MPI_Exscan(values.data(), before.data(), to_int(static_cast<Index>(values.size()), "scan length"),
                       MPI_INT64_T, MPI_SUM, comm.get()),
            "MPI_Exscan");
  count_message(static_cast<double>(values.size_bytes()));
  if (comm.rank() == 0) std::fill(before.begin(), before.end(), 0);
  std::copy(before.begin(), before.end(), values.begin());
}

void sum_scattered(const Communicator& comm, std::span<const double> values, std::span<double> mine) {
  require(values.size() == mine.size() * static_cast<std::size_t>(comm.size()), ErrorKind::bug,
          "{} values do not give {} ranks {} each", values.size(), comm.size(), mine.size());
  check_mpi(MPI_Reduce_scatter_block(values.data(), mine.data(),
                                     to_int(static_cast<Index>(mine.size()), "values of a rank"), MPI_DOUBLE,
                                     MPI_SUM, comm.get()),
            "MPI_Reduce_scatter_block");
  count_message(static_cast<double>(values.size_bytes()));
}

void all_to_all(const Communicator& comm, std::span<const double> sent, const std::vector<Index>& sent_counts,
                std::span<double> received, const std::vector<Index>& received_counts) {
  Parts out;
  Parts in;
  all_or_none(comm, [&] {
    out = parts_of(sent_counts);
    in = parts_of(received_counts);
  });
  check_mpi(MPI_Alltoallv(sent.data(), out.counts.data(), out.offsets.data(), MPI_DOUBLE, received.data(),
                          in.counts.data(), in.offsets.data(), MPI_DOUBLE, comm.get()),
            "MPI_Alltoallv");
  count_message(static_cast<double>(sent.size_bytes()));
}

}  // namespace tallfit::comm
