#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tallfit/design/folds.hpp"

namespace tallfit::design {
namespace {

// Mutation: folds drawn for each configuration on its own, which are balanced on average only.
TEST(Folds, EveryPrefixIsBalancedWithinOne) {
  for (const int n_folds : {2, 3, 10, 17}) {
    for (const std::uint32_t group : {0U, 1U, 40U}) {
      std::vector<int> sizes(static_cast<std::size_t>(n_folds), 0);
      for (Index ordinal = 0; ordinal < 500; ++ordinal) {
        const int fold = fold_of(7, group, ordinal, n_folds);
        ASSERT_GE(fold, 0);
        ASSERT_LT(fold, n_folds);
        ++sizes[static_cast<std::size_t>(fold)];
        const auto [least, most] = std::minmax_element(sizes.begin(), sizes.end());
        ASSERT_LE(*most - *least, 1) << ordinal + 1 << " configurations, " << n_folds << " folds";
      }
    }
  }
}

std::vector<int> folds(std::uint64_t seed, std::uint32_t group, Index n, int n_folds) {
  std::vector<int> all;
  for (Index ordinal = 0; ordinal < n; ++ordinal) all.push_back(fold_of(seed, group, ordinal, n_folds));
  return all;
}

// Mutations: seed or group that do not enter; the same order in every hand (then a trajectory's period could
// meet the folds'). Two of the lists agree by chance with probability 10!^-20.
TEST(Folds, DependOnSeedGroupAndHandAndOnNothingElse) {
  const std::vector<int> some = folds(1, 0, 200, 10);
  EXPECT_EQ(some, folds(1, 0, 200, 10));
  EXPECT_NE(some, folds(2, 0, 200, 10));
  EXPECT_NE(some, folds(1, 1, 200, 10));
  EXPECT_FALSE(std::equal(some.begin(), some.begin() + 100, some.begin() + 100));
}

// Each place of a hand meets each fold equally often: 4000 hands of 4, expected 1000, standard
// deviation 27.4; six of them (16 cells, false alarm 3e-8). Mutation: a shuffle that favours its start.
TEST(Folds, EveryPlaceMeetsEveryFold) {
  std::vector<std::vector<int>> count(4, std::vector<int>(4, 0));
  for (Index ordinal = 0; ordinal < 16000; ++ordinal)
    ++count[static_cast<std::size_t>(ordinal % 4)][static_cast<std::size_t>(fold_of(3, 5, ordinal, 4))];
  for (const auto& place : count)
    for (const int n : place) EXPECT_NEAR(n, 1000, 164);
}

TEST(Folds, NoneOrOneIsFoldZero) {
  for (const int n_folds : {-1, 0, 1}) EXPECT_EQ(fold_of(1, 2, 33, n_folds), 0);
}

}  // namespace
}  // namespace tallfit::design
