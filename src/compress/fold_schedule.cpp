#include "tallfit/compress/fold_schedule.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace tallfit::compress {

namespace {

/// What becomes of a node: rows that are kept (one part), a folded triangle, or anything else (no part).
struct Fate {
  bool is_raw = false;
  std::vector<Index> parts;

  Index rows() const { return std::accumulate(parts.begin(), parts.end(), Index{0}); }
  bool is_folded() const { return !is_raw && !parts.empty(); }
};

Fate fate_of(Index rows, const TreeNode& node, Index n_cols) {
  return {.is_raw = rows < most_raw_rows(node, n_cols), .parts = {rows}};
}

/// As merge() treats siblings.
Fate merged(Fate left, const Fate& right, const TreeNode& parent, Index n_cols) {
  if (left.parts.empty() || right.parts.empty()) return {};
  if (right.rows() == 0) return left;
  if (left.rows() == 0) return right;
  if (left.is_raw && right.is_raw) return fate_of(left.rows() + right.rows(), parent, n_cols);
  if (left.is_raw || right.is_folded()) return {};
  left.parts.push_back(right.rows());
  return left;
}

}  // namespace

std::vector<FoldedNode> folded_nodes(Index item, Index first_leaf, const std::vector<Index>& rows,
                                     Index n_cols) {
  std::map<Index, Fate> level;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const TreeNode leaf{.item = item, .level = 0, .index = first_leaf + static_cast<Index>(i)};
    level[leaf.index] = fate_of(rows[i], leaf, n_cols);
  }
  std::vector<FoldedNode> found;
  for (int height = 0; !level.empty(); ++height) {
    std::map<Index, Fate> above;
    for (auto& [index, fate] : level) {
      const auto sibling = level.find(index ^ 1);
      const TreeNode parent{.item = item, .level = height + 1, .index = index / 2};
      Fate together;
      if (sibling != level.end()) {
        const bool is_left = index % 2 == 0;
        together = merged(is_left ? fate : sibling->second, is_left ? sibling->second : fate, parent, n_cols);
        if (is_left) above[parent.index] = together;
      }
      if (fate.is_folded() && !together.is_folded())
        found.push_back({.node = {.item = item, .level = height, .index = index}, .parts = fate.parts});
    }
    level = std::move(above);
  }
  std::sort(found.begin(), found.end(),
            [](const FoldedNode& a, const FoldedNode& b) { return a.first_leaf() < b.first_leaf(); });
  return found;
}

}  // namespace tallfit::compress
