#include <gtest/gtest.h>

#include <limits>

#include "foreign_call.hpp"
#include "support/errors.hpp"

#include "tallfit/linalg/matrix_sizes.hpp"

namespace tallfit::linalg {
namespace {

// Mutations: a length cut to 32 bits (negative or small), an error on one rank only, without numbers.
TEST(Workspace, BeyondTheCountsIsAResourceErrorWithNumbers) {
  const auto world = comm::Communicator::world();
  const Index length = symmetric_eigen_workspace({.rows = 100'000, .cols = 100'000});
  const auto call = [&] {
    detail::run_with_workspace({"dsyevd", "the Gram matrix"}, length, world,
                               [](double* work, const int*, int*) { *work = 1.0; });
  };
  support::expect_error(
      ErrorKind::resource,
      {"dsyevd needs a workspace of 20000600001 numbers per rank", "2^31 - 1", "use more ranks"}, call);
  EXPECT_THROW(detail::workspace("pdgesvd", 0.0, most_counted + 1, world), Error);
}

// What a routine answers after an overflow: negative, or beyond what it could be told; then the formula
// holds. Mutations: an answer that is believed; a formula that is taken though the answer is more.
TEST(Workspace, AnOverflownAnswerIsNotBelieved) {
  const auto world = comm::Communicator::world();
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double answer : {-2147479552.0, 4e9, nan})
    EXPECT_EQ(detail::workspace("pdgesvd", answer, 1000, world).size(), 1000U) << answer;
  EXPECT_EQ(detail::workspace("pdgesvd", 1500.0, 1000, world).size(), 1500U);
  EXPECT_EQ(detail::workspace("pdgesvd", 0.0, 0, world).size(), 1U);  // BLACS wants a pointer
}

}  // namespace
}  // namespace tallfit::linalg
