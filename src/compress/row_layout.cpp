#include "tallfit/compress/row_layout.hpp"

#include <algorithm>
#include <cmath>

#include "tallfit/base/numeric.hpp"
#include "tallfit/design/folds.hpp"

namespace tallfit::compress {

Index leaf_count(Index n_rows, Index n_cols) {
  const Index by_size = n_rows / std::max<Index>(256, n_cols + 2);
  const Index wanted = std::max<Index>(64, ceil_div(n_rows, 100000));
  return std::max<Index>(1, std::min(by_size, wanted));
}

std::vector<LeafRange> my_leaves_if(const RowLayout& layout, const std::function<bool(Index leaf)>& wanted) {
  std::vector<LeafRange> ranges;
  for (Index leaf = layout.my_first_leaf; leaf < layout.my_end_leaf; ++leaf) {
    if (!wanted(leaf)) continue;
    if (ranges.empty() || ranges.back().end < leaf) ranges.push_back({.first = leaf, .end = leaf});
    ranges.back().end = leaf + 1;
  }
  return ranges;
}

Index first_leaf_of(int rank, int n_ranks, Index n_leaves) { return n_leaves * rank / n_ranks; }

RowClassifier::RowClassifier(const RowLayout& layout, Index leaf) : layout_(layout) {
  if (layout.n_folds < 2) return;
  const Index n_groups =
      static_cast<Index>(layout.ordinals.size()) / (layout.my_end_leaf - layout.my_first_leaf);
  const auto first = layout.ordinals.begin() + (leaf - layout.my_first_leaf) * n_groups;
  ordinals_.assign(first, first + n_groups);
}

void RowClassifier::classify(const design::RowLabels& labels, std::vector<CellKey>& keys) {
  classify(labels, 0, labels.size(), keys);
}

void RowClassifier::classify(const design::RowLabels& labels, Index begin, Index end,
                             std::vector<CellKey>& keys) {
  keys.resize(static_cast<std::size_t>(end - begin));
  for (Index i = begin; i < end; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (!started_ || labels.configuration[at] != configuration_) {
      started_ = true;
      configuration_ = labels.configuration[at];
      fold_ = CellKey::any;
      if (layout_.n_folds >= 2 && labels.testing[at] == 0) {
        fold_ =
            design::fold_of(layout_.seed, labels.group[at], ordinals_[labels.group[at]]++, layout_.n_folds);
      }
    }
    const double scale = labels.scale[at];
    if (scale != last_scale_ && scale > 0.0) {
      last_scale_ = scale;
      last_decade_ = static_cast<int>(std::floor(std::log10(scale)));
    }
    keys[static_cast<std::size_t>(i - begin)] = {.group = static_cast<int>(labels.group[at]),
                                                 .row_type = static_cast<int>(labels.type[at]),
                                                 .fold = labels.testing[at] != 0 ? CellKey::test : fold_,
                                                 .decade = last_decade_};
  }
}

}  // namespace tallfit::compress
