/// Which nodes of a cell's tree can be folded while their rows are read.
#pragma once

#include <vector>

#include "tallfit/compress/factor_tree.hpp"

namespace tallfit::compress {

/// A node whose merges all fold rows, in the order of reading, into one triangle.
struct FoldedNode {
  TreeNode node;
  std::vector<Index> parts;  ///< rows that merge() would fold together, one part after the other

  Index first_leaf() const { return node.first_leaf(); }
  Index end_leaf() const { return node.end_leaf(); }
};

/// The largest nodes of one cell, within some leaves, that are triangles and need no other triangle merged.
///
/// Folding their rows as they are read gives the bits of keeping the rows of each leaf and merging them over
/// the tree, without ever keeping them. Nodes are in the order of their leaves; the rows of other leaves are
/// to be kept.
/// @param rows  of the cell in leaves first_leaf, first_leaf + 1, ...
/// Cost: O(leaves). Local.
std::vector<FoldedNode> folded_nodes(Index item, Index first_leaf, const std::vector<Index>& rows,
                                     Index n_cols);

}  // namespace tallfit::compress
