#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

#include "tallfit/comm/collective_error.hpp"

namespace tallfit::comm {
namespace {

/// What all_or_none threw on this rank; an Error of no rank ("") if it threw nothing.
Error thrown_by(const std::function<void()>& local_work) {
  try {
    all_or_none(Communicator::world(), local_work);
  } catch (const Error& error) {
    return error;
  }
  return {ErrorKind::bug, ""};
}

TEST(AllOrNone, DoesTheWorkOnce) {
  int calls = 0;
  EXPECT_NO_THROW(all_or_none(Communicator::world(), [&] { ++calls; }));
  EXPECT_EQ(calls, 1);
}

TEST(AllOrNone, ErrorOfTheLastRankIsThrownByAll) {
  const Communicator world = Communicator::world();
  const int last = world.size() - 1;
  const Error error =
      thrown_by([&] { require(world.rank() != last, ErrorKind::input, "file of rank {} is short", last); });
  EXPECT_EQ(error.what(), fmt::format("file of rank {} is short", last));
  EXPECT_EQ(error.kind(), ErrorKind::input);
  EXPECT_TRUE(error.is_collective());
}

// The ranks' messages and kinds differ in length and value: all must carry those of rank 0.
TEST(AllOrNone, LowestRankSpeaks) {
  const int rank = Communicator::world().rank();
  const Error error = thrown_by([&] {
    throw Error(rank == 0 ? ErrorKind::numerical : ErrorKind::resource,
                std::string(static_cast<std::size_t>(rank) + 1, 'x'));
  });
  EXPECT_STREQ(error.what(), "x");
  EXPECT_EQ(error.kind(), ErrorKind::numerical);
}

TEST(AllOrNone, LackOfMemoryIsAResourceError) {
  const Error error = thrown_by([] { throw std::bad_alloc(); });
  EXPECT_EQ(error.kind(), ErrorKind::resource);
  EXPECT_NE(std::string(error.what()).find("rank 0 ran out of memory"), std::string::npos) << error.what();
}

TEST(AllOrNone, OtherExceptionsAreBugs) {
  const Error error = thrown_by([] { throw std::logic_error("surprise"); });
  EXPECT_EQ(error.kind(), ErrorKind::bug);
  EXPECT_STREQ(error.what(), "rank 0: surprise");
}

// After an error the communicator must still be in step: a message left over would be taken for the next one.
TEST(AllOrNone, LeavesTheCommunicatorUsable) {
  const Communicator world = Communicator::world();
  for (int bad = 0; bad < world.size(); ++bad) {
    const Error error =
        thrown_by([&] { require(world.rank() < bad, ErrorKind::input, "rank {}", world.rank()); });
    EXPECT_EQ(error.what(), fmt::format("rank {}", bad));
  }
}

TEST(RequireReplicated, ThrowsACollectiveError) {
  const Communicator world = Communicator::world();
  EXPECT_NO_THROW(require_replicated(world, true, ErrorKind::input, "never"));
  try {
    require_replicated(world, false, ErrorKind::input, "folds = {}", 1);
    ADD_FAILURE() << "did not throw";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "folds = 1");
    EXPECT_EQ(error.kind(), ErrorKind::input);
    EXPECT_TRUE(error.is_collective());
  }
}

#ifndef NDEBUG
TEST(RequireReplicated, FindsThatRanksDisagree) {
  const Communicator world = Communicator::world();
  if (world.size() == 1) GTEST_SKIP() << "one rank cannot disagree";
  try {
    require_replicated(world, world.rank() == 0, ErrorKind::input, "the caller's own message");
    ADD_FAILURE() << "did not throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bug);
  }
}
#endif

}  // namespace
}  // namespace tallfit::comm
