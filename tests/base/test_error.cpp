#include <gtest/gtest.h>

#include <string>

#include "tallfit/base/error.hpp"

namespace tallfit {
namespace {

TEST(Error, CarriesKindTextAndPlace) {
  const int line = __LINE__ + 2;
  try {
    require(1 > 2, ErrorKind::input, "{} has {} rows", "train.h5", 7);
    FAIL() << "require(false) did not throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::input);
    EXPECT_STREQ(error.what(), "train.h5 has 7 rows");
    EXPECT_TRUE(std::string(error.where().file).ends_with("test_error.cpp"));
    EXPECT_EQ(error.where().line, line);
    EXPECT_FALSE(error.is_collective());
  }
}

TEST(Error, RequireIsSilentWhenTrue) { EXPECT_NO_THROW(require(true, ErrorKind::bug, "never")); }

TEST(Error, FailAlwaysThrows) { EXPECT_THROW(fail(ErrorKind::numerical, "K = {}", 3), Error); }

TEST(Error, CollectiveIsMarked) {
  const Error error = Error::collective(ErrorKind::resource, "no memory");
  EXPECT_TRUE(error.is_collective());
  EXPECT_EQ(error.kind(), ErrorKind::resource);
}

// Scripts of users depend on these numbers.
TEST(Error, KindsAreTheExitCodes) {
  EXPECT_EQ(static_cast<int>(ErrorKind::bug), 1);
  EXPECT_EQ(static_cast<int>(ErrorKind::input), 2);
  EXPECT_EQ(static_cast<int>(ErrorKind::numerical), 3);
  EXPECT_EQ(static_cast<int>(ErrorKind::resource), 4);
}

}  // namespace
}  // namespace tallfit
