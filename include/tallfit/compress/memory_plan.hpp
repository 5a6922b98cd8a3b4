/// The planner of the tall engine: what a run will take, before it reads a feature.
#pragma once

#include <string>
#include <vector>

#include "tallfit/compress/cell_plan.hpp"

namespace tallfit::compress {

/// What a run may use and what it is to do.
struct PlanRequest {
  CellParts wanted;
  bool explicit_parts = false;  ///< the user named the parts
  int n_ranks = 1;
  Index limit_bytes = 0;     ///< per rank
  Index baseline_bytes = 0;  ///< resident on the fullest rank when the rows are laid out: libraries, labels
  Index block_bytes = 0;     ///< features of one block; 0: chosen
  bool solves = false;       ///< a fit follows on rank 0
  bool saves = false;        ///< the cells are written
  bool takes_svd = false;    ///< asked for; where only the data ask for it, a solve takes two matrices more
  bool finds_relevance = false;  ///< the estimator keeps matrices of several points at once (ard, bcs)
  int n_parts = 0;               ///< that cross-validation holds out one after the other; 0: none
  int n_passes = 1;              ///< over the rows; rows are kept in memory where more than one and they fit
};

/// The plan of a run. Bytes are per rank, on the fullest one.
struct MemoryPlan {
  CellPlan cells;
  Index limit_bytes = 0;
  Index baseline_bytes = 0;
  Index block_bytes = 0;     ///< features of one block; two are in memory, with their labels
  Index stream_bytes = 0;    ///< both blocks with their labels
  Index kept_bytes = 0;      ///< rows kept for later passes; 0: they are read again
  Index pass_bytes = 0;      ///< factors and buffers while rows are read
  Index merge_bytes = 0;     ///< while cells are merged
  Index solve_bytes = 0;     ///< while coefficients and covariance are computed (rank 0)
  Index validate_bytes = 0;  ///< while parts are held out and the others fitted (all ranks)
  Index peak_bytes = 0;
  double pass_flops = 0.0;  ///< of one pass, all ranks: 2 N K²
  double merge_flops = 0.0;
  double pass_bytes_read = 0.0;

  bool keeps_rows() const { return kept_bytes > 0; }
};

/// Chooses block size, cells and whether rows are kept, so that peak_bytes <= limit_bytes. The same on every
/// rank.
/// @throws Error{resource} with numbers where not even one cell fits.
MemoryPlan plan_memory(const RowLayout& layout, const PlanRequest& request, Index bytes_per_row);

}  // namespace tallfit::compress
