/// Which engine a run takes.
#pragma once

#include "rows.hpp"

namespace tallfit::app {

/// Plans the rows for solver.engine: the tall engine where it fits the memory of a rank, else, where the
/// command solves, the grid. Local; the same on every rank.
/// @throws Error{resource} where nothing fits.
void choose_engine(const Config& config, const compress::PlanRequest& request, PlannedRows& planned);

}  // namespace tallfit::app
