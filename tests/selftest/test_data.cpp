#include <gtest/gtest.h>

#include <cstdlib>

#include "support/data.hpp"

namespace tallfit::support {
namespace {

TEST(Data, IsLookedForWhereTheUserSays) {
  setenv("TALLFIT_DATA", "/nowhere", 1);
  EXPECT_EQ(data_folder(), "/nowhere");
  EXPECT_FALSE(have_data("nist"));
  EXPECT_EQ(no_data("nist"), "no /nowhere/nist; set TALLFIT_DATA to the folder that holds nist");
  unsetenv("TALLFIT_DATA");
  EXPECT_TRUE(data_folder().is_absolute());
}

}  // namespace
}  // namespace tallfit::support
