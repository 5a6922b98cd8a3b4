#include <gtest/gtest.h>

#include "tallfit/base/error.hpp"
#include "tallfit/base/phase.hpp"

namespace tallfit {
namespace {

TEST(Phase, NestsAndAddsUp) {
  clear_stages();
  {
    Phase fit("fit");
    for (int pass = 0; pass < 2; ++pass) {
      Phase compress("compress");
      compress.add_flops(1e6);
      compress.add_bytes(80.0);
    }
    fit.add_flops(5.0);
  }
  const auto all = stages();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].name, "fit");
  EXPECT_EQ(all[0].calls, 1);
  EXPECT_EQ(all[0].flops, 2e6 + 5.0);
  EXPECT_EQ(all[0].bytes, 160.0);
  EXPECT_EQ(all[1].name, "fit/compress");
  EXPECT_EQ(all[1].calls, 2);
  EXPECT_EQ(all[1].flops, 2e6);
  EXPECT_GE(all[0].seconds, all[1].seconds);
}

// Messages count for the phase that is open, and for the ones around it; outside of phases they are not
// counted.
TEST(Phase, CountsMessages) {
  clear_stages();
  count_message(1e9);
  {
    const Phase fit("fit");
    count_message(8.0);
    {
      const Phase merge("merge");
      count_message(100.0);
      count_message(20.0);
    }
  }
  const auto all = stages();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].messages, 3.0);
  EXPECT_EQ(all[0].sent, 128.0);
  EXPECT_EQ(all[1].messages, 2.0);
  EXPECT_EQ(all[1].sent, 120.0);
}

TEST(Phase, CountsFlopsThatAreFoundWithin) {
  clear_stages();
  count_flops(1e9);
  {
    const Phase merge("merge");
    count_flops(3.0);
    count_flops(4.0);
  }
  ASSERT_EQ(stages().size(), 1U);
  EXPECT_EQ(stages()[0].flops, 7.0);
}

TEST(Phase, RateNeedsTime) {
  EXPECT_EQ((Stage{.name = "x", .seconds = 0.0, .flops = 1e9}).gflops(), 0.0);
  EXPECT_DOUBLE_EQ((Stage{.name = "x", .seconds = 2.0, .flops = 1e9}).gflops(), 0.5);
}

TEST(Phase, EndsWhenAnExceptionUnwinds) {
  clear_stages();
  try {
    const Phase outer("outer");
    const Phase inner("inner");
    fail(ErrorKind::input, "no");
  } catch (const Error&) {
  }
  const Phase next("next");
  EXPECT_EQ(stages().back().name, "next");
  EXPECT_THROW(clear_stages(), Error);
}

}  // namespace
}  // namespace tallfit
