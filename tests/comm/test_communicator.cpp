#include <gtest/gtest.h>

#include <utility>

#include "tallfit/base/error.hpp"
#include "tallfit/comm/communicator.hpp"

namespace tallfit::comm {
namespace {

/// MPI calls this when a communicator with the counting attribute is freed.
int count_free(MPI_Comm /*comm*/, int /*key*/, void* counter, void* /*state*/) {
  ++*static_cast<int*>(counter);
  return MPI_SUCCESS;
}

/// Counts how often the communicators it is attached to are freed.
class FreeCounter {
public:
  FreeCounter() { MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, count_free, &key_, nullptr); }
  ~FreeCounter() { MPI_Comm_free_keyval(&key_); }
  FreeCounter(const FreeCounter&) = delete;
  FreeCounter& operator=(const FreeCounter&) = delete;
  void attach(MPI_Comm comm) { MPI_Comm_set_attr(comm, key_, &count_); }
  int count() const { return count_; }

private:
  int key_ = MPI_KEYVAL_INVALID;
  int count_ = 0;
};

TEST(Communicator, WorldAndSelfAreBorrowed) {
  EXPECT_EQ(Communicator::world().get(), MPI_COMM_WORLD);
  EXPECT_EQ(Communicator::self().size(), 1);
  { const Communicator gone = Communicator::world(); }
  EXPECT_EQ(MPI_Barrier(MPI_COMM_WORLD), MPI_SUCCESS);  // still there
}

TEST(Communicator, DuplicateIsFreedOnce) {
  FreeCounter frees;
  {
    const Communicator copy = Communicator::duplicate(MPI_COMM_WORLD);
    int relation = MPI_UNEQUAL;
    MPI_Comm_compare(copy.get(), MPI_COMM_WORLD, &relation);
    EXPECT_EQ(relation, MPI_CONGRUENT);
    frees.attach(copy.get());
  }
  EXPECT_EQ(frees.count(), 1);
}

TEST(Communicator, MovingPassesOwnershipOn) {
  FreeCounter frees;
  {
    Communicator first = Communicator::duplicate(MPI_COMM_WORLD);
    frees.attach(first.get());
    Communicator second = std::move(first);
    Communicator third = Communicator::self();
    third = std::move(second);
    EXPECT_EQ(frees.count(), 0);
    EXPECT_EQ(third.size(), Communicator::world().size());
  }
  EXPECT_EQ(frees.count(), 1);
}

// Freeing is collective. A rank that unwinds alone must not wait in it for the others.
TEST(Communicator, IsNotFreedWhileAnExceptionUnwinds) {
  FreeCounter frees;
  MPI_Comm leaked = MPI_COMM_NULL;
  try {
    const Communicator copy = Communicator::duplicate(MPI_COMM_WORLD);
    leaked = copy.get();
    frees.attach(leaked);
    fail(ErrorKind::input, "on this rank only");
  } catch (const Error&) {
    EXPECT_EQ(frees.count(), 0);
  }
  MPI_Comm_free(&leaked);
}

TEST(Communicator, SplitKeepsTheOrder) {
  const Communicator world = Communicator::world();
  FreeCounter frees;
  {
    const Communicator part = world.split(world.rank() % 2);
    frees.attach(part.get());
    EXPECT_EQ(part.rank(), world.rank() / 2);
    EXPECT_EQ(part.size(), (world.size() + 1 - world.rank() % 2) / 2);
    EXPECT_EQ(part.is_root(), world.rank() < 2);
  }
  EXPECT_EQ(frees.count(), 1);
}

TEST(CheckMpi, NamesTheCallThatFailed) {
  EXPECT_NO_THROW(check_mpi(MPI_SUCCESS, "MPI_Bcast"));
  try {
    check_mpi(MPI_ERR_COUNT, "MPI_Bcast");
    ADD_FAILURE() << "did not throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bug);
    EXPECT_EQ(std::string(error.what()).rfind("MPI_Bcast failed: MPI_ERR_COUNT", 0), 0U) << error.what();
  }
}

}  // namespace
}  // namespace tallfit::comm
