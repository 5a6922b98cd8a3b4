// Quantiles of Student's distribution against closed forms.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "tallfit/infer/special_functions.hpp"

namespace tallfit::infer {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

// 1, 2 and 4 degrees of freedom have closed forms. Catches tails that are exchanged, lost digits near the
// middle and far out.
TEST(SpecialFunctions, StudentQuantilesOfClosedForm) {
  for (const double p : {0.001, 0.05, 0.3, 0.499, 0.6, 0.75, 0.95, 0.975, 0.999, 0.9999}) {
    // the closed forms lose digits where p is near 1/2 or 1
    const double tolerance = 1e-12;
    const double one = std::tan(std::numbers::pi * (p - 0.5));
    EXPECT_NEAR(student_quantile(p, 1.0) / one, 1.0, tolerance) << p;
    const double both = 4.0 * p * (1.0 - p);
    const double two = (2.0 * p - 1.0) * std::sqrt(2.0 / both);
    EXPECT_NEAR(student_quantile(p, 2.0) / two, 1.0, tolerance) << p;
    const double q = std::cos(std::acos(std::sqrt(both)) / 3.0) / std::sqrt(both);
    const double four = std::copysign(2.0 * std::sqrt(q - 1.0), p - 0.5);
    EXPECT_NEAR(student_quantile(p, 4.0) / four, 1.0, std::abs(p - 0.5) < 0.01 ? 1e-9 : 1e-11) << p;
  }
}

// The expansion for many degrees of freedom continues the beta function, and ends in the normal one.
TEST(SpecialFunctions, StudentQuantilesOfManyDegreesOfFreedom) {
  for (const double level : {0.5, 0.68, 0.9, 0.95, 0.999}) {
    const double many = 1e4;
    EXPECT_NEAR(central_quantile(level, many * (1.0 + 1e-12)) / central_quantile(level, many), 1.0, 2e-12);
    EXPECT_EQ(central_quantile(level, infinite), normal_quantile(0.5 + 0.5 * level));
    const double z = central_quantile(level, infinite);
    EXPECT_NEAR(central_quantile(level, 1e9) / z, 1.0 + (z * z + 1.0) / 4e9, 1e-15);
  }
}

}  // namespace
}  // namespace tallfit::infer
