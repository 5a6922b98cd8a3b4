#include "tallfit/compress/leaf_numbers.hpp"

#include "tallfit/comm/exchange.hpp"

namespace tallfit::compress {

void LeafNumbers::put(NumberSink& sink, const RowLayout& layout, RowStore* rows) const {
  sink.put(static_cast<Index>(of_leaf_.size()));
  for (const auto& [leaf, numbers] : of_leaf_) {
    sink.put(leaf);
    sink.put(std::span<const double>(numbers));
    const auto at = static_cast<std::size_t>(leaf);
    std::vector<double> of_rows;
    if (rows != nullptr) of_rows = rows->numbers_of(layout.leaf_begin[at], layout.leaf_begin[at + 1]);
    sink.put(std::span<const double>(of_rows));
  }
}

void LeafNumbers::take(NumberSource& source, const RowLayout& layout, RowStore* rows) {
  for (Index left = source.index(); left > 0; --left) {
    const Index leaf = source.index();
    std::vector<double> numbers = source.numbers();
    const std::vector<double> of_rows = source.numbers();
    if (leaf < layout.my_first_leaf || leaf >= layout.my_end_leaf || has(leaf)) continue;
    const auto at = static_cast<std::size_t>(leaf);
    if (rows != nullptr) rows->take(layout.leaf_begin[at], layout.leaf_begin[at + 1], of_rows);
    set(leaf, std::move(numbers));
  }
}

std::vector<LeafRange> LeafNumbers::missing(const RowLayout& layout) const {
  return my_leaves_if(layout, [&](Index leaf) { return !has(leaf); });
}

std::vector<double> LeafNumbers::gathered(const comm::Communicator& comm) const {
  std::vector<double> mine;
  for (const auto& [leaf, numbers] : of_leaf_) mine.insert(mine.end(), numbers.begin(), numbers.end());
  return comm::all_gather(comm, mine);  // leaves are dealt in order
}

}  // namespace tallfit::compress
