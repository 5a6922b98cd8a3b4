#include <Eigen/Core>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>
#include <set>

#include "support/factor_check.hpp"

#include "tallfit/base/phase.hpp"
#include "tallfit/compress/factor_tree.hpp"

namespace tallfit::compress {
namespace {

using Eigen::MatrixXd;
using support::everywhere;
using support::expect_factor_of;
using support::factor_of;
using support::same_bits;

constexpr Index n_cols = 6;

/// Rows of a leaf of an item: 0 to 11, so that pieces are empty, raw and triangular.
MatrixXd leaf_rows(Index item, Index leaf) {
  std::mt19937_64 generator(static_cast<std::uint64_t>(1000 * item + leaf + 1));
  std::normal_distribution<double> normal;
  const auto m = static_cast<Index>(generator() % 12U);
  return MatrixXd::NullaryExpr(m, n_cols, [&] { return normal(generator); });
}

MatrixXd all_rows(Index item, Index n_leaves) {
  MatrixXd all(0, n_cols);
  for (Index leaf = 0; leaf < n_leaves; ++leaf) {
    const MatrixXd rows = leaf_rows(item, leaf);
    all.conservativeResize(all.rows() + rows.rows(), n_cols);
    all.bottomRows(rows.rows()) = rows;
  }
  return all;
}

/// Leaves in contiguous runs, as ranks own them.
std::vector<int> owners_of(Index n_leaves, int n_ranks) {
  std::vector<int> owners;
  for (Index leaf = 0; leaf < n_leaves; ++leaf) owners.push_back(static_cast<int>(leaf * n_ranks / n_leaves));
  return owners;
}

/// The roots of all items that are here, of leaves added one after the other.
std::map<Index, Factor> reduce_leaves(const comm::Communicator& comm, Index n_items, Index n_leaves) {
  const std::vector<int> owners = owners_of(n_leaves, comm.size());
  TreePieces pieces;
  for (Index leaf = 0; leaf < n_leaves; ++leaf) {
    if (owners[static_cast<std::size_t>(leaf)] != comm.rank()) continue;
    for (Index item = 0; item < n_items; ++item)
      add_node_in_place(pieces, {item, 0, leaf}, factor_of(leaf_rows(item, leaf)));
  }
  return reduce_over_tree(comm, owners, n_items, std::move(pieces), RowScales::alike);
}

// Mutations: a merge that depends on which leaves share a rank; left and right swapped where the right one's
// rank keeps the parent; an odd leaf that is lost. The reference is the same tree on one rank.
TEST(FactorTree, SameBitsAsOnOneRank) {
  const comm::Communicator world = comm::Communicator::world();
  for (const Index n_leaves : {1, 2, 3, 5, 8, 13}) {
    constexpr Index n_items = 5;
    const std::map<Index, Factor> expected = reduce_leaves(comm::Communicator::self(), n_items, n_leaves);
    std::map<Index, Factor> roots = reduce_leaves(world, n_items, n_leaves);
    const std::vector<int> homes = root_owners(owners_of(n_leaves, world.size()), n_items);
    for (Index item = 0; item < n_items; ++item) {
      SCOPED_TRACE(testing::Message() << "item " << item << " of " << n_leaves << " leaves");
      const int home = homes[static_cast<std::size_t>(item)];
      EXPECT_EQ(roots.count(item), expected.count(item) > 0 && home == world.rank() ? 1U : 0U);
      const Factor root = everywhere(world, roots.count(item) > 0 ? roots.at(item) : Factor(n_cols), home);
      const MatrixXd rows = all_rows(item, n_leaves);
      EXPECT_EQ(root.n_rows(), std::min<Index>(rows.rows(), n_cols));
      if (rows.rows() == 0) continue;
      EXPECT_TRUE(same_bits(root, expected.at(item)));
      expect_factor_of(root.dense(), rows, 6.0);  // a leaf's own factor and up to four levels
    }
  }
}

// Mutation: merging on the way that reduce_over_tree() would not do.
TEST(FactorTree, LeavesAddedOneByOneGiveTheBitsOfLeavesAtOnce) {
  const comm::Communicator self = comm::Communicator::self();
  for (const Index n_leaves : {4, 7, 11}) {
    TreePieces at_once;
    for (Index leaf = 0; leaf < n_leaves; ++leaf) at_once[{0, 0, leaf}] = factor_of(leaf_rows(0, leaf));
    const auto roots = reduce_over_tree(self, owners_of(n_leaves, 1), 1, at_once, RowScales::alike);
    EXPECT_TRUE(same_bits(roots.at(0), reduce_leaves(self, 1, n_leaves).at(0)));
  }
}

// A rank keeps a logarithm of its leaves, not all. Mutation: siblings that are not merged as they come.
TEST(FactorTree, FinishedLeavesAreMergedAtOnce) {
  TreePieces pieces;
  for (Index leaf = 0; leaf < 64; ++leaf) {
    add_node_in_place(pieces, {0, 0, leaf}, factor_of(leaf_rows(0, leaf)));
    EXPECT_EQ(static_cast<int>(pieces.size()),
              __builtin_popcountll(static_cast<unsigned long long>(leaf) + 1));
  }
}

// Mutation: a scale that is lost on the way to another rank, or applied twice when a factor meets only empty
// ones.
TEST(FactorTree, ScalesAreAppliedOnce) {
  const comm::Communicator world = comm::Communicator::world();
  constexpr Index n_leaves = 9;
  const std::vector<int> owners = owners_of(n_leaves, world.size());
  for (const bool lonely : {false, true}) {
    TreePieces pieces;
    MatrixXd all(0, n_cols);
    for (Index leaf = 0; leaf < n_leaves; ++leaf) {
      if (lonely && leaf != 8) continue;  // absent pieces
      const double scale = static_cast<double>(leaf + 1);
      const MatrixXd rows =
          MatrixXd::Ones(2, n_cols) + leaf_rows(1, 0).norm() * MatrixXd::Identity(2, n_cols);
      all.conservativeResize(all.rows() + 2, n_cols);
      all.bottomRows(2) = scale * rows;
      if (owners[static_cast<std::size_t>(leaf)] == world.rank())
        pieces[{0, 0, leaf}] = scaled(factor_of(rows), scale);
    }
    std::map<Index, Factor> roots = reduce_over_tree(world, owners, 1, std::move(pieces));
    const Factor root =
        everywhere(world, roots.empty() ? Factor(n_cols) : roots.at(0), root_owners(owners, 1).front());
    if (lonely) {
      EXPECT_EQ(root.dense(), all);
    }
    expect_factor_of(root.dense(), all, 5.0);
  }
}

// Recursive halving: with as many items as ranks, a rank sends and keeps one root; by the counters.
// Mutations: all roots on one rank; a half that merges more than half.
TEST(FactorTree, EachRankSendsHalfOfWhatItHasLeft) {
  const comm::Communicator world = comm::Communicator::world();
  const int n_ranks = world.size();
  for (const Index n_items : {Index{n_ranks}, Index{10}}) {
    TreePieces pieces;
    for (Index item = 0; item < n_items; ++item)
      pieces[{item, 0, world.rank()}] = factor_of(MatrixXd::Identity(n_cols, n_cols));
    clear_stages();
    {
      const Phase phase("reduce");
      reduce_over_tree(world, owners_of(n_ranks, n_ranks), n_items, std::move(pieces), RowScales::alike);
    }
    const double levels = std::ceil(std::log2(static_cast<double>(n_ranks)));
    const double triangle = sizeof(double) * n_cols * (n_cols + 1) / 2.0;
    const double headers = 24.0 * stages().front().messages;
    EXPECT_LE(stages().front().sent - headers, (static_cast<double>(n_items) + levels) * triangle);
    const std::vector<int> homes = root_owners(owners_of(n_ranks, n_ranks), n_items);
    if (n_items == n_ranks && std::has_single_bit(static_cast<unsigned>(n_ranks))) {
      EXPECT_EQ(std::set(homes.begin(), homes.end()).size(), static_cast<std::size_t>(n_ranks));
    }
  }
}

// Ranks send to each other in both directions at every level. Mutation: blocking sends deadlock on large
// factors.
TEST(FactorTree, LargeFactorsCrossWithoutDeadlock) {
  const comm::Communicator world = comm::Communicator::world();
  constexpr Index wide = 250;  // 0.25 MB a factor: beyond what MPI sends without a receiver
  std::vector<int> owners;
  TreePieces pieces;
  const Factor triangle = factor_of(MatrixXd::Identity(wide, wide));
  for (int leaf = 0; leaf < 2 * world.size(); ++leaf) owners.push_back(leaf % world.size());
  for (Index item = 0; item < 6; ++item)
    for (std::size_t leaf = 0; leaf < owners.size(); ++leaf)
      if (owners[leaf] == world.rank()) pieces[{item, 0, static_cast<Index>(leaf)}] = triangle;
  const std::map<Index, Factor> roots = reduce_over_tree(world, owners, 6, std::move(pieces));
  for (const auto& [item, root] : roots) {
    const double expected = std::sqrt(2.0 * world.size());  // the norm of 2 P unit rows
    EXPECT_NEAR(std::abs(root.dense()(0, 0)), expected,
                1e2 * std::numeric_limits<double>::epsilon() * expected);
    EXPECT_EQ(root_owners(owners, 6)[static_cast<std::size_t>(item)], world.rank());
  }
}

// Mutation: all roots on the lowest rank. Halves of an odd number of ranks are uneven, hence the factor of
// two.
TEST(FactorTree, RootsAreSpreadOverTheRanks) {
  for (const int n_ranks : {1, 2, 3, 4, 7}) {
    const std::vector<int> owners = owners_of(64, n_ranks);
    std::vector<int> roots(static_cast<std::size_t>(n_ranks), 0);
    for (const int owner : root_owners(owners, 64)) {
      ASSERT_GE(owner, 0);
      ASSERT_LT(owner, n_ranks);
      ++roots[static_cast<std::size_t>(owner)];
    }
    EXPECT_GT(*std::min_element(roots.begin(), roots.end()), 0) << n_ranks << " ranks";
    EXPECT_LE(*std::max_element(roots.begin(), roots.end()), 1 + 2 * 64 / n_ranks) << n_ranks << " ranks";
  }
}

TEST(FactorTree, MovesToRoot) {
  const comm::Communicator world = comm::Communicator::world();
  const Factor mine = factor_of(MatrixXd::Constant(2, 3, world.rank() + 1.0));
  for (int from = 0; from < world.size(); ++from) {
    const Factor moved = move_to_root(world, mine, from);
    if (!world.is_root() && from != 0) {
      EXPECT_TRUE(moved.is_empty());
    }
    if (world.is_root()) {
      EXPECT_EQ(moved.dense(), MatrixXd::Constant(2, 3, from + 1.0));
    }
    const Factor nothing = move_to_root(world, Factor(3), from);
    EXPECT_TRUE(nothing.is_empty());
  }
}

TEST(FactorTree, NothingToReduce) {
  const comm::Communicator world = comm::Communicator::world();
  EXPECT_TRUE(reduce_over_tree(world, owners_of(4, world.size()), 0, {}).empty());
  EXPECT_TRUE(reduce_over_tree(world, owners_of(4, world.size()), 3, {}).empty());
}

}  // namespace
}  // namespace tallfit::compress
