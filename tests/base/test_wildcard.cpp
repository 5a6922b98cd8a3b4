#include <gtest/gtest.h>

#include "tallfit/base/wildcard.hpp"

namespace tallfit::test {
namespace {

TEST(Wildcard, StandsForAnyText) {
  for (const char* pattern : {"*", "Ta*", "*[3]", "T*[*]", "**", "Ta B[3]", "Ta*B*3*", "*Ta B[3]*"})
    EXPECT_TRUE(matches_wildcard(pattern, "Ta B[3]")) << pattern;
  for (const char* pattern : {"", "Ta", "B*", "*B", "*[4]", "Ta*Ta*", "Ta B[3]?", "Ta B[3]*3", "ta*"})
    EXPECT_FALSE(matches_wildcard(pattern, "Ta B[3]")) << pattern;
  EXPECT_TRUE(matches_wildcard("", ""));
  EXPECT_TRUE(matches_wildcard("*", ""));
}

}  // namespace
}  // namespace tallfit::test
