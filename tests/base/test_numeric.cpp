#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "tallfit/base/error.hpp"
#include "tallfit/base/numeric.hpp"

namespace tallfit {
namespace {

constexpr Index largest = std::numeric_limits<int>::max();
constexpr Index smallest = std::numeric_limits<int>::min();

TEST(ToInt, KeepsWhatFits) {
  for (const Index value : {smallest, Index{-1}, Index{0}, Index{1}, largest})
    EXPECT_EQ(to_int(value, "n"), value);
}

TEST(ToInt, RefusesOneMoreAndNamesIt) {
  EXPECT_THROW(to_int(smallest - 1, "n"), Error);
  try {
    to_int(largest + 1, "rows of the panel");
    FAIL() << "2^31 was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::resource);
    EXPECT_EQ(std::string(error.what()).rfind("rows of the panel = 2147483648 exceeds the 32-bit limit", 0),
              0U)
        << error.what();
  }
}

TEST(CeilDiv, RoundsUp) {
  EXPECT_EQ(ceil_div(0, 5), 0);
  EXPECT_EQ(ceil_div(1, 5), 1);
  EXPECT_EQ(ceil_div(5, 5), 1);
  EXPECT_EQ(ceil_div(6, 5), 2);
  EXPECT_EQ(ceil_div(Index{1} << 40, 3), 366503875926);  // (2^40 + 2) / 3
}

}  // namespace
}  // namespace tallfit
