#include "saved_pieces.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace tallfit::compress {

void put_pieces(NumberSink& sink, const TreePieces& pieces) {
  std::vector<const TreePieces::value_type*> sorted;
  sorted.reserve(pieces.size());
  for (const auto& piece : pieces) sorted.push_back(&piece);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto* a, const auto* b) { return a->first.level > b->first.level; });
  sink.put(static_cast<Index>(sorted.size()));
  for (const auto* piece : sorted) {
    const auto& [node, factor] = *piece;
    sink.put(node.item);
    sink.put(Index{node.level});
    sink.put(node.index);
    sink.put(Index{factor.is_triangular() ? 1 : 0});
    if (factor.is_empty())
      sink.put(Index{0});
    else
      sink.put(std::span<const double>(*factor.values()));
  }
}

void read_pieces(NumberSource& source, Index n_cols,
                 const std::function<void(const TreeNode& node, Factor factor)>& take) {
  const Index n_pieces = source.index();
  for (Index i = 0; i < n_pieces; ++i) {
    TreeNode node;
    node.item = source.index();
    node.level = static_cast<int>(source.index());
    node.index = source.index();
    const bool is_triangular = source.index() == 1;
    std::vector<double> values = source.numbers();
    take(node, is_triangular ? Factor::of_triangle(n_cols, std::move(values))
                             : Factor::of_rows(n_cols, std::move(values)));
  }
}

}  // namespace tallfit::compress
