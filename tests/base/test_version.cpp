#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tallfit/base/version.hpp"

namespace tallfit {
namespace {

TEST(Version, IsThreeNumbers) {
  const std::string text = version();
  EXPECT_EQ(text.find_first_not_of("0123456789."), std::string::npos) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '.'), 2) << text;
}

TEST(Version, RevisionIsAHashOrUnknown) {
  std::string text = git_revision();
  if (text == "unknown") return;
  if (text.ends_with("-dirty")) text.resize(text.size() - std::string("-dirty").size());
  EXPECT_EQ(text.size(), 40U) << text;
  EXPECT_EQ(text.find_first_not_of("0123456789abcdef"), std::string::npos) << text;
}

}  // namespace
}  // namespace tallfit
