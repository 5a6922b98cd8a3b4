#include <gtest/gtest.h>
#include <sys/mman.h>

#include <utility>
#include <vector>

#include "tallfit/comm/exchange.hpp"
#include "tallfit/comm/pending_sends.hpp"

namespace tallfit::comm {
namespace {

/// Address space that nobody touches: pieces of more than 2 GiB cost no memory.
class AddressSpace {
public:
  explicit AddressSpace(std::size_t size)
      : size_(size),
        start_(::mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {}
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;
  ~AddressSpace() { ::munmap(start_, size_); }
  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(start_), size_}; }

private:
  std::size_t size_;
  void* start_;
};

// Mutation: pieces that overlap, leave a gap, or are longer than an MPI count.
TEST(InPieces, CoverTheBytesOnceAndInOrder) {
  for (const std::size_t extra : {std::size_t{0}, std::size_t{1}, detail::piece_bytes / 2}) {
    const AddressSpace space(2 * detail::piece_bytes + extra);
    const std::byte* next = space.bytes().data();
    std::size_t pieces = 0;
    detail::in_pieces(space.bytes(), [&](std::span<const std::byte> piece) {
      EXPECT_EQ(piece.data(), next);
      EXPECT_GT(piece.size(), 0U);
      EXPECT_LE(piece.size(), std::size_t{2147483647});
      next += piece.size();
      ++pieces;
    });
    EXPECT_EQ(next, space.bytes().data() + space.bytes().size());
    EXPECT_EQ(pieces, extra == 0 ? 2U : 3U);
  }
}

TEST(InPieces, NothingMakesNoPiece) {
  detail::in_pieces(std::span<const std::byte>(), [](std::span<const std::byte>) { ADD_FAILURE(); });
}

// Every rank sends to every rank before it receives, 1 MB each: far beyond what MPI takes without a receiver.
// Mutation: a blocking send in post() hangs.
TEST(PendingSends, AllToAllBeforeAnyReceive) {
  const Communicator world = Communicator::world();
  const auto size = static_cast<std::size_t>(world.size());
  constexpr std::size_t length = 125000;
  std::vector<std::vector<double>> outgoing(size, std::vector<double>(length));
  PendingSends sends(world);
  for (int to = 0; to < world.size(); ++to) {
    auto& values = outgoing[static_cast<std::size_t>(to)];
    for (std::size_t i = 0; i < length; ++i) values[i] = 1000.0 * world.rank() + to + static_cast<double>(i);
    if (to != world.rank()) sends.post(std::as_bytes(std::span(values)), to, 3);
  }
  for (int from = 0; from < world.size(); ++from) {
    if (from == world.rank()) continue;
    std::vector<double> values(length, -1.0);
    receive(world, std::span(values), from, 3);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < length; ++i)
      wrong += values[i] == 1000.0 * from + world.rank() + static_cast<double>(i) ? 0U : 1U;
    EXPECT_EQ(wrong, 0U) << "from rank " << from;
  }
  sends.wait();
}

// Mutation: messages of one tag that overtake each other, or a wait() that keeps finished requests.
TEST(PendingSends, KeepTheirOrderAndCanBeUsedAgain) {
  const Communicator world = Communicator::world();
  const int next = (world.rank() + 1) % world.size();
  const int previous = (world.rank() + world.size() - 1) % world.size();
  PendingSends sends(world);
  for (Index round = 0; round < 3; ++round) {
    const std::vector<Index> first = {round, world.rank()};
    const std::vector<Index> second = {100 * round};
    sends.post(std::as_bytes(std::span(first)), next, 4);
    sends.post(std::as_bytes(std::span(second)), next, 4);
    std::vector<Index> a(2, -1);
    std::vector<Index> b(1, -1);
    receive(world, std::span(a), previous, 4);
    receive(world, std::span(b), previous, 4);
    sends.wait();
    EXPECT_EQ(a, (std::vector<Index>{round, previous}));
    EXPECT_EQ(b, (std::vector<Index>{100 * round}));
  }
}

TEST(PendingSends, NothingPostedNothingWaitedFor) {
  PendingSends sends(Communicator::world());
  sends.post({}, 0, 5);  // no bytes, no message
  EXPECT_NO_THROW(sends.wait());
}

}  // namespace
}  // namespace tallfit::comm
