#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>

#include "tallfit/base/double_double.hpp"

namespace tallfit {
namespace {

// Integers of 128 bits are the oracle: every double below is a whole number, so sums and products are exact
// there.
__extension__ typedef __int128 Wide;

Wide exact(DoubleDouble x) { return static_cast<Wide>(x.high) + static_cast<Wide>(x.low); }

Wide magnitude(Wide x) { return x < 0 ? -x : x; }

/// |got - expected| <= 2^-bits |expected|.
void expect_relative(DoubleDouble got, Wide expected, int bits) {
  const Wide error = magnitude(exact(got) - expected);
  EXPECT_TRUE(error == 0 || error <= (magnitude(expected) >> bits))
      << "error 2^" << std::log2(static_cast<double>(error)) << " of a number of 2^"
      << std::log2(static_cast<double>(magnitude(expected)));
}

/// high + low is a whole number of up to @p bits bits, either sign, |low| <= ulp(high) / 2.
DoubleDouble random_whole(std::mt19937_64& generator, int bits) {
  const auto high = static_cast<double>(static_cast<std::int64_t>(generator()) >> (64 - bits));
  const double half_ulp = std::ldexp(1.0, std::ilogb(high == 0.0 ? 1.0 : high) - 53);
  const auto low =
      std::trunc(half_ulp * (2.0 * std::ldexp(static_cast<double>(generator() >> 11U), -53) - 1.0));
  return exact_sum_ordered(high, low);
}

double random_double(std::mt19937_64& generator, int bits) {
  return static_cast<double>(static_cast<std::int64_t>(generator()) >> (64 - bits));
}

// Mutation: Dekker's ordered sum in place of Knuth's loses the low part where |a| < |b|.
TEST(DoubleDouble, SumOfTwoDoublesIsExactInEitherOrder) {
  std::mt19937_64 generator(1);
  for (int i = 0; i < 2000; ++i) {
    const double a = random_double(generator, 62);
    const double b = random_double(generator, 2 + i % 61);
    EXPECT_TRUE(exact(exact_sum(a, b)) == static_cast<Wide>(a) + static_cast<Wide>(b)) << a << " + " << b;
    EXPECT_TRUE(exact(exact_sum(b, a)) == static_cast<Wide>(a) + static_cast<Wide>(b)) << b << " + " << a;
  }
  const DoubleDouble tiny = exact_sum(1.0, 0x1.0p-200);
  EXPECT_EQ(tiny.high, 1.0);
  EXPECT_EQ(tiny.low, 0x1.0p-200);
}

// Mutation: a * b - p in place of the fused operation is 0.
TEST(DoubleDouble, ProductOfTwoDoublesIsExact) {
  std::mt19937_64 generator(2);
  for (int i = 0; i < 2000; ++i) {
    const double a = random_double(generator, 60);
    const double b = random_double(generator, 60);
    EXPECT_TRUE(exact(exact_product(a, b)) == static_cast<Wide>(a) * static_cast<Wide>(b)) << a << " * " << b;
  }
}

// The documented bound, 2^-104, with heavy cancellation in every third sum. Mutation: the sloppy variant,
// which adds the low parts in one go, has no bound where signs differ.
TEST(DoubleDouble, SumKeepsItsBound) {
  std::mt19937_64 generator(3);
  for (int i = 0; i < 5000; ++i) {
    const DoubleDouble a = exact_sum(random_double(generator, 60) * 0x1.0p60, random_double(generator, 60));
    DoubleDouble b = exact_sum(random_double(generator, 60) * 0x1.0p60, random_double(generator, 60));
    if (i % 3 == 0) b = exact_sum(-a.high, random_double(generator, 10 + i % 50));
    expect_relative(a + b, exact(a) + exact(b), 104);
    expect_relative(a - b, exact(a) - exact(b), 104);
    DoubleDouble sum = a;
    sum += b;
    EXPECT_EQ(sum.high, (a + b).high);
    EXPECT_EQ(sum.low, (a + b).low);
  }
}

// The documented bound, 2^-102. Mutation: without the product of a low part the error is 2^-53.
TEST(DoubleDouble, ProductKeepsItsBound) {
  std::mt19937_64 generator(4);
  for (int i = 0; i < 5000; ++i) {
    const DoubleDouble a = random_whole(generator, 62);
    const DoubleDouble b = random_whole(generator, 62);
    expect_relative(a * b, exact(a) * exact(b), 102);
    expect_relative(a * b.high, exact(a) * static_cast<Wide>(b.high), 102);
  }
}

// What the sums of targets are for: what is left when large sums cancel. Exact, for all numbers are multiples
// of 2^-12, the unit in the last place of 1e12 being half of that. Mutation: a plain double loses all of it.
TEST(DoubleDouble, SumsCancelWithoutLoss) {
  DoubleDouble sum;
  for (int i = 0; i < 100000; ++i) sum += 1e12 + std::ldexp(i % 16, -12);
  for (int i = 0; i < 100000; ++i) sum += -1e12;
  EXPECT_EQ(sum.value(), 100000 / 16 * 120 * 0x1.0p-12);
  EXPECT_EQ((-DoubleDouble(1.0, 0x1.0p-60)).low, -0x1.0p-60);
}

}  // namespace
}  // namespace tallfit
