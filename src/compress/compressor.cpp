#include "tallfit/compress/compressor.hpp"

#include <algorithm>
#include <utility>

#include "saved_pieces.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/comm/collective_error.hpp"

namespace tallfit::compress {

Compressor::Compressor(const RowLayout& layout, const CellPlan& plan, Checkpoint* checkpoint)
    : layout_(layout),
      plan_(plan),
      checkpoint_(checkpoint),
      rows_(rows_by_cell_and_leaf(layout, plan, layout.my_first_leaf, layout.my_end_leaf)),
      cells_(plan.cells.size()) {
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    cells_[i].nodes = folded_nodes(static_cast<Index>(i), layout.my_first_leaf, rows_[i], layout.n_cols + 2);
    cells_[i].restored.resize(rows_[i].size());
  }
}

void Compressor::restore(const comm::Communicator& comm) {
  take_over(
      checkpoint_, saved_stage, comm,
      {.read = [&](NumberSource& source) { take(source); }, .write = [&](NumberSink& sink) { put(sink); }});
}

void Compressor::put(NumberSink& sink) const { put_pieces(sink, pieces_); }

void Compressor::take(NumberSource& source) {
  read_pieces(source, layout_.n_cols + 2, [&](const TreeNode& node, Factor factor) {
    if (takes(node)) restore(node, std::move(factor));
  });
}

/// Whether a node that other ranks may have made is one that this rank would make, or is of such.
bool Compressor::takes(const TreeNode& node) const {
  if (node.first_leaf() < layout_.my_first_leaf || node.end_leaf() > layout_.my_end_leaf) return false;
  const std::vector<FoldedNode>& folded = cells_.at(static_cast<std::size_t>(node.item)).nodes;
  return std::none_of(folded.begin(), folded.end(), [&](const FoldedNode& whole) {
    return whole.node.level > node.level && whole.first_leaf() <= node.first_leaf() &&
           node.end_leaf() <= whole.end_leaf();
  });
}

void Compressor::restore(const TreeNode& node, Factor factor) {
  const auto item = static_cast<std::size_t>(node.item);
  Progress& cell = cells_[item];
  const auto begin = node.first_leaf() - layout_.my_first_leaf;
  const auto end = node.end_leaf() - layout_.my_first_leaf;
  if (std::find(cell.restored.begin() + begin, cell.restored.begin() + end, true) !=
      cell.restored.begin() + end)
    return;  // two runs had made some of it
  std::fill(cell.restored.begin() + begin, cell.restored.begin() + end, true);
  std::fill(rows_[item].begin() + begin, rows_[item].begin() + end, Index{0});
  std::erase_if(cell.nodes, [&](const FoldedNode& folded) { return is_restored(cell, folded.first_leaf()); });
  pieces_[node] = std::move(factor);
}

bool Compressor::needs(Index leaf) const {
  return std::any_of(cells_.begin(), cells_.end(),
                     [&](const Progress& cell) { return !is_restored(cell, leaf); });
}

std::vector<LeafRange> Compressor::remaining() const {
  return my_leaves_if(layout_, [&](Index leaf) { return needs(leaf); });
}

void Compressor::begin_leaf(Index leaf) {
  leaf_ = leaf;
  for (std::size_t i = 0; i < cells_.size(); ++i)
    cells_[i].expected = rows_[i][static_cast<std::size_t>(leaf - layout_.my_first_leaf)];
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
    Progress& cell = cells_[static_cast<std::size_t>(plan_.cell_of.at(key))];
    if (!is_restored(cell, leaf_)) {
      cell.folds(leaf_) ? fold(cell, rows, first, end - first) : keep(cell, rows, first, end - first);
      cell.expected -= end - first;
    }
    first = end;
  }
}

/// Appends w [a 1 b] of some consecutive rows.
void Compressor::keep(Progress& cell, const LeafRows& rows, Index first, Index count) const {
  std::vector<double>& to = cell.rows;
  if (to.empty()) to.reserve(static_cast<std::size_t>(cell.expected * (layout_.n_cols + 2)));
  for (Index i = first; i < first + count; ++i) {
    const double w = rows.scale(i);
    const double* a = rows.features(i);
    const auto row = to.insert(to.end(), a, a + layout_.n_cols);
    std::for_each(row, to.end(), [=](double& x) { x *= w; });
    to.push_back(w * rows.one(i));
    to.push_back(w * rows.target(i));
  }
}

void Compressor::fold(Progress& cell, const LeafRows& rows, Index first, Index count) {
  while (count > 0) {
    if (cell.left_in_part == 0) {
      cell.left_in_part = cell.nodes[cell.next_node].parts.at(cell.next_part++);
      cell.fold_rows = linalg::fold_rows(cell.left_in_part);
      cell.triangle.resize(static_cast<std::size_t>(linalg::packed_size(layout_.n_cols + 2)));
    }
    const Index taken = std::min({count, cell.fold_rows - cell.n_taken(), cell.left_in_part});
    take(cell, rows, first, taken);
    first += taken;
    count -= taken;
    cell.left_in_part -= taken;
    if (cell.n_taken() == cell.fold_rows || cell.left_in_part == 0) fold_taken(cell);
    if (cell.left_in_part == 0) cell.tiles.reset();
  }
}

void Compressor::take(Progress& cell, const LeafRows& rows, Index first, Index count) const {
  const RowRun run = {rows.features(first), rows.scales(first, count), rows.targets(first, count),
                      rows.ones(first, count)};
  if (rows.block.stays && !cell.tiles) return cell.waiting.add(run);
  if (!cell.tiles) {
    cell.tiles.emplace(cell.fold_rows, layout_.n_cols + 2);
    cell.waiting.move_to(*cell.tiles);
  }
  append_in_place(*cell.tiles, run);
}

void Compressor::fold_taken(Progress& cell) {
  if (cell.tiles) return linalg::fold_in_place(cell.triangle, *cell.tiles);
  if (!shared_tiles_ || shared_tiles_->free_rows() < cell.fold_rows)
    shared_tiles_.emplace(cell.fold_rows, layout_.n_cols + 2);
  cell.waiting.move_to(*shared_tiles_);
  linalg::fold_in_place(cell.triangle, *shared_tiles_);
}

void Compressor::end_leaf(Index leaf) {
  const Index n_cols = layout_.n_cols + 2;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    Progress& cell = cells_[i];
    require(cell.expected == 0, ErrorKind::bug, "leaf {} ended with {} rows of cell {} missing", leaf,
            cell.expected, i);
    if (is_restored(cell, leaf)) continue;
    if (!cell.folds(leaf)) {
      add_node_in_place(pieces_, {static_cast<Index>(i), 0, leaf},
                        Factor::of_rows(n_cols, std::exchange(cell.rows, {})));
      continue;
    }
    const FoldedNode& folded = cell.nodes[cell.next_node];
    if (leaf + 1 < folded.end_leaf()) continue;
    add_node_in_place(pieces_, folded.node, Factor::of_triangle(n_cols, std::exchange(cell.triangle, {})));
    cell.next_part = 0;
    ++cell.next_node;
  }
  save_if_due(checkpoint_, saved_stage, [&](NumberSink& sink) { put(sink); });
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

  const std::vector<int> homes = root_owners(owners, n_cells);
  CompressedDesign design = describe_design(info, layout_, plan_);
  for (Index i = 0; i < n_cells; ++i) {
    Cell& cell = design.cells[static_cast<std::size_t>(i)];
    cell.home = homes[static_cast<std::size_t>(i)];
    if (cell.home == comm.rank()) cell.factor = std::move(roots.at(i));
  }
  return design;
}

}  // namespace tallfit::compress
