/// Merging factors over a binary tree whose shape does not depend on the number of ranks.
#pragma once

#include <compare>
#include <map>
#include <vector>

#include "tallfit/comm/communicator.hpp"
#include "tallfit/compress/factor.hpp"

namespace tallfit::compress {

/// Node `index` of `level` covers leaves [index 2^level, (index + 1) 2^level) of one item's tree.
struct TreeNode {
  Index item = 0;
  int level = 0;
  Index index = 0;
  auto operator<=>(const TreeNode&) const = default;

  Index first_leaf() const { return index << static_cast<unsigned>(level); }
  Index end_leaf() const { return (index + 1) << static_cast<unsigned>(level); }
};

/// Rows from which a node of n columns is a triangle: 2 n, or 4 n where it is a right sibling.
///
/// Merging two triangles costs a third of folding n rows into one, so that triangles of n rows would add a
/// third to the work. The rows of a right sibling are folded into the left one's triangle as soon as they are
/// together, which saves their own.
constexpr Index most_raw_rows(const TreeNode& node, Index n_cols) {
  return (node.index % 2 == 1 ? 4 : 2) * n_cols;
}

/// Pieces held by this rank. A node without rows may have an empty factor or no piece at all.
using TreePieces = std::map<TreeNode, Factor>;

/// Adds a finished node (an empty factor where it has no rows), as a rule a leaf, and merges it upwards as
/// far as its siblings are here already. Nodes come in order. Local; the merges are those that
/// reduce_over_tree() would do.
void add_node_in_place(TreePieces& pieces, TreeNode node, Factor factor);

/// Merges the pieces of every item up to the root of its tree.
///
/// Siblings merge left over right. They are brought together on the rank of one of them, of two ranks the one
/// that has fewer to merge at this level; on the same rank everything is local. This is recursive halving
/// over items: on P ranks, with C items and triangles of n columns, a rank sends and merges about C/2 + C/4 +
/// ... and then at most one a level, less than C + log2(P) triangles of n^2/2 doubles in all (nodes of fewer
/// than most_raw_rows() travel as these). The roots of many items are spread over the ranks. @collective
///
/// @param scales      of siblings: alike where the leaves are of one cell, as add_node_in_place() takes them
/// to be
/// @param leaf_owner  the rank of every leaf, the same on all ranks
/// @return            the whole factor of the items whose root is here, reduced()
std::map<Index, Factor> reduce_over_tree(const comm::Communicator& comm, const std::vector<int>& leaf_owner,
                                         Index n_items, TreePieces pieces,
                                         RowScales scales = RowScales::decreasing);

/// Moves the factor of one rank to rank 0; elsewhere the result is empty. @collective
Factor move_to_root(const comm::Communicator& comm, Factor factor, int from);

/// The ranks that reduce_over_tree() leaves the roots of its items on. Local.
std::vector<int> root_owners(const std::vector<int>& leaf_owner, Index n_items);

}  // namespace tallfit::compress
