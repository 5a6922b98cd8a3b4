// The tree of merges of all parts but one.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tallfit/compress/all_but_one.hpp"

namespace tallfit::compress::test {
namespace {

using Parts = std::vector<int>;

// Mutations: the root merged for nothing, a sibling merged twice, one left out, n² merges.
TEST(AllButOne, MergesAllOthersInThreeMergesAPart) {
  for (int n = 2; n <= 33; ++n) {
    SCOPED_TRACE(testing::Message() << n << " parts");
    std::vector<Parts> parts;
    for (int i = 0; i < n; ++i) parts.push_back({i});
    int merges = 0;
    const auto merge = [&](const Parts& top, const Parts& bottom) {
      ++merges;
      EXPECT_FALSE(top.empty() || bottom.empty());  // a merge with nothing is a merge too many
      Parts both = top;
      both.insert(both.end(), bottom.begin(), bottom.end());
      return both;
    };
    const auto move = [](const Parts&, int, int) -> Parts {
      ADD_FAILURE() << "one rank has all";
      return {};
    };
    std::vector<int> visited;
    AllButOne<Parts>(4, std::vector<int>(static_cast<std::size_t>(n), 4), merge, move)
        .visit(parts, [&](int part, const Parts& others) {
          visited.push_back(part);
          Parts all = others;
          all.push_back(part);
          std::sort(all.begin(), all.end());
          EXPECT_EQ(static_cast<int>(all.size()), n);
          for (int i = 0; i < n; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)], i);
        });
    EXPECT_EQ(static_cast<int>(visited.size()), n);
    EXPECT_TRUE(std::is_sorted(visited.begin(), visited.end()));
    EXPECT_EQ(merges, std::max(0, 3 * n - 6));
  }
}

}  // namespace
}  // namespace tallfit::compress::test
