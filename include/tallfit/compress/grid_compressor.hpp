/// Rows in, compressed design on a process grid out.
#pragma once

#include <string_view>

#include "tallfit/compress/compressed_design.hpp"
#include "tallfit/linalg/process_grid.hpp"

namespace tallfit::compress {

/// The rows of a compression and how they are to come.
struct GridCells {
  design::RowSource& source;
  const RowLayout& layout;
  const CellPlan& cells;  ///< rows of other cells are left out
  Index rows_per_rank;    ///< of a panel
  Index waiting_rows;     ///< that a rank may keep, of all cells together; at least a block
  Index block_bytes;      ///< of rows read at once
  std::string_view what;  ///< name of the pass for a progress report; empty: none
};

/// Reads the rows once and folds those of each cell into a block-cyclic factor of its own.
///
/// All ranks fold rows of the same cell at the same time: rows wait until those of their cell, over all
/// ranks, fill a panel, or until some rank has room for no further block, which then folds what it has most
/// of. One panel serves all cells. The bits depend on the grid, not only on the rows.
///
/// Memory of a rank, K + 2 = n: its share n² / P of each cell's factor (less for cells of fewer rows than
/// columns), the panel, the waiting rows, two blocks of rows and rows on their way; plan_grid_cells()
/// counts them. Cost: 2 N n² / P flops where panels are full; every row travels once. @collective over
/// grid.comm()
/// @throws Error{input} for rows that are not finite, on all ranks.
CompressedDesign compress_on_grid(const GridCells& rows, const linalg::ProcessGrid& grid,
                                  Index block = linalg::BlockCyclicMatrix::default_block);

}  // namespace tallfit::compress
