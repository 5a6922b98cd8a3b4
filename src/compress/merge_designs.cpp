#include <algorithm>
#include <map>

#include "tallfit/base/error.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/compress/compressed_design.hpp"
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

/// Renames the groups of @p from to those of @p to, adding names that are new.
void adopt_groups(CompressedDesign& to, CompressedDesign& from) {
  std::vector<int> renamed;
  for (const std::string& name : from.group_names) {
    const auto known = std::find(to.group_names.begin(), to.group_names.end(), name);
    renamed.push_back(static_cast<int>(known - to.group_names.begin()));
    if (known == to.group_names.end()) to.group_names.push_back(name);
  }
  for (Cell& cell : from.cells) {
    if (cell.key.group != CellKey::any) cell.key.group = renamed[static_cast<std::size_t>(cell.key.group)];
  }
}

}  // namespace

CompressedDesign merge_designs(std::vector<CompressedDesign> designs, const comm::Communicator& comm) {
  comm::require_replicated(comm, !designs.empty(), ErrorKind::input,
                           "merge needs at least one compressed design");
  for (const CompressedDesign& one : designs)
    comm::require_replicated(comm, !one.on_grid(), ErrorKind::bug, "{}: factors on a grid are not merged",
                             one.name);
  comm::all_or_none(comm, [&] {
    for (const CompressedDesign& other : designs) require_mergeable(designs.front(), other);
  });
  CompressedDesign merged = std::move(designs.front());
  std::map<CellKey, std::vector<Cell>> cells;
  for (Cell& cell : merged.cells) cells[cell.key].push_back(std::move(cell));
  for (std::size_t i = 1; i < designs.size(); ++i) {
    adopt_groups(merged, designs[i]);
    merged.n_rows += designs[i].n_rows;
    merged.n_configurations += designs[i].n_configurations;
    for (Cell& cell : designs[i].cells) cells[cell.key].push_back(std::move(cell));
  }
  merged.cells.clear();
  for (auto& [key, parts] : cells) {
    // Heavier rows on top, as in merge_training_cells(): designs may differ in scale.
    std::stable_sort(parts.begin(), parts.end(),
                     [](const Cell& a, const Cell& b) { return a.sums.max_scale > b.sums.max_scale; });
    Cell cell = std::move(parts.front());
    if (parts.size() > 1) {
      std::vector<int> owners = {cell.home};
      TreePieces pieces;
      if (cell.home == comm.rank()) pieces[{0, 0, 0}] = std::move(cell.factor);
      for (std::size_t i = 1; i < parts.size(); ++i) {
        cell.sums.add(parts[i].sums);
        owners.push_back(parts[i].home);
        if (parts[i].home == comm.rank()) pieces[{0, 0, static_cast<Index>(i)}] = std::move(parts[i].factor);
      }
      std::map<Index, Factor> root = reduce_over_tree(comm, owners, 1, std::move(pieces));
      cell.home = root_owner(owners, 0);
      cell.factor = root.empty() ? Factor() : std::move(root.at(0));
    }
    merged.cells.push_back(std::move(cell));
  }
  return merged;
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
