#include <utility>

#include "grid_merge.hpp"
#include "training_cells.hpp"

#include "tallfit/compress/merge_designs.hpp"

namespace tallfit::compress {

using linalg::BlockCyclicMatrix;

BlockCyclicMatrix merge_training_cells_on_grid(const CompressedDesign& design,
                                               const design::GroupMultipliers& multipliers) {
  const comm::Communicator& comm = design.cells.front().dealt->grid().comm();
  const std::vector<TrainingCell> cells = training_cells(design, comm, multipliers);
  BlockCyclicMatrix merged = *cells.front().cell.dealt;
  merged.local() *= cells.front().multiplier;
  GridMerge merge;
  for (auto next = cells.begin() + 1; next != cells.end(); ++next)
    merge.fold_into(merged, *next->cell.dealt, next->multiplier);
  return merged;
}

CompressedDesign merge_designs_on_grid(MergePlan plan, const PartReader& read) {
  GridMerge merge;
  for (Cell& cell : plan.design.cells) {
    cell.home = Cell::on_grid;
    for (const CellPlace& place : plan.parts.at(cell.key)) {
      BlockCyclicMatrix part = read(place);
      if (cell.dealt)
        merge.fold_into(*cell.dealt, part, 1.0);
      else
        cell.dealt = std::move(part);
    }
  }
  return std::move(plan.design);
}

}  // namespace tallfit::compress
