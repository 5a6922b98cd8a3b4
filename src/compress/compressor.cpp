#include "tallfit/compress/compressor.hpp"

#include <algorithm>

#include "tallfit/base/error.hpp"

namespace tallfit::compress {

Compressor::Compressor(const RowLayout& layout, const CellPlan& plan)
    : layout_(layout),
      plan_(plan),
      next_leaf_cell_(std::lower_bound(layout.leaf_cells.begin(), layout.leaf_cells.end(),
                                       layout.my_first_leaf,
                                       [](const LeafCell& cell, Index leaf) { return cell.leaf < leaf; })) {}

void Compressor::begin_leaf(Index leaf) {
  for (; next_leaf_cell_ != layout_.leaf_cells.end() && next_leaf_cell_->leaf == leaf; ++next_leaf_cell_) {
    active_[plan_.cell_of.at(next_leaf_cell_->key)].expected += next_leaf_cell_->sums.count;
  }
}

void Compressor::visit(const LeafRows& rows) {
  for (Index first = 0; first < rows.size();) {
    Index end = first + 1;
    if (rows.scale(first) == 0.0) {
      first = end;
      continue;
    }
    const CellKey& key = rows.keys[static_cast<std::size_t>(first)];
    while (end < rows.size() && rows.keys[static_cast<std::size_t>(end)] == key && rows.scale(end) != 0.0)
      ++end;
    append(active_.at(plan_.cell_of.at(key)), rows, first, end - first);
    first = end;
  }
}

void Compressor::append(Active& active, const LeafRows& rows, Index first, Index count) const {
  const Index n_cols = layout_.n_cols + 2;
  if (active.rows.empty() && !active.tiles) {
    if (active.expected < most_raw_rows({}, n_cols)) {
      active.rows.reserve(static_cast<std::size_t>(active.expected * n_cols));
    } else {
      active.tiles.emplace(linalg::fold_rows(active.expected), n_cols);
      active.triangle.resize(static_cast<std::size_t>(linalg::packed_size(n_cols)));
    }
  }
  active.expected -= count;
  if (!active.tiles) return append_raw(active.rows, rows, first, count);
  while (count > 0) {
    const Index taken = std::min(count, active.tiles->free_rows());
    append_tiled(*active.tiles, rows, first, taken);
    first += taken;
    count -= taken;
    if (active.tiles->free_rows() == 0) linalg::fold_in_place(active.triangle, *active.tiles);
  }
}

/// Appends w [a 1 b] of some consecutive rows.
void Compressor::append_raw(std::vector<double>& to, const LeafRows& rows, Index first, Index count) const {
  for (Index i = first; i < first + count; ++i) {
    const double w = rows.scale(i);
    const double* a = rows.features(i);
    const auto row = to.insert(to.end(), a, a + layout_.n_cols);
    std::for_each(row, to.end(), [=](double& x) { x *= w; });
    to.push_back(w);
    to.push_back(w * rows.target(i));
  }
}

void Compressor::append_tiled(linalg::RowTiles& to, const LeafRows& rows, Index first, Index count) const {
  const Index begin = to.n_rows();
  const Index n_cols = layout_.n_cols;
  to.append(rows.features(first), n_cols, rows.scales(first, count));
  for (Index i = 0; i < count; ++i) {
    to.at(begin + i, n_cols) = rows.scale(first + i);
    to.at(begin + i, n_cols + 1) = rows.scale(first + i) * rows.target(first + i);
  }
}

void Compressor::end_leaf(Index leaf) {
  const Index n_cols = layout_.n_cols + 2;
  for (int cell = 0; cell < static_cast<int>(plan_.cells.size()); ++cell) {
    Factor factor(n_cols);
    const auto found = active_.find(cell);
    if (found != active_.end()) {
      Active& active = found->second;
      require(active.expected == 0, ErrorKind::bug, "leaf {} ended with {} rows of cell {} missing", leaf,
              active.expected, cell);
      if (active.tiles) {
        linalg::fold_in_place(active.triangle, *active.tiles);
        factor = Factor::of_triangle(n_cols, std::move(active.triangle));
      } else {
        factor = Factor::of_rows(n_cols, std::move(active.rows));
      }
      active_.erase(found);
    }
    add_leaf_in_place(pieces_, cell, leaf, std::move(factor));
  }
}

CompressedDesign Compressor::finish(const design::DesignInfo& info, const comm::Communicator& comm) {
  std::vector<int> owners;
  for (int rank = 0; rank < comm.size(); ++rank) {
    const Index end = first_leaf_of(rank + 1, comm.size(), layout_.n_leaves());
    while (static_cast<Index>(owners.size()) < end) owners.push_back(rank);
  }
  const auto n_cells = static_cast<Index>(plan_.cells.size());
  std::map<Index, Factor> roots =
      reduce_over_tree(comm, owners, n_cells, std::exchange(pieces_, {}), RowScales::alike);

  CompressedDesign design{.name = info.name,
                          .group_names = info.group_names,
                          .column_names = info.column_names,
                          .snap = info.snap,
                          .n_rows = layout_.n_rows,
                          .n_configurations = layout_.n_configurations,
                          .n_folds = layout_.n_folds,
                          .seed = layout_.seed,
                          .parts = plan_.parts,
                          .cells = {}};
  for (Index i = 0; i < n_cells; ++i) {
    const auto at = static_cast<std::size_t>(i);
    Cell cell{
        .key = plan_.cells[at], .sums = plan_.sums[at], .home = root_owner(owners, i), .factor = Factor()};
    if (cell.home == comm.rank()) cell.factor = std::move(roots.at(i));
    design.cells.push_back(std::move(cell));
  }
  return design;
}

}  // namespace tallfit::compress
