#include <gtest/gtest.h>

#include "design/held_out_error.hpp"

namespace tallfit::design::test {
namespace {

// The promise of the training set: a few percent of the forces' standard deviation with a thousand columns.
// It is kept with room to spare; 1 % also catches a loss of accuracy long before the promise breaks.
TEST(AtomsAccuracy, AThousandColumnsPredictForcesToAFewPercent) {
  constexpr Index configurations = 36 * 11;  // 29,448 rows
  const double small = held_out_force_error(10, configurations);
  const double large = held_out_force_error(21, configurations);  // K = 1,040
  EXPECT_LT(large, small);
  EXPECT_LT(large, 0.01);
}

}  // namespace
}  // namespace tallfit::design::test
