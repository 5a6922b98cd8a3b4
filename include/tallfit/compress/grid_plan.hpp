/// The planner of the grid engine: what a factorisation over a process grid will take.
#pragma once

#include <optional>

#include "tallfit/compress/merge_designs.hpp"
#include "tallfit/compress/row_layout.hpp"

namespace tallfit::compress {

/// What a run may use and what it is to do.
struct GridRequest {
  int n_ranks = 1;
  Index limit_bytes = 0;     ///< per rank
  Index baseline_bytes = 0;  ///< resident on the fullest rank when the rows are laid out
  Index block_bytes = 0;     ///< features of one block of rows; 0: chosen
  bool penalised = false;    ///< the fit folds a penalty into the factor
  bool takes_svd = false;    ///< the SVD was asked for
  bool forms_gram = false;   ///< normal equations were asked for
  int n_parts = 0;           ///< that cross-validation holds out one after the other; 0: none
  int grid_rows = 0;         ///< that the user wants; 0: chosen
  int grid_cols = 0;
  Index block = 0;  ///< of the matrices on the grid, that the user wants; 0: chosen
};

/// The plan of a run. Bytes are per rank, on the fullest one; P ranks share every matrix.
struct GridPlan {
  int grid_rows = 1;
  int grid_cols = 1;
  Index block = 1;          ///< of the matrices on the grid
  Index rows_per_rank = 0;  ///< that a rank brings to a panel
  bool in_core = false;     ///< one panel holds all rows
  bool forms_gram = false;  ///< rows are multiplied, not factored
  Index block_bytes = 0;
  Index limit_bytes = 0;
  Index baseline_bytes = 0;
  std::optional<CellPlan> cells;  ///< that are kept apart; none: all rows are folded into one factor
  Index waiting_rows = 0;         ///< that a rank may keep until those of their cells fill a panel
  Index waiting_bytes = 0;
  Index stream_bytes = 0;  ///< blocks of rows, and rows on their way to other ranks
  Index factor_bytes = 0;  ///< R, or those of all cells
  Index panel_bytes = 0;   ///< the panel with a super-block of R
  Index solve_bytes = 0;   ///< R with its copies while coefficients and their variances are computed
  Index peak_bytes = 0;
};

/// The grid is as nearly square as the number of ranks allows, with P >= Q: rows outnumber columns; or it is
/// the one that is wanted. All rows are in one panel where memory and the 32-bit counts of ScaLAPACK allow
/// it, else in panels of about K / 2 rows; peak_bytes <= limit_bytes. The same on every rank.
/// @throws Error{input} where a wanted grid is not one of the ranks; the message lists those that are.
/// @throws Error{resource} with numbers where that does not fit.
GridPlan plan_grid(const RowLayout& layout, const GridRequest& request);

/// The plan of a compression: cells as plan_cells() chooses them, C K² / P numbers for their factors; one
/// panel of about K / 2 rows; the rest of the memory for rows that wait, as far as they have use for it.
/// @throws Error{resource} with numbers where not even one cell fits.
GridPlan plan_grid_cells(const RowLayout& layout, const GridRequest& request, const CellLimits& wanted);

/// The plan of a fit that keeps cells apart until all rows are read, as scale_classes() makes them.
/// @throws Error{resource} with numbers where that does not fit.
GridPlan plan_grid_fit(const RowLayout& layout, const GridRequest& request, CellPlan cells);

/// What work on the cells of compressed designs takes on either engine, per rank, on the fullest one.
struct CellWorkPlan {
  int grid_rows = 1;
  int grid_cols = 1;
  Index block = 1;
  Index limit_bytes = 0;
  Index tall_bytes = 0;
  Index grid_bytes = 0;

  bool tall_fits() const { return tall_bytes <= limit_bytes; }
  bool grid_fits() const { return grid_bytes <= limit_bytes; }
};

/// A fit of a design, or its condition.
/// @param design  may be without its factors. The same on every rank. Local.
CellWorkPlan plan_cell_fit(const CompressedDesign& design, const GridRequest& request);

/// A merge of designs. @param designs  that @p merge is of; may be without their factors. Local.
CellWorkPlan plan_cell_merge(const MergePlan& merge, const std::vector<CompressedDesign>& designs,
                             const GridRequest& request);

}  // namespace tallfit::compress
