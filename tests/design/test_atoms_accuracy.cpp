#include <gtest/gtest.h>

#include <string>

#include "design/held_out_error.hpp"

namespace tallfit::design::test {
namespace {

// The descriptors are complete for the potential as their order grows, so every order must predict better,
// and twice as many radial functions must do several times better. Thresholds are about 1.5 x what was
// measured.
TEST(AtomsAccuracy, HeldOutForceErrorFallsWithEveryOrder) {
  constexpr Index configurations = 40 * 11;  // 32,720 rows
  double before = 1.0;
  for (int order = 1; order <= 8; ++order) {
    const double error = held_out_force_error(order, configurations);
    RecordProperty("order_" + std::to_string(order), std::to_string(error));
    EXPECT_LT(error, before) << "order " << order;
    before = error;
    if (order == 3) {
      EXPECT_LT(error, 0.08);
    }
  }
  EXPECT_LT(before, 0.02);
}

}  // namespace
}  // namespace tallfit::design::test
