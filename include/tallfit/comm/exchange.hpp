/// Typed messages of any length: MPI counts are 32-bit, ours are not, so long ones travel in pieces.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "tallfit/base/numeric.hpp"
#include "tallfit/comm/communicator.hpp"

namespace tallfit::comm {

/// What may travel as bytes.
template <class T>
concept Sendable = std::is_trivially_copyable_v<T>;

namespace detail {

inline constexpr std::size_t piece_bytes = std::size_t{1} << 30U;  // below every 32-bit count

/// Calls work on consecutive pieces that an MPI count can hold.
template <class Byte, class Work>
void in_pieces(std::span<Byte> bytes, const Work& work) {
  for (std::size_t begin = 0; begin < bytes.size(); begin += piece_bytes) {
    work(bytes.subspan(begin, std::min(piece_bytes, bytes.size() - begin)));
  }
}

void broadcast_bytes(const Communicator& comm, std::span<std::byte> bytes, int root);
void send_bytes(const Communicator& comm, std::span<const std::byte> bytes, int to, int tag);
void receive_bytes(const Communicator& comm, std::span<std::byte> bytes, int from, int tag);
std::vector<std::byte> all_gather_bytes(const Communicator& comm, std::span<const std::byte> mine);
}  // namespace detail

/// Copies @p values of @p root to every rank. @collective
template <Sendable T>
void broadcast(const Communicator& comm, std::span<T> values, int root) {
  detail::broadcast_bytes(comm, std::as_writable_bytes(values), root);
}

/// Copies the string of @p root to every rank. @collective
void broadcast(const Communicator& comm, std::string& text, int root);

/// Copies the vector of @p root, length included, to every rank. @collective
template <Sendable T>
void broadcast(const Communicator& comm, std::vector<T>& values, int root) {
  Index size = static_cast<Index>(values.size());
  broadcast(comm, std::span(&size, 1), root);
  values.resize(static_cast<std::size_t>(size));
  broadcast(comm, std::span(values), root);
}

/// Sends to one rank; blocks until the buffer may be used again.
template <Sendable T>
void send(const Communicator& comm, std::span<const T> values, int to, int tag) {
  detail::send_bytes(comm, std::as_bytes(values), to, tag);
}

/// Receives exactly values.size() values from one rank.
template <Sendable T>
void receive(const Communicator& comm, std::span<T> values, int from, int tag) {
  detail::receive_bytes(comm, std::as_writable_bytes(values), from, tag);
}

/// Concatenates the vectors of all ranks, in rank order, on every rank. @collective
template <Sendable T>
std::vector<T> all_gather(const Communicator& comm, const std::vector<T>& mine) {
  const std::vector<std::byte> bytes = detail::all_gather_bytes(comm, std::as_bytes(std::span(mine)));
  std::vector<T> all(bytes.size() / sizeof(T));
  std::copy(bytes.begin(), bytes.end(), std::as_writable_bytes(std::span(all)).begin());
  return all;
}

/// Sends the first sent_counts[0] values to rank 0, the next sent_counts[1] to rank 1, and so on; received
/// becomes what rank 0 sent, then rank 1, ..., as many values as received_counts says.
/// @throws Error{resource} for more than 2^31 - 1 values in or out of any rank, on all.   @collective
void all_to_all(const Communicator& comm, std::span<const double> sent, const std::vector<Index>& sent_counts,
                std::span<double> received, const std::vector<Index>& received_counts);

/// Element-wise sum, largest or smallest over the ranks, in place on every rank. @collective
/// Sums of doubles depend on the rank count in the last bits; where that matters use a LeafTree.
void sum_in_place(const Communicator& comm, std::span<Index> values);
void sum_in_place(const Communicator& comm, std::span<double> values);
void max_in_place(const Communicator& comm, std::span<Index> values);
void min_in_place(const Communicator& comm, std::span<Index> values);
void max_in_place(const Communicator& comm, std::span<double> values);
void min_in_place(const Communicator& comm, std::span<double> values);

/// Adds the values of all ranks, element by element, and leaves each rank a part of the sums: rank r gets
/// values [r mine.size(), (r + 1) mine.size()). values.size() is mine.size() times the number of ranks.
/// @throws Error{resource} for more than 2^31 - 1 values in a part, on all.   @collective
void sum_scattered(const Communicator& comm, std::span<const double> values, std::span<double> mine);

/// Sum over the lower ranks (exclusive prefix; zero on rank 0), element-wise in place. @collective
void exclusive_scan_in_place(const Communicator& comm, std::span<Index> values);

}  // namespace tallfit::comm
