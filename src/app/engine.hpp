/// Which engine a run takes.
#pragma once

#include "rows.hpp"

namespace tallfit::app {

/// Plans the rows for solver.engine: the tall engine where it fits the memory of a rank, else, where the
/// command solves or compresses, the grid. Local; the same on every rank.
/// @throws Error{resource} where nothing fits.
void choose_engine(const Config& config, const compress::PlanRequest& request, PlannedRows& planned);

/// Where the factors of a compressed design go for a fit.
struct CellEngine {
  bool on_grid = false;
  int grid_rows = 1;
  int grid_cols = 1;
  std::string reason;
};

/// The same for the fit of a compressed design, of which the factors are not read yet. @collective
/// @throws Error{resource} where nothing fits.
CellEngine choose_cell_engine(const Config& config, const compress::CompressedDesign& design,
                              const comm::Communicator& world);

}  // namespace tallfit::app
