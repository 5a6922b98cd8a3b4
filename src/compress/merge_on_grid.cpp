#include <algorithm>
#include <utility>

#include "training_cells.hpp"

#include "tallfit/linalg/fold_panel.hpp"
#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/qr.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::compress {

namespace {

using linalg::BlockCyclicMatrix;

void scale_in_place(BlockCyclicMatrix& a, double scale) { a.local() *= scale; }

/// All rows of both, in this order; a triangle where they are as many as columns.
BlockCyclicMatrix stacked(const BlockCyclicMatrix& top, const BlockCyclicMatrix& bottom) {
  const Index n = top.cols();
  const Index rows = top.rows() + bottom.rows();
  BlockCyclicMatrix both(top.grid(), rows, n, top.block());
  linalg::copy_part(top, {.row = 0, .col = 0, .rows = top.rows(), .cols = n}, both, {0, 0});
  linalg::copy_part(bottom, {.row = 0, .col = 0, .rows = bottom.rows(), .cols = n}, both, {top.rows(), 0});
  if (rows < n) return both;
  linalg::triangularise_in_place(both);
  return rows == n ? both : linalg::leading_rows(both, n);
}

}  // namespace

BlockCyclicMatrix merge_training_cells_on_grid(const CompressedDesign& design,
                                               const design::GroupMultipliers& multipliers) {
  const linalg::ProcessGrid& grid = design.cells.front().dealt->grid();
  const std::vector<TrainingCell> cells = training_cells(design, grid.comm(), multipliers);
  BlockCyclicMatrix merged = *cells.front().cell.dealt;
  scale_in_place(merged, cells.front().multiplier);
  const Index n = merged.cols();
  auto next = cells.begin() + 1;
  for (; next != cells.end() && merged.rows() < n; ++next) {
    BlockCyclicMatrix below = *next->cell.dealt;
    scale_in_place(below, next->multiplier);
    merged = stacked(merged, below);
  }
  if (next == cells.end()) return merged;
  linalg::FoldPanel panel(grid, n, linalg::FoldPanel::usual_rows(n, grid.comm().size()) * grid.cols(),
                          merged.block());
  for (; next != cells.end(); ++next) panel.fold_into(merged, *next->cell.dealt, next->multiplier);
  return merged;
}

}  // namespace tallfit::compress
