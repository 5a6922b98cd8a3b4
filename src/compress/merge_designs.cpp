#include "tallfit/compress/merge_designs.hpp"

#include <algorithm>

#include "tallfit/base/error.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/compress/factor_tree.hpp"

namespace tallfit::compress {

namespace {

void require_mergeable(const CompressedDesign& a, const CompressedDesign& b) {
  if (fingerprint(a.column_names) != fingerprint(b.column_names)) {
    const auto [x, y] = std::mismatch(a.column_names.begin(), a.column_names.end(), b.column_names.begin(),
                                      b.column_names.end());
    fail(ErrorKind::input,
         "{} has {} columns and {} has {}; they first differ at column {} ('{}' and '{}'). Factors of "
         "different "
         "columns cannot be merged: import both data sets with the same descriptors",
         a.name, a.n_cols(), b.name, b.n_cols(), x - a.column_names.begin(),
         x == a.column_names.end() ? "none" : *x, y == b.column_names.end() ? "none" : *y);
  }
  require(a.n_folds == b.n_folds, ErrorKind::input,
          "{} has {} folds and {} has {}. Compress both with the same compress.folds", a.name, a.n_folds,
          b.name, b.n_folds);
  require(
      a.parts == b.parts, ErrorKind::input,
      "the cells of {} are told apart by {}, those of {} by {}. Compress both with the same compress.cells",
      a.name, to_string(a.parts), b.name, to_string(b.parts));
}

/// Adds the group names that are new. @return the number that each name of @p from has in @p to
std::vector<int> adopt_groups(CompressedDesign& to, const CompressedDesign& from) {
  std::vector<int> renamed;
  for (const std::string& name : from.group_names) {
    const auto known = std::find(to.group_names.begin(), to.group_names.end(), name);
    renamed.push_back(static_cast<int>(known - to.group_names.begin()));
    if (known == to.group_names.end()) to.group_names.push_back(name);
  }
  return renamed;
}

CompressedDesign without_rows(const CompressedDesign& design) {
  return {.name = design.name,
          .group_names = design.group_names,
          .column_names = design.column_names,
          .snap = design.snap,
          .n_rows = 0,
          .n_configurations = 0,
          .n_folds = design.n_folds,
          .seed = design.seed,
          .parts = design.parts,
          .cells = {}};
}

}  // namespace

MergePlan plan_merge(const std::vector<CompressedDesign>& designs) {
  require(!designs.empty(), ErrorKind::input, "merge needs at least one compressed design");
  for (const CompressedDesign& other : designs) require_mergeable(designs.front(), other);
  MergePlan plan{.design = without_rows(designs.front()), .parts = {}};
  for (std::size_t i = 0; i < designs.size(); ++i) {
    const std::vector<int> renamed = adopt_groups(plan.design, designs[i]);
    plan.design.n_rows += designs[i].n_rows;
    plan.design.n_configurations += designs[i].n_configurations;
    for (std::size_t j = 0; j < designs[i].cells.size(); ++j) {
      CellKey key = designs[i].cells[j].key;
      if (key.group != CellKey::any) key.group = renamed[static_cast<std::size_t>(key.group)];
      plan.parts[key].push_back({.design = i, .cell = j});
    }
  }
  const auto sums_of = [&](const CellPlace& part) -> const TargetSums& {
    return designs[part.design].cells[part.cell].sums;
  };
  for (auto& [key, parts] : plan.parts) {
    // Heavier rows on top, as in merge_training_cells(): designs may differ in scale.
    std::stable_sort(parts.begin(), parts.end(), [&](const CellPlace& a, const CellPlace& b) {
      return sums_of(a).max_scale > sums_of(b).max_scale;
    });
    Cell cell;
    cell.key = key;
    for (const CellPlace& part : parts) cell.sums.add(sums_of(part));
    plan.design.cells.push_back(std::move(cell));
  }
  return plan;
}

CompressedDesign merge_designs(MergePlan plan, std::vector<CompressedDesign> designs,
                               const comm::Communicator& comm) {
  for (const CompressedDesign& one : designs)
    comm::require_replicated(comm, !one.on_grid(), ErrorKind::bug,
                             "{}: factors on a grid are not merged on ranks", one.name);
  for (Cell& cell : plan.design.cells) {
    std::vector<int> owners;
    TreePieces pieces;
    for (const CellPlace& place : plan.parts.at(cell.key)) {
      Cell& part = designs[place.design].cells[place.cell];
      if (part.home == comm.rank())
        pieces[{0, 0, static_cast<Index>(owners.size())}] = std::move(part.factor);
      owners.push_back(part.home);
    }
    std::map<Index, Factor> root = reduce_over_tree(comm, owners, 1, std::move(pieces));
    cell.home = root_owners(owners, 1).front();
    if (!root.empty()) cell.factor = std::move(root.at(0));
  }
  return std::move(plan.design);
}

CompressedDesign merge_designs(std::vector<CompressedDesign> designs, const comm::Communicator& comm) {
  MergePlan plan;
  comm::all_or_none(comm, [&] { plan = plan_merge(designs); });
  return merge_designs(std::move(plan), std::move(designs), comm);
}

void drop_group_in_place(CompressedDesign& design, const std::string& group) {
  const auto known = std::find(design.group_names.begin(), design.group_names.end(), group);
  require(known != design.group_names.end(), ErrorKind::input, "{} has no group '{}'; its groups are {}",
          design.name, group, fmt::join(design.group_names, ", "));
  require(design.parts.group, ErrorKind::input,
          "the cells of {} ({}) do not tell groups apart, so no group can be dropped. Compress again with "
          "group among "
          "compress.cells",
          design.name, to_string(design.parts));
  const int index = static_cast<int>(known - design.group_names.begin());
  for (const Cell& cell : design.cells) {
    if (cell.key.group == index) design.n_rows -= cell.sums.count;
  }
  std::erase_if(design.cells, [&](const Cell& cell) { return cell.key.group == index; });
}

}  // namespace tallfit::compress
