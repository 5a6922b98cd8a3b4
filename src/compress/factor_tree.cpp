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

/// The rank of every node of a level: [item][index].
using Owners = std::vector<std::vector<int>>;

/// Parents stay on the one of two ranks that has taken fewer at this level: of the items that two halves of
/// the ranks share, each half merges half, then each quarter a quarter.
Owners parents_of(const Owners& owners) {
  std::map<int, Index> taken;  // by rank
  Owners parents(owners.size());
  for (std::size_t item = 0; item < owners.size(); ++item) {
    const std::vector<int>& owner = owners[item];
    for (std::size_t i = 0; i < owner.size(); i += 2) {
      const bool here = i + 1 == owner.size() || owner[i] == owner[i + 1];
      const int keeper = here || taken[owner[i]] <= taken[owner[i + 1]] ? owner[i] : owner[i + 1];
      if (!here) ++taken[keeper];
      parents[item].push_back(keeper);
    }
  }
  return parents;
}

Index n_nodes(const Owners& owners) { return owners.empty() ? 0 : static_cast<Index>(owners.front().size()); }

/// Brings the siblings of one level together: all sends first, so that no two ranks wait for each other.
void climb(const comm::Communicator& comm, const Owners& owners, const Owners& parents, int level,
           TreePieces& pieces, RowScales scales) {
  const int me = comm.rank();
  FactorSends sends(comm);
  for (std::size_t item = 0; item < owners.size(); ++item) {
    const auto& owner = owners[item];
    for (std::size_t i = 0; i + 1 < owner.size(); i += 2) {
      const int keeper = parents[item][i / 2];
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
      if (parents[item][i / 2] != me) continue;
      auto left_piece = owner[i] == me ? take(pieces, left) : receive_factor(comm, owner[i]);
      std::optional<Factor> right_piece;
      if (i + 1 < owner.size())
        right_piece = owner[i + 1] == me ? take(pieces, right) : receive_factor(comm, owner[i + 1]);
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
  Owners owners(static_cast<std::size_t>(n_items), leaf_owner);
  for (int level = 0; n_nodes(owners) > 1; ++level) {
    Owners parents = parents_of(owners);
    climb(comm, owners, parents, level, pieces, scales);
    owners = std::move(parents);
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

std::vector<int> root_owners(const std::vector<int>& leaf_owner, Index n_items) {
  Owners owners(static_cast<std::size_t>(n_items), leaf_owner);
  while (n_nodes(owners) > 1) owners = parents_of(owners);
  std::vector<int> roots;
  for (const std::vector<int>& owner : owners) roots.push_back(owner.front());
  return roots;
}

}  // namespace tallfit::compress
