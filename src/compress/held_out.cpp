#include "tallfit/compress/held_out.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "factor_exchange.hpp"
#include "part_cells.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/compress/all_but_one.hpp"
#include "tallfit/compress/factor_tree.hpp"

namespace tallfit::compress {

namespace {

using Classes = std::vector<Factor>;

/// The factor of cells in their order, on rank @p to.
Factor merged_cells(const std::vector<TrainingCell>& cells, Index n_cols, int to,
                    const comm::Communicator& comm) {
  TreePieces pieces;
  std::vector<int> owners;
  for (const auto& [cell, multiplier, size] : cells) {
    const auto position = static_cast<Index>(owners.size());
    owners.push_back(cell.home);
    if (cell.home == comm.rank()) pieces[{0, 0, position}] = scaled(cell.factor, multiplier);
  }
  std::map<Index, Factor> root = reduce_over_tree(comm, owners, 1, std::move(pieces));
  return move_factor(comm, root.empty() ? Factor(n_cols) : std::move(root.at(0)),
                     root_owners(owners, 1).front(), to);
}

Classes merged_classes(const Classes& top, const Classes& bottom) {
  Classes both;
  for (std::size_t c = 0; c < top.size(); ++c)
    both.push_back(merge(top[c], bottom[c], RowScales::alike, top[c].n_cols()));
  return both;
}

/// Called by both ranks.
Classes moved_classes(const PartFactors& parts, const Classes& mine, int from, int to,
                      const comm::Communicator& comm) {
  Classes moved;
  for (std::size_t c = 0; c < parts.n_classes; ++c)
    moved.push_back(move_factor(comm, comm.rank() == from ? mine[c] : Factor(parts.n_cols), from, to));
  return moved;
}

/// The factor of all classes, the heavy ones on top.
Factor joined(const Classes& classes) {
  Factor all = classes.front();
  for (std::size_t c = 1; c < classes.size(); ++c)
    all = merge(all, classes[c], RowScales::decreasing, all.n_cols());
  return reduced(std::move(all));
}

std::vector<int> even_owners(std::size_t n, const comm::Communicator& comm) {
  std::vector<int> owners;
  for (std::size_t i = 0; i < n; ++i)
    owners.push_back(static_cast<int>(i * static_cast<std::size_t>(comm.size()) / n));
  return owners;
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
  const PartCells cells = cells_of_parts(design, multipliers, by, parts, comm);
  PartFactors result{
      .n_cols = design.n_cols() + 2, .n_classes = cells.n_classes, .owners = {}, .factors = {}};
  result.owners = even_owners(parts.size(), comm);
  result.factors.assign(parts.size(), Classes(result.n_classes, Factor(result.n_cols)));
  for (const auto& [place, list] : cells.cells) {
    const auto [part, scale_class] = place;
    result.factors[part][scale_class] = merged_cells(list, result.n_cols, result.owners[part], comm);
  }
  return result;
}

std::map<int, Factor> factors_without_part(const PartFactors& parts, const comm::Communicator& comm) {
  const auto move = [&](const Classes& mine, int from, int to) {
    return moved_classes(parts, mine, from, to, comm);
  };
  std::map<int, Factor> without;
  AllButOne<Classes>(comm.rank(), parts.owners, merged_classes, move)
      .visit(parts.factors, [&](int part, const Classes& others) { without[part] = joined(others); });
  return without;
}

SpreadFactors spread_factors(std::map<int, Factor> factors, const std::vector<int>& owners,
                             const std::vector<int>& chosen, const comm::Communicator& comm) {
  SpreadFactors spread{.factors = {}, .owners = even_owners(chosen.size(), comm)};
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const int from = owners[static_cast<std::size_t>(chosen[i])];
    const int to = spread.owners[i];
    if (comm.rank() != from && comm.rank() != to) continue;
    Factor factor = comm.rank() == from ? std::move(factors.at(chosen[i])) : Factor();
    factor = move_factor(comm, std::move(factor), from, to);
    if (comm.rank() == to) spread.factors.emplace(static_cast<int>(i), std::move(factor));
  }
  return spread;
}

std::vector<int> next_parts(int held_out, int number, int n_parts) {
  std::vector<int> next;
  for (int i = 1; i <= number; ++i) next.push_back((held_out + i) % n_parts);
  return next;
}

void visit_next_parts(const PartFactors& parts, const std::vector<int>& numbers,
                      const comm::Communicator& comm,
                      const std::function<void(int number, std::map<int, Factor> factors)>& take) {
  const auto n = static_cast<int>(parts.owners.size());
  const auto owner = [&](int part) { return parts.owners[static_cast<std::size_t>(part)]; };
  std::map<int, Classes> merged;
  for (int number = 1; number <= numbers.back(); ++number) {
    for (int part = 0; part < n; ++part) {
      const int next = next_parts(part, number, n).back();
      if (comm.rank() != owner(part) && comm.rank() != owner(next)) continue;
      Classes more =
          moved_classes(parts, parts.factors[static_cast<std::size_t>(next)], owner(next), owner(part), comm);
      if (comm.rank() != owner(part)) continue;
      merged[part] = number == 1 ? std::move(more) : merged_classes(merged[part], more);
    }
    if (!std::binary_search(numbers.begin(), numbers.end(), number)) continue;
    std::map<int, Factor> factors;
    for (const auto& [part, classes] : merged) factors[part] = joined(classes);
    take(number, std::move(factors));
  }
}

}  // namespace tallfit::compress
