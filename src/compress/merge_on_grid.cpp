#include <optional>
#include <utility>

#include "training_cells.hpp"

#include "tallfit/compress/merge_designs.hpp"
#include "tallfit/linalg/fold_panel.hpp"
#include "tallfit/linalg/qr.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::compress {

namespace {

using linalg::BlockCyclicMatrix;

/// All rows of both in this order, those below times a number.
BlockCyclicMatrix stacked(const BlockCyclicMatrix& top, const BlockCyclicMatrix& below, double scale) {
  const Index n = top.cols();
  BlockCyclicMatrix both(top.grid(), top.rows() + below.rows(), n, top.block());
  linalg::copy_part(below, {.row = 0, .col = 0, .rows = below.rows(), .cols = n}, both, {top.rows(), 0});
  both.local() *= scale;
  linalg::copy_part(top, {.row = 0, .col = 0, .rows = top.rows(), .cols = n}, both, {0, 0});
  return both;
}

/// Merges factors of the same columns, heavier rows above lighter ones; one panel serves all.
class GridMerge {
public:
  /// top <- the factor of [top; s below]: the rows of both while there are fewer than columns.
  void merge_in_place(BlockCyclicMatrix& top, const BlockCyclicMatrix& below, double scale) {
    const Index n = top.cols();
    if (top.rows() + below.rows() < n) {
      top = stacked(top, below, scale);
      return;
    }
    if (top.rows() < n) top = linalg::square_factor(top);
    if (!panel_) {
      const linalg::ProcessGrid& grid = top.grid();
      panel_.emplace(grid, n, linalg::FoldPanel::usual_rows(n, grid.comm().size()) * grid.cols(),
                     top.block());
    }
    panel_->fold_into(top, below, scale);
  }

private:
  std::optional<linalg::FoldPanel> panel_;
};

}  // namespace

BlockCyclicMatrix merge_training_cells_on_grid(const CompressedDesign& design,
                                               const design::GroupMultipliers& multipliers) {
  const comm::Communicator& comm = design.cells.front().dealt->grid().comm();
  const std::vector<TrainingCell> cells = training_cells(design, comm, multipliers);
  BlockCyclicMatrix merged = *cells.front().cell.dealt;
  merged.local() *= cells.front().multiplier;
  GridMerge merge;
  for (auto next = cells.begin() + 1; next != cells.end(); ++next)
    merge.merge_in_place(merged, *next->cell.dealt, next->multiplier);
  return merged;
}

CompressedDesign merge_designs_on_grid(MergePlan plan, const PartReader& read) {
  GridMerge merge;
  for (Cell& cell : plan.design.cells) {
    cell.home = Cell::on_grid;
    for (const CellPlace& place : plan.parts.at(cell.key)) {
      BlockCyclicMatrix part = read(place);
      if (cell.dealt)
        merge.merge_in_place(*cell.dealt, part, 1.0);
      else
        cell.dealt = std::move(part);
    }
  }
  return std::move(plan.design);
}

}  // namespace tallfit::compress
