/// Which engine a run takes.
#pragma once

#include "rows.hpp"

namespace tallfit::app {

/// Whether the user wants the grid engine, by its name or by what only it has: solver.grid, solver.block.
bool asks_for_grid(const Config::Solver& solver);

/// Plans the rows for solver.engine: the tall engine where it fits the memory of a rank, else, where the
/// command solves, the grid. Local; the same on every rank.
/// @throws Error{input} where solver.grid is no grid of the ranks, or the engine is not asked for alike.
/// @throws Error{resource} where nothing fits.
void choose_engine(const Config& config, const compress::PlanRequest& request, PlannedRows& planned);

}  // namespace tallfit::app
