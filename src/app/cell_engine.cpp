#include <span>

#include "engine.hpp"

#include "tallfit/base/memory.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"

namespace tallfit::app {

CellEngine choose_cell_engine(const Config& config, const compress::CompressedDesign& design,
                              const comm::Communicator& world) {
  Index baseline = current_rss_bytes();
  comm::max_in_place(world, std::span(&baseline, 1));
  const compress::CellFitPlan plan =
      compress::plan_cell_fit(design, {.n_ranks = world.size(),
                                       .limit_bytes = memory_limit(config, world),
                                       .baseline_bytes = baseline,
                                       .penalised = config.fit.estimator == "ridge",
                                       .takes_svd = config.solver.algorithm == "svd"});
  const std::string& wanted = config.solver.engine;
  CellEngine engine{.grid_rows = plan.grid_rows, .grid_cols = plan.grid_cols, .reason = "asked for"};
  engine.on_grid = wanted == "grid" || (wanted != "tall" && !plan.tall_fits());
  if (wanted != "grid") {
    engine.reason =
        engine.on_grid
            ? fmt::format("the tall engine does not fit: it needs {} per rank, run.memory_per_rank = {}",
                          format_bytes(plan.tall_bytes), format_bytes(plan.limit_bytes))
            : "a compressed design is solved on one rank";
  }
  comm::require_replicated(
      world, engine.on_grid ? plan.grid_fits() : plan.tall_fits(), ErrorKind::resource,
      "{}: a fit of {} columns in {} cells needs {} per rank on one rank, {} on a {} x {} grid, but "
      "run.memory_per_rank = {}. Use more ranks, or raise it",
      design.name, design.n_cols(), design.cells.size(), format_bytes(plan.tall_bytes),
      format_bytes(plan.grid_bytes), plan.grid_rows, plan.grid_cols, format_bytes(plan.limit_bytes));
  return engine;
}

}  // namespace tallfit::app
