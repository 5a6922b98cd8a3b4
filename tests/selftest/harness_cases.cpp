// Tests that are wrong on purpose, run one at a time by check.sh to see that the harness says so.
#include <gtest/gtest.h>
#include <mpi.h>

#include <chrono>
#include <thread>

namespace {

int my_rank() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

TEST(Harness, all_pass) { MPI_Barrier(MPI_COMM_WORLD); }

TEST(Harness, one_rank_fails) { EXPECT_NE(my_rank(), 1); }

TEST(Harness, all_ranks_fail) { EXPECT_EQ(1 + 1, 3); }

TEST(Harness, one_rank_throws) {
  if (my_rank() == 2) throw std::runtime_error("thrown by rank 2");
}

TEST(Harness, one_rank_hangs) {
  while (my_rank() == 1) std::this_thread::sleep_for(std::chrono::hours(1));
}

// The fault behind most hangs of MPI tests: ASSERT_ before a collective call.
TEST(Harness, one_rank_leaves) {
  ASSERT_NE(my_rank(), 1);
  MPI_Barrier(MPI_COMM_WORLD);
}

TEST(Harness, one_rank_skips) {
  if (my_rank() == 0) GTEST_SKIP() << "no data on rank 0";
}

TEST(Harness, all_ranks_skip) { GTEST_SKIP() << "no data anywhere"; }

TEST(Harness, mpi_errors_return) {
  EXPECT_NE(MPI_Send(nullptr, 0, MPI_INT, -77, 0, MPI_COMM_WORLD), MPI_SUCCESS);
}

class BadSetUp : public testing::Test {
public:
  static void SetUpTestSuite() { EXPECT_NE(my_rank(), 2); }
};

TEST_F(BadSetUp, one_rank) {}

}  // namespace
