#include "grid_merge.hpp"
#include "training_cells.hpp"

namespace tallfit::compress {

linalg::BlockCyclicMatrix merge_training_cells_on_grid(const CompressedDesign& design,
                                                       const design::GroupMultipliers& multipliers) {
  const linalg::ProcessGrid& grid = design.cells.front().dealt->grid();
  const std::vector<TrainingCell> cells = training_cells(design, grid.comm(), multipliers);
  linalg::BlockCyclicMatrix merged = *cells.front().cell.dealt;
  merged.local() *= cells.front().multiplier;
  GridMerge merge;
  for (auto next = cells.begin() + 1; next != cells.end(); ++next)
    merge.fold_into(merged, *next->cell.dealt, next->multiplier);
  return merged;
}

}  // namespace tallfit::compress
