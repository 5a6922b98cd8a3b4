#include <gtest/gtest.h>

#include <random>
#include <set>

#include "support/factor_check.hpp"

#include "tallfit/compress/fold_schedule.hpp"
#include "tallfit/linalg/fold.hpp"

namespace tallfit::compress {
namespace {

using Eigen::MatrixXd;

constexpr Index n_cols = 4;

/// Leaves of a cell: empty, a few rows, enough for a triangle, enough for a right sibling's own one.
std::vector<Index> some_rows(unsigned seed, std::size_t n_leaves) {
  std::mt19937 generator(seed);
  std::vector<Index> rows(n_leaves);
  const Index most = std::vector<Index>{3, 7, 14, 40}[seed % 4];
  for (Index& n : rows)
    n = std::max<Index>(0, static_cast<Index>(generator() % static_cast<unsigned>(most + 3)) - 2);
  return rows;
}

MatrixXd rows_of_leaf(Index leaf, Index n_rows) {
  std::mt19937_64 generator(static_cast<std::uint64_t>(leaf + 1));
  std::normal_distribution<double> normal;
  return MatrixXd::NullaryExpr(n_rows, n_cols, [&] { return normal(generator); });
}

/// What merge() makes of the parts of a node.
Factor fold_parts(const FoldedNode& node, const MatrixXd& rows) {
  std::vector<double> triangle(static_cast<std::size_t>(linalg::packed_size(n_cols)));
  Index done = 0;
  for (const Index part : node.parts) {
    for (const Index end = done + part; done < end;) {
      linalg::RowTiles tiles(std::min(linalg::fold_rows(part), end - done), n_cols);
      while (!tiles.is_full()) {
        const Eigen::RowVectorXd row = rows.row(done++);
        tiles.append(row.data(), n_cols, std::vector<double>{1.0});
      }
      linalg::fold_in_place(triangle, tiles);
    }
  }
  EXPECT_EQ(done, rows.rows());
  return Factor::of_triangle(n_cols, triangle);
}

// Mutations: a node that is folded although the tree would merge two triangles, or in other parts; rows of an
// empty leaf; leaves that do not begin at 0 or end within a node.
TEST(FoldSchedule, FoldingWhileReadingGivesTheBitsOfTheTree) {
  std::set<int> levels;
  for (unsigned seed = 0; seed < 200; ++seed) {
    const Index first = seed % 3;
    const std::vector<Index> rows = some_rows(seed, 1 + seed % 17);
    const auto end = first + static_cast<Index>(rows.size());
    TreePieces kept;
    TreePieces folded;
    std::vector<FoldedNode> nodes = folded_nodes(0, first, rows, n_cols);
    std::size_t next = 0;
    MatrixXd read(0, n_cols);
    for (Index leaf = first; leaf < end; ++leaf) {
      const MatrixXd mine = rows_of_leaf(leaf, rows[static_cast<std::size_t>(leaf - first)]);
      // A leaf of many rows is a triangle of its own, as folded_nodes() says of it alone.
      const auto alone = folded_nodes(0, leaf, {mine.rows()}, n_cols);
      const Factor piece = alone.empty() ? support::factor_rows(mine) : fold_parts(alone.front(), mine);
      add_node_in_place(kept, {0, 0, leaf}, piece);
      if (next == nodes.size() || leaf < nodes[next].first_leaf()) {
        add_node_in_place(folded, {0, 0, leaf}, piece);
        continue;
      }
      read.conservativeResize(read.rows() + mine.rows(), n_cols);
      read.bottomRows(mine.rows()) = mine;
      if (leaf + 1 < nodes[next].end_leaf()) continue;
      add_node_in_place(folded, nodes[next].node, fold_parts(nodes[next], read));
      levels.insert(nodes[next].node.level);
      read.resize(0, n_cols);
      ++next;
    }
    EXPECT_EQ(next, nodes.size());
    ASSERT_EQ(kept.size(), folded.size()) << "seed " << seed;
    for (const auto& [node, factor] : kept) {
      ASSERT_TRUE(folded.contains(node));
      EXPECT_TRUE(support::same_bits(factor, folded.at(node))) << "seed " << seed;
    }
  }
  EXPECT_GE(levels.size(), 4U);  // single leaves, and nodes of eight
}

}  // namespace
}  // namespace tallfit::compress
