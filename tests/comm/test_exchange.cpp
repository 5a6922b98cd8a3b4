#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "tallfit/base/error.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/comm/pending_sends.hpp"

namespace tallfit::comm {
namespace {

class Exchange : public testing::Test {
protected:
  const Communicator world = Communicator::world();
  const Index n = world.size();
  const Index me = world.rank();
};

TEST_F(Exchange, BroadcastFromEachRoot) {
  for (int root = 0; root < world.size(); ++root) {
    std::vector<double> values = {100.0 * world.rank(), 1.0};
    broadcast(world, std::span(values), root);
    EXPECT_EQ(values, (std::vector<double>{100.0 * root, 1.0}));
  }
}

// The receivers' vectors have another length than the root's: longer, shorter, empty.
TEST_F(Exchange, BroadcastCarriesTheLength) {
  std::vector<int> values(static_cast<std::size_t>(me == n - 1 ? 3 : me), 7);
  broadcast(world, values, world.size() - 1);
  EXPECT_EQ(values, (std::vector<int>{7, 7, 7}));
  values.resize(me == 0 ? 0 : 5);
  broadcast(world, values, 0);
  EXPECT_TRUE(values.empty());
}

// A ring of ten doubles each, then a sum of three; a broadcast counts where it comes from.
TEST_F(Exchange, CountsWhatEachRankSends) {
  clear_stages();
  {
    const Phase ring("ring");
    std::vector<double> values(10, 1.0);
    PendingSends sends(world);
    sends.post(std::as_bytes(std::span(values)), static_cast<int>((me + 1) % n), 1);
    std::vector<double> received(10);
    receive(world, std::span(received), static_cast<int>((me + n - 1) % n), 1);
    sends.wait();
    sum_in_place(world, std::span(values).first(3));
    broadcast(world, std::span(values), 0);
  }
  ASSERT_EQ(stages().size(), 1U);
  EXPECT_EQ(stages().front().messages, 3.0);
  EXPECT_EQ(stages().front().sent, me == 0 ? 184.0 : 104.0);
}

TEST_F(Exchange, BroadcastText) {
  std::string text = me == 0 ? "Å is two bytes" : "something longer that is replaced";
  broadcast(world, text, 0);
  EXPECT_EQ(text, "Å is two bytes");
  if (me == 0) text.clear();
  broadcast(world, text, 0);
  EXPECT_EQ(text, "");
}

TEST_F(Exchange, AllGatherInRankOrder) {
  // Rank r gives r values r: rank 0 gives none.
  const std::vector<Index> all = all_gather(world, std::vector<Index>(static_cast<std::size_t>(me), me));
  std::vector<Index> expected;
  for (Index r = 0; r < n; ++r) expected.insert(expected.end(), static_cast<std::size_t>(r), r);
  EXPECT_EQ(all, expected);
  EXPECT_TRUE(all_gather(world, std::vector<double>{}).empty());
}

// Rank r brings r + 10 i as its i-th number of three for each rank. Mutations: another rank's part, no sum.
TEST_F(Exchange, SumsScattered) {
  std::vector<double> values;
  for (Index i = 0; i < 3 * n; ++i) values.push_back(static_cast<double>(me + 10 * i));
  std::vector<double> mine(3);
  sum_scattered(world, values, mine);
  for (Index i = 0; i < 3; ++i)
    EXPECT_EQ(mine[static_cast<std::size_t>(i)],
              static_cast<double>(n * (n - 1) / 2 + 10 * n * (3 * me + i)));
  std::vector<double> all = {static_cast<double>(me), 0.5};
  sum_in_place(world, std::span<double>(all));
  EXPECT_EQ(all, (std::vector<double>{static_cast<double>(n * (n - 1) / 2), 0.5 * static_cast<double>(n)}));
}

// Rank r sends 2 r + s numbers to rank s, some of them none. Mutations: counts or offsets of the other side.
TEST_F(Exchange, AllToAllInRankOrder) {
  const auto number = [](Index from, Index to, Index i) {
    return 1e4 * static_cast<double>(from) + 1e2 * static_cast<double>(to) + static_cast<double>(i);
  };
  std::vector<Index> to_each;
  std::vector<Index> from_each;
  std::vector<double> sent;
  std::vector<double> expected;
  for (Index other = 0; other < n; ++other) {
    to_each.push_back(2 * me + other);
    from_each.push_back(2 * other + me);
    for (Index i = 0; i < to_each.back(); ++i) sent.push_back(number(me, other, i));
    for (Index i = 0; i < from_each.back(); ++i) expected.push_back(number(other, me, i));
  }
  std::vector<double> received(expected.size(), -1.0);
  all_to_all(world, sent, to_each, received, from_each);
  EXPECT_EQ(received, expected);
}

// Counts that MPI cannot take on the last rank only: all throw. Mutation: the rank throws alone.
TEST_F(Exchange, AllToAllOfTooMuchIsAnErrorEverywhere) {
  const std::vector<Index> none(static_cast<std::size_t>(n), 0);
  std::vector<Index> wrong = none;
  if (me == n - 1) wrong.back() = Index{1} << 31U;
  try {
    all_to_all(world, {}, wrong, {}, none);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::resource);
    EXPECT_TRUE(error.is_collective());
  }
}

TEST_F(Exchange, AllGatherOfStructs) {
  struct Item {
    Index rank;
    double value;
  };
  const std::vector<Item> all = all_gather(world, std::vector<Item>{{me, 0.5 * static_cast<double>(me)}});
  ASSERT_EQ(static_cast<Index>(all.size()), n);
  EXPECT_EQ(all.back().rank, n - 1);
  EXPECT_EQ(all.back().value, 0.5 * static_cast<double>(n - 1));
}

TEST_F(Exchange, SumMaxMin) {
  std::vector<Index> sum = {me, 1, Index{1} << 40};
  sum_in_place(world, sum);
  EXPECT_EQ(sum, (std::vector<Index>{n * (n - 1) / 2, n, n << 40}));

  std::vector<Index> most = {me, -me};
  std::vector<Index> least = most;
  max_in_place(world, most);
  min_in_place(world, least);
  EXPECT_EQ(most, (std::vector<Index>{n - 1, 0}));
  EXPECT_EQ(least, (std::vector<Index>{0, 1 - n}));

  std::vector<double> high = {static_cast<double>(me), -std::numeric_limits<double>::infinity()};
  std::vector<double> low = {static_cast<double>(me), 2.5};
  max_in_place(world, high);
  min_in_place(world, low);
  EXPECT_EQ(high,
            (std::vector<double>{static_cast<double>(n - 1), -std::numeric_limits<double>::infinity()}));
  EXPECT_EQ(low, (std::vector<double>{0.0, 2.5}));
}

TEST_F(Exchange, ExclusiveScan) {
  std::vector<Index> before = {me + 1, 10};
  exclusive_scan_in_place(world, before);
  EXPECT_EQ(before, (std::vector<Index>{me * (me + 1) / 2, 10 * me}));
}

TEST_F(Exchange, EmptySpansAreAllowed) {
  std::vector<Index> none;
  EXPECT_NO_THROW(sum_in_place(world, none));
  EXPECT_NO_THROW(exclusive_scan_in_place(world, none));
  EXPECT_NO_THROW(broadcast(world, std::span(none), 0));
}

TEST_F(Exchange, SendRoundTheRing) {
  const int next = (world.rank() + 1) % world.size();
  const int previous = (world.rank() + world.size() - 1) % world.size();
  const std::vector<Index> mine = {me, me * me};
  std::vector<Index> theirs(2, -1);
  // Even ranks send first, so that a send which waits for its receive cannot close the ring.
  if (world.size() == 1) return;
  if (me % 2 == 0) {
    send(world, std::span<const Index>(mine), next, 5);
    receive(world, std::span(theirs), previous, 5);
  } else {
    receive(world, std::span(theirs), previous, 5);
    send(world, std::span<const Index>(mine), next, 5);
  }
  EXPECT_EQ(theirs, (std::vector<Index>{previous, static_cast<Index>(previous) * previous}));
}

}  // namespace
}  // namespace tallfit::comm
