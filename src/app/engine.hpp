/// Which engine a run takes.
#pragma once

#include "rows.hpp"

namespace tallfit::app {

/// Whether the user wants the grid engine, by its name or by what only it has: solver.grid, solver.block.
bool asks_for_grid(const Config::Solver& solver);

/// solver.grid, solver.block and what the fit takes, as the planner asks for them. The sizes are left to set.
/// @throws Error{input} where solver.grid cannot be read.
compress::GridRequest grid_request(const Config& config);

/// Plans the rows for solver.engine. Of the engines that fit the memory of a rank, auto takes the tall one,
/// unless the grid would take less than half the time or, for a sparse design, the iterative one would: these
/// give other bits on other grids, or no standard errors. A compression has no iterative engine. Local; the
/// same on every rank.
/// @throws Error{input} where solver.grid is no grid of the ranks, or the engine is not asked for alike.
/// @throws Error{resource} where nothing fits.
void choose_engine(const Config& config, const compress::PlanRequest& request, PlannedRows& planned);

/// Where the factors of a compressed design go for a fit.
struct CellEngine {
  bool on_grid = false;
  int grid_rows = 1;
  int grid_cols = 1;
  Index block = 1;
  std::string reason;
};

/// The same for the fit of a compressed design, of which the factors are not read yet. @collective
/// @throws Error{resource} where nothing fits.
CellEngine choose_cell_engine(const Config& config, const compress::CompressedDesign& design,
                              const comm::Communicator& world);

}  // namespace tallfit::app
