#include <algorithm>
#include <memory>
#include <optional>

#include "grid_merge.hpp"
#include "part_cells.hpp"

#include "tallfit/compress/all_but_one.hpp"

namespace tallfit::compress {

namespace {

using linalg::BlockCyclicMatrix;

/// A factor that nodes of the tree share, none where a class has no rows.
using SharedFactor = std::shared_ptr<const BlockCyclicMatrix>;
using SharedClasses = std::vector<SharedFactor>;

SharedFactor merged(GridMerge& merge, const SharedFactor& top, const SharedFactor& bottom) {
  if (!top || !bottom) return top ? top : bottom;
  const bool swap = top->rows() < top->cols() && bottom->rows() == bottom->cols();  // a triangle takes rows
  BlockCyclicMatrix both = swap ? *bottom : *top;
  merge.fold_into(both, swap ? *top : *bottom, 1.0);
  return std::make_shared<const BlockCyclicMatrix>(std::move(both));
}

std::vector<SharedClasses> part_factors(const PartCells& cells, std::size_t n_parts, GridMerge& merge) {
  std::vector<SharedClasses> factors(n_parts, SharedClasses(cells.n_classes));
  for (const auto& [place, list] : cells.cells) {
    BlockCyclicMatrix factor = *list.front().cell.dealt;
    factor.local() *= list.front().multiplier;
    for (std::size_t i = 1; i < list.size(); ++i)
      merge.fold_into(factor, *list[i].cell.dealt, list[i].multiplier);
    factors[place.first][place.second] = std::make_shared<const BlockCyclicMatrix>(std::move(factor));
  }
  return factors;
}

BlockCyclicMatrix joined_classes(const SharedClasses& classes, GridMerge& merge) {
  std::optional<BlockCyclicMatrix> all;
  for (const SharedFactor& factor : classes) {
    if (!factor) continue;
    if (all)
      merge.fold_into(*all, *factor, 1.0);
    else
      all = *factor;
  }
  return std::move(*all);
}

SharedClasses merged_classes(GridMerge& merge, const SharedClasses& top, const SharedClasses& bottom) {
  SharedClasses both;
  for (std::size_t c = 0; c < top.size(); ++c) both.push_back(merged(merge, top[c], bottom[c]));
  return both;
}

}  // namespace

void visit_factors_without_part_on_grid(const CompressedDesign& design,
                                        const design::GroupMultipliers& multipliers, HeldOut by,
                                        const std::vector<int>& parts, const TakeGridFactor& take) {
  const comm::Communicator& comm = design.cells.front().dealt->grid().comm();
  GridMerge merge;
  const PartCells cells = cells_of_parts(design, multipliers, by, parts, comm);
  const auto merge_both = [&](const SharedClasses& top, const SharedClasses& bottom) {
    return merged_classes(merge, top, bottom);
  };
  const auto stay = [](const SharedClasses& factors, int, int) { return factors; };
  // Every rank has its share of every part: as if each owned them all.
  const std::vector<int> owners(parts.size(), comm.rank());
  AllButOne<SharedClasses>(comm.rank(), owners, merge_both, stay)
      .visit(part_factors(cells, parts.size(), merge),
             [&](int part, const SharedClasses& others) { take(part, joined_classes(others, merge)); });
}

void visit_next_parts_on_grid(
    const CompressedDesign& design, const design::GroupMultipliers& multipliers, HeldOut by,
    const std::vector<int>& parts, const std::vector<int>& numbers,
    const std::function<void(int number, int part, const linalg::BlockCyclicMatrix& factor)>& take) {
  GridMerge merge;
  const PartCells cells =
      cells_of_parts(design, multipliers, by, parts, design.cells.front().dealt->grid().comm());
  const std::vector<SharedClasses> factors = part_factors(cells, parts.size(), merge);
  const auto n = static_cast<int>(parts.size());
  std::vector<SharedClasses> sets(parts.size(), SharedClasses(cells.n_classes));
  for (int number = 1; number <= numbers.back(); ++number) {
    for (int part = 0; part < n; ++part) {
      SharedClasses& set = sets[static_cast<std::size_t>(part)];
      const int next = next_parts(part, number, n).back();
      set = merged_classes(merge, set, factors[static_cast<std::size_t>(next)]);
      if (std::binary_search(numbers.begin(), numbers.end(), number))
        take(number, part, joined_classes(set, merge));
    }
  }
}

}  // namespace tallfit::compress
