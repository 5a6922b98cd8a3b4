// The main() of every MPI test: one report, by rank 0; one exit code, on all ranks; no hang without a name.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "support/rank_reporter.hpp"

#include "tallfit/comm/communicator.hpp"

namespace {

/// Seconds that one test may take. CTest's own limit is longer: it kills without saying who hung.
int test_limit_s() {
  const char* text = std::getenv("TALLFIT_TEST_LIMIT_S");
  return text == nullptr ? 50 : std::stoi(text);
}

}  // namespace

int main(int argc, char** argv) {
  const tallfit::comm::MpiSession session(&argc, &argv);
  testing::InitGoogleTest(&argc, argv);

  testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
  std::unique_ptr<testing::TestEventListener> printer(listeners.Release(listeners.default_result_printer()));
  auto reporter = std::make_unique<tallfit::support::RankReporter>(std::move(printer), test_limit_s());
  listeners.Append(reporter.get());

  int bad = RUN_ALL_TESTS();
  // Failures outside a test (set-up of a suite) are known to their rank only until here.
  MPI_Allreduce(MPI_IN_PLACE, &bad, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  listeners.Release(reporter.get());  // its communicator must be freed before MPI ends
  return bad;
}
