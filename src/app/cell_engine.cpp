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
  const std::string& algorithm = config.solver.algorithm;
  comm::require_replicated(
      world, config.solver.engine != "iterative" && algorithm != "lsqr" && algorithm != "cholesky",
      ErrorKind::input,
      "{} is a compressed design, which has no rows: solver.engine = \"iterative\" and solver.algorithm = "
      "\"cholesky\" need the design file it was made from",
      config.data.design);
  const Index limit = memory_limit(config, world);
  compress::CellFitPlan plan;
  comm::all_or_none(world, [&] {
    compress::GridRequest request = grid_request(config);
    request.n_ranks = world.size();
    request.limit_bytes = limit;
    request.baseline_bytes = baseline;
    if (config.fit.select == "cv")
      request.n_parts = config.cv.by == "fold" ? design.n_folds : static_cast<int>(design.group_names.size());
    plan = compress::plan_cell_fit(design, request);
  });
  const std::string& wanted = config.solver.engine;
  CellEngine engine{
      .grid_rows = plan.grid_rows, .grid_cols = plan.grid_cols, .block = plan.block, .reason = "asked for"};
  engine.on_grid = asks_for_grid(config.solver) || (wanted != "tall" && !plan.tall_fits());
  if (!asks_for_grid(config.solver)) {
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
