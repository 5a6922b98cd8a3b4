#include <gtest/gtest.h>

#include <regex>

#include "tallfit/base/version.hpp"

namespace tallfit {
namespace {

TEST(Version, IsThreeNumbers) {
  EXPECT_TRUE(std::regex_match(version(), std::regex(R"(\d+\.\d+\.\d+)"))) << version();
}

TEST(Version, RevisionIsAHashOrUnknown) {
  EXPECT_TRUE(std::regex_match(git_revision(), std::regex("[0-9a-f]{40}(-dirty)?|unknown")))
      << git_revision();
}

}  // namespace
}  // namespace tallfit
