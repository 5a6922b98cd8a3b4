#include <gtest/gtest.h>

#include <vector>

#include "tallfit/base/nearest_name.hpp"

namespace tallfit {
namespace {

TEST(EditDistance, CountsEditsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0);
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("lambda", "lambda"), 0);
  EXPECT_EQ(edit_distance("lamdba", "lambda"), 1);  // a swap, where Levenshtein counts 2
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
}

TEST(NearestName, IsSilentWhenNothingIsNear) {
  const std::vector<std::string> known = {"estimator", "lambda", "fit_intercept", "k"};
  EXPECT_EQ(nearest_name("lamda", known), "lambda");
  EXPECT_EQ(nearest_name("estimater", known), "estimator");
  EXPECT_EQ(nearest_name("xyz", known), "");
  EXPECT_EQ(nearest_name("ab", known), "");  // every letter of 'k' would change
  EXPECT_EQ(did_you_mean("lamda", known), " Did you mean 'lambda'?");
  EXPECT_EQ(did_you_mean("xyz", known), "");
}

}  // namespace
}  // namespace tallfit
