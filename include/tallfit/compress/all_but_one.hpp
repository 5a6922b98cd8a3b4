/// Merging all of n parts but one, for each of them, at the cost of a few merges a part.
#pragma once

#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace tallfit::compress {

/// Visits, for each of n parts, the merge of all others: 3 n - 6 merges where one by one would be n².
///
/// Parts are the leaves of a binary tree. Going up, each node but the root is merged from its children; going
/// down, what is outside a child is what is outside its parent, merged with its sibling. As many merges as
/// with prefixes and suffixes, but a depth of log n, so that ranks can share them: a node is where its first
/// part is. The shape of the tree depends on n alone, and with it the bits.
///
/// Memory of a rank: 2 factors for each of its parts, and 2 log2 n.
/// Messages: 3 for each node whose children are on different ranks.
template <class Factor>
class AllButOne {
public:
  /// @param owners  the rank of each part in increasing order, at least two; the same on all ranks
  /// @param merge   of two factors that are here
  /// @param move    what one rank has to another rank, called by both; what others get is not used
  AllButOne(int me, std::vector<int> owners, std::function<Factor(const Factor&, const Factor&)> merge,
            std::function<Factor(const Factor&, int, int)> move)
      : me_(me), owners_(std::move(owners)), merge_(std::move(merge)), move_(std::move(move)) {}

  /// @param parts  n factors; those of other ranks are not used
  /// @param take   called on the owner of a part, in order, with the merge of the others
  /// @collective over the owners
  void visit(std::vector<Factor> parts, const std::function<void(int, const Factor&)>& take) {
    parts_ = std::move(parts);
    const Range all{0, static_cast<int>(owners_.size())};
    climb(all, false);
    descend(all, Factor{}, take);
  }

private:
  struct Range {
    int begin;
    int end;
    bool is_part() const { return end - begin == 1; }
    Range left() const { return {begin, begin + (end - begin) / 2}; }
    Range right() const { return {begin + (end - begin) / 2, end}; }
  };

  int owner(const Range& node) const { return owners_[static_cast<std::size_t>(node.begin)]; }
  bool is_here(const Range& node) const { return owner(node) == me_; }

  Factor moved(const Factor& factor, int from, int to) const {
    if (from == to || (from != me_ && to != me_)) return factor;
    return move_(factor, from, to);
  }

  /// The merge of a node's parts, on its owner; its children stay there for the way down.
  Factor climb(const Range& node, bool merges) {
    if (node.is_part()) return std::move(parts_[static_cast<std::size_t>(node.begin)]);
    const int here = owner(node);
    Factor left = climb(node.left(), true);
    Factor right = moved(climb(node.right(), true), owner(node.right()), here);
    Factor both = is_here(node) && merges ? merge_(left, right) : Factor{};
    if (is_here(node)) children_[key(node)] = {std::move(left), std::move(right)};
    return both;
  }

  void descend(const Range& node, Factor outside, const std::function<void(int, const Factor&)>& take) {
    if (node.is_part()) {
      if (is_here(node)) take(node.begin, outside);
      return;
    }
    std::pair<Factor, Factor> children;
    if (is_here(node)) children = std::move(children_.extract(key(node)).mapped());
    const bool is_root = node.end - node.begin == n();
    const int here = owner(node);
    const int there = owner(node.right());
    Factor left = moved(children.first, here, there);
    Factor outside_right = is_root ? Factor{} : moved(outside, here, there);
    if (here != there && is_here(node)) left = outside_right = Factor{};  // theirs from now on
    Factor outside_left;
    if (is_here(node)) outside_left = is_root ? children.second : merge_(outside, children.second);
    children = {};
    descend(node.left(), std::move(outside_left), take);
    if (is_here(node.right())) outside_right = is_root ? left : merge_(outside_right, left);
    left = Factor{};
    descend(node.right(), std::move(outside_right), take);
  }

  int key(const Range& node) const { return node.begin * (n() + 1) + node.end; }
  int n() const { return static_cast<int>(owners_.size()); }

  int me_;
  std::vector<int> owners_;
  std::function<Factor(const Factor&, const Factor&)> merge_;
  std::function<Factor(const Factor&, int, int)> move_;
  std::vector<Factor> parts_;
  std::map<int, std::pair<Factor, Factor>> children_;  ///< of the nodes that are here
};

}  // namespace tallfit::compress
