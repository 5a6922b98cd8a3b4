/// Which engine a run takes.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "rows.hpp"

namespace tallfit::app {

/// Whether the user wants the grid engine, by its name or by what only it has: solver.grid, solver.block.
bool asks_for_grid(const Config::Solver& solver);

/// @throws Error{input} for engines and steps that an estimator of row passes does not have.
void require_row_passes(const Config& config);

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

/// Where the factors of compressed designs go for some work on them.
struct CellEngine {
  bool on_grid = false;
  int grid_rows = 1;
  int grid_cols = 1;
  Index block = 1;
  std::string reason;

  /// "2 x 2"
  std::string grid() const;
};

/// What is to be done with the factors of compressed designs, none of which are read yet.
struct CellWork {
  std::string what;  ///< for messages: "c.tallfit.h5: a fit of 100 columns in 3 cells"
  std::function<compress::CellWorkPlan(const compress::GridRequest&)> plan;
};

/// The work of a command on one design. @p design must outlive it.
CellWork work_on(const compress::CompressedDesign& design, std::string_view command, int n_parts = 0);

/// The same for compressed designs. Auto takes the grid only where the tall engine does not fit. Says so when
/// it takes the grid. @collective
/// @throws Error{input} for an engine that needs rows, or where solver.grid is no grid of the ranks.
/// @throws Error{resource} where nothing fits.
CellEngine choose_cell_engine(const Config& config, const CellWork& work, const comm::Communicator& world);

/// A compressed design with its factors where that engine wants them. @collective
compress::CompressedDesign load_cells(const std::string& path, const CellEngine& engine,
                                      const comm::Communicator& world);

}  // namespace tallfit::app
