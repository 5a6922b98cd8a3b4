#include "tallfit/compress/factor_tree.hpp"

#include <optional>
#include <utility>

#include "factor_exchange.hpp"

namespace tallfit::compress {

namespace {

std::optional<Factor> take(TreePieces& pieces, const TreeNode& node) {
  const auto found = pieces.find(node);
  if (found == pieces.end()) return std::nullopt;
  return std::move(pieces.extract(found).mapped());
}

/// Merges two siblings, either of which may be absent, into their parent.
void merge_siblings(TreePieces& pieces, const TreeNode& parent, std::optional<Factor> left,
                    std::optional<Factor> right, RowScales scales) {
  if (!left && !right) return;  // merged before
  pieces[parent] = !right  ? *std::move(left)
                   : !left ? *std::move(right)
                           : merge(*left, *right, scales, most_raw_rows(parent, left->n_cols()));
}

/// Which of two ranks keeps the parent. Any rule that all ranks know would do; this one spreads the roots.
int parent_owner(int left, int right, Index item, int level) {
  const auto mixed = (static_cast<std::uint64_t>(item) + 1) * 0x9E3779B97F4A7C15U +
                     static_cast<std::uint64_t>(level) * 0xD1B54A32D192ED03U;
  return (mixed >> 63U) == 0 ? left : right;
}

std::vector<int> parents_of(const std::vector<int>& owners, Index item, int level) {
  std::vector<int> parents;
  for (std::size_t i = 0; i < owners.size(); i += 2) {
    parents.push_back(i + 1 < owners.size() ? parent_owner(owners[i], owners[i + 1], item, level)
                                            : owners[i]);
  }
  return parents;
}

/// Brings the siblings of one level together: all sends first, so that no two ranks wait for each other.
void climb(const comm::Communicator& comm, const std::vector<std::vector<int>>& owners, int level,
           TreePieces& pieces, RowScales scales) {
  const int me = comm.rank();
  FactorSends sends(comm);
  for (std::size_t item = 0; item < owners.size(); ++item) {
    const auto& owner = owners[item];
    for (std::size_t i = 0; i + 1 < owner.size(); i += 2) {
      const int keeper = parent_owner(owner[i], owner[i + 1], static_cast<Index>(item), level);
      const std::size_t given = keeper == owner[i] ? i + 1 : i;
      if (owner[given] != me || keeper == me) continue;
      sends.post(take(pieces, {static_cast<Index>(item), level, static_cast<Index>(given)}), keeper);
    }
  }
  for (std::size_t item = 0; item < owners.size(); ++item) {
    const auto& owner = owners[item];
    for (std::size_t i = 0; i < owner.size(); i += 2) {
      const TreeNode left{static_cast<Index>(item), level, static_cast<Index>(i)};
      const TreeNode right{left.item, level, left.index + 1};
      const TreeNode parent{left.item, level + 1, left.index / 2};
      const bool paired = i + 1 < owner.size();
      const int keeper = paired ? parent_owner(owner[i], owner[i + 1], left.item, level) : owner[i];
      if (keeper != me) continue;
      auto left_piece = owner[i] == me ? take(pieces, left) : receive_factor(comm, owner[i]);
      std::optional<Factor> right_piece;
      if (paired) right_piece = owner[i + 1] == me ? take(pieces, right) : receive_factor(comm, owner[i + 1]);
      merge_siblings(pieces, parent, std::move(left_piece), std::move(right_piece), scales);
    }
  }
  sends.wait();
}

}  // namespace

void add_node_in_place(TreePieces& pieces, TreeNode node, Factor factor) {
  pieces[node] = std::move(factor);
  while (node.index % 2 == 1) {
    const TreeNode sibling{node.item, node.level, node.index - 1};
    if (!pieces.contains(sibling)) return;
    auto right = take(pieces, node);
    auto left = take(pieces, sibling);
    node = {node.item, node.level + 1, node.index / 2};
    merge_siblings(pieces, node, std::move(left), std::move(right), RowScales::alike);
  }
}

std::map<Index, Factor> reduce_over_tree(const comm::Communicator& comm, const std::vector<int>& leaf_owner,
                                         Index n_items, TreePieces pieces, RowScales scales) {
  std::vector<std::vector<int>> owners(static_cast<std::size_t>(n_items), leaf_owner);
  int level = 0;
  for (; !owners.empty() && owners.front().size() > 1; ++level) {
    climb(comm, owners, level, pieces, scales);
    for (std::size_t item = 0; item < owners.size(); ++item) {
      owners[item] = parents_of(owners[item], static_cast<Index>(item), level);
    }
  }
  std::map<Index, Factor> roots;
  for (auto& [node, piece] : pieces) {
    if (!piece.is_empty()) roots.emplace(node.item, reduced(std::move(piece), scales));
  }
  return roots;
}

Factor move_to_root(const comm::Communicator& comm, Factor factor, int from) {
  return move_factor(comm, std::move(factor), from, 0);
}

int root_owner(const std::vector<int>& leaf_owner, Index item) {
  std::vector<int> owners = leaf_owner;
  for (int level = 0; owners.size() > 1; ++level) owners = parents_of(owners, item, level);
  return owners.front();
}

}  // namespace tallfit::compress
