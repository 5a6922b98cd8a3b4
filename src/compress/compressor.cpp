#include "tallfit/compress/compressor.hpp"

#include <algorithm>
#include <array>

#include "tallfit/base/error.hpp"
#include "tallfit/linalg/fold.hpp"

namespace tallfit::compress {

namespace {

/// Writes w [a 1 b] of some consecutive rows as rows of a column-major buffer, eight at a time so that the
/// transposition writes whole cache lines.
void write_augmented(const LeafRows& rows, Index first, Eigen::Ref<Eigen::MatrixXd> to) {
  constexpr Index tile = 8;
  const Index n_cols = to.cols() - 2;
  for (Index i0 = 0; i0 < to.rows(); i0 += tile) {
    const Index height = std::min(tile, to.rows() - i0);
    std::array<double, tile> w{};
    for (Index i = 0; i < height; ++i) {
      w[static_cast<std::size_t>(i)] = rows.scale(first + i0 + i);
      to(i0 + i, n_cols) = rows.scale(first + i0 + i);
      to(i0 + i, n_cols + 1) = rows.scale(first + i0 + i) * rows.target(first + i0 + i);
    }
    const double* a = rows.features(first + i0);
    for (Index j = 0; j < n_cols; ++j) {
      double* column = &to(i0, j);
      for (Index i = 0; i < height; ++i) column[i] = a[i * n_cols + j] * w[static_cast<std::size_t>(i)];
    }
  }
}

}  // namespace

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
  while (count > 0) {
    if (active.buffer.size() == 0) {
      active.stays_raw = active.expected < n_cols;
      active.buffer.resize(
          active.stays_raw ? active.expected : std::min(active.expected, buffered_rows(n_cols)), n_cols);
    }
    const Index taken = std::min(count, active.buffer.rows() - active.filled);
    write_augmented(rows, first, active.buffer.middleRows(active.filled, taken));
    active.filled += taken;
    active.expected -= taken;
    first += taken;
    count -= taken;
    if (active.filled == active.buffer.rows() && !active.stays_raw) fold(active);
  }
}

void Compressor::fold(Active& active) const {
  if (active.filled == 0) return;
  if (active.r.size() == 0) active.r = Eigen::MatrixXd::Zero(active.buffer.cols(), active.buffer.cols());
  linalg::fold_in_place(active.r, active.buffer.topRows(active.filled), linalg::RowShape::dense);
  active.filled = 0;
}

void Compressor::end_leaf(Index leaf) {
  for (int cell = 0; cell < static_cast<int>(plan_.cells.size()); ++cell) {
    Factor factor(layout_.n_cols + 2);
    const auto found = active_.find(cell);
    if (found != active_.end()) {
      Active& active = found->second;
      require(active.expected == 0, ErrorKind::bug, "leaf {} ended with {} rows of cell {} missing", leaf,
              active.expected, cell);
      if (!active.stays_raw) {
        fold(active);
        factor = Factor::of_triangle(active.r);
      } else {
        factor =
            Factor::of_rows(std::move(active.buffer));  // as large as its rows, or it would have been folded
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
