#include "tallfit/compress/held_out.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "factor_exchange.hpp"
#include "training_cells.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/compress/all_but_one.hpp"
#include "tallfit/compress/factor_tree.hpp"

namespace tallfit::compress {

namespace {

using Classes = std::vector<Factor>;

constexpr double decades_of_class = 4.0;

/// Training cells of one part and class, as places in a list that is sorted by size.
using CellsOfPart = std::map<std::pair<std::size_t, std::size_t>, std::vector<const TrainingCell*>>;

/// The class of each cell of a list of decreasing size; empty classes are not counted.
std::vector<std::size_t> classes_of(const std::vector<TrainingCell>& cells) {
  std::vector<std::size_t> classes;
  double last = 0.0;
  for (const TrainingCell& cell : cells) {
    const double below =
        cell.size > 0.0 ? std::floor(std::log10(cells.front().size / cell.size) / decades_of_class) : last;
    const std::size_t previous = classes.empty() ? 0 : classes.back();
    classes.push_back(below > last ? previous + 1 : previous);
    last = below;
  }
  return classes;
}

/// The factor of cells in their order, on rank @p to.
Factor merged_cells(const std::vector<const TrainingCell*>& cells, Index n_cols, int to,
                    const comm::Communicator& comm) {
  TreePieces pieces;
  std::vector<int> owners;
  for (const TrainingCell* training : cells) {
    const auto position = static_cast<Index>(owners.size());
    owners.push_back(training->cell.home);
    if (training->cell.home == comm.rank())
      pieces[{0, 0, position}] = scaled(training->cell.factor, training->multiplier);
  }
  std::map<Index, Factor> root = reduce_over_tree(comm, owners, 1, std::move(pieces));
  return move_factor(comm, root.empty() ? Factor(n_cols) : std::move(root.at(0)), root_owner(owners, 0), to);
}

Factor joined(const Classes& classes) {
  Factor all = classes.front();
  for (std::size_t c = 1; c < classes.size(); ++c)
    all = merge(all, classes[c], RowScales::decreasing, all.n_cols());
  return reduced(std::move(all));
}

}  // namespace

int part_of(const CellKey& key, HeldOut by) { return by == HeldOut::fold ? key.fold : key.group; }

std::vector<int> held_out_parts(const CompressedDesign& design, const design::GroupMultipliers& multipliers,
                                HeldOut by) {
  const bool told_apart = by == HeldOut::fold ? design.parts.fold && design.n_folds >= 2 : design.parts.group;
  require(told_apart, ErrorKind::input,
          "{}: its cells ({}) do not tell {} apart, of which one after the other is to be held out. Compress "
          "again with compress.cells = [\"{}\"]{}",
          design.name, to_string(design.parts), by == HeldOut::fold ? "folds" : "groups",
          by == HeldOut::fold ? "fold" : "group", by == HeldOut::fold ? " and compress.folds >= 2" : "");
  std::set<int> parts;
  for (const Cell& cell : design.cells) {
    if (cell.key.is_test() || cell_multiplier(design, cell.key, multipliers) == 0.0) continue;
    if (cell.sums.count > 0) parts.insert(part_of(cell.key, by));
  }
  return {parts.begin(), parts.end()};
}

PartFactors factors_of_parts(const CompressedDesign& design, const design::GroupMultipliers& multipliers,
                             HeldOut by, const std::vector<int>& parts, const comm::Communicator& comm) {
  const std::vector<TrainingCell> cells = training_cells(design, comm, multipliers);
  const std::vector<std::size_t> classes = classes_of(cells);
  CellsOfPart cells_of;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto part = std::lower_bound(parts.begin(), parts.end(), part_of(cells[i].cell.key, by));
    cells_of[{static_cast<std::size_t>(part - parts.begin()), classes[i]}].push_back(&cells[i]);
  }
  PartFactors result{.n_cols = design.n_cols() + 2, .n_classes = classes.back() + 1, .owners = {}, .factors = {}};
  const auto n = static_cast<int>(parts.size());
  for (int i = 0; i < n; ++i) result.owners.push_back(i * comm.size() / n);
  result.factors.assign(parts.size(), Classes(result.n_classes, Factor(result.n_cols)));
  for (const auto& [place, of_part] : cells_of) {
    const auto [part, scale_class] = place;
    result.factors[part][scale_class] = merged_cells(of_part, result.n_cols, result.owners[part], comm);
  }
  return result;
}

std::map<int, Factor> factors_without_part(const PartFactors& parts, const comm::Communicator& comm) {
  const auto merge_classes = [](const Classes& top, const Classes& bottom) {
    Classes both;
    for (std::size_t c = 0; c < top.size(); ++c)
      both.push_back(merge(top[c], bottom[c], RowScales::alike, top[c].n_cols()));
    return both;
  };
  const auto move_classes = [&](const Classes& mine, int from, int to) {
    Classes moved;
    for (std::size_t c = 0; c < parts.n_classes; ++c)
      moved.push_back(move_factor(comm, comm.rank() == from ? mine[c] : Factor(parts.n_cols), from, to));
    return moved;
  };
  std::map<int, Factor> without;
  AllButOne<Classes>(comm.rank(), parts.owners, merge_classes, move_classes)
      .visit(parts.factors, [&](int part, const Classes& others) { without[part] = joined(others); });
  return without;
}

}  // namespace tallfit::compress
