#include <span>

#include "engine.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/base/log.hpp"
#include "tallfit/base/memory.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/io/compressed_file.hpp"

namespace tallfit::app {

namespace {

void require_cell_engine(const Config::Solver& solver, const std::string& what) {
  require(solver.engine != "iterative" && solver.algorithm != "lsqr" && solver.algorithm != "cholesky",
          ErrorKind::input,
          "{}: a compressed design has no rows: solver.engine = \"iterative\" and solver.algorithm = "
          "\"cholesky\" need the design file it was made from",
          what);
  require(solver.engine != "tall" || !asks_for_grid(solver), ErrorKind::input,
          "{}: solver.grid and solver.block are for the engine grid, but solver.engine = \"tall\". Leave "
          "them out, or set solver.engine = \"grid\"",
          what);
}

std::string reason_of(const Config::Solver& solver, const compress::CellWorkPlan& plan) {
  if (solver.engine == "tall" || asks_for_grid(solver)) return "asked for";
  if (plan.tall_fits()) return "K x K fits the memory of a rank";
  return fmt::format("the tall engine does not fit: it needs {} per rank, run.memory_per_rank = {}",
                     format_bytes(plan.tall_bytes), format_bytes(plan.limit_bytes));
}

}  // namespace

std::string CellEngine::grid() const { return fmt::format("{} x {}", grid_rows, grid_cols); }

CellWork work_on(const compress::CompressedDesign& design, std::string_view command, int n_parts) {
  return {.what = fmt::format("{}: {} of {} columns in {} cells", design.name, command, design.n_cols(),
                              design.cells.size()),
          .plan = [&design, n_parts](compress::GridRequest request) {
            request.n_parts = n_parts;
            return compress::plan_cell_fit(design, request);
          }};
}

CellEngine choose_cell_engine(const Config& config, const CellWork& work, const comm::Communicator& world) {
  Index baseline = current_rss_bytes();
  comm::max_in_place(world, std::span(&baseline, 1));
  const Index limit = memory_limit(config, world);
  compress::CellWorkPlan plan;
  comm::all_or_none(world, [&] {
    require_cell_engine(config.solver, work.what);
    compress::GridRequest request = grid_request(config);
    request.n_ranks = world.size();
    request.limit_bytes = limit;
    request.baseline_bytes = baseline;
    plan = work.plan(request);
  });
  const bool asked = asks_for_grid(config.solver);
  CellEngine engine{.on_grid = asked || (config.solver.engine != "tall" && !plan.tall_fits()),
                    .grid_rows = plan.grid_rows,
                    .grid_cols = plan.grid_cols,
                    .block = plan.block,
                    .reason = reason_of(config.solver, plan)};
  comm::require_replicated(
      world, engine.on_grid ? plan.grid_fits() : plan.tall_fits(), ErrorKind::resource,
      "{} needs {} per rank on one rank, {} on a {} grid, but run.memory_per_rank = {}. Use more ranks, or "
      "raise it",
      work.what, format_bytes(plan.tall_bytes), format_bytes(plan.grid_bytes), engine.grid(),
      format_bytes(plan.limit_bytes));
  if (engine.on_grid) log::info("engine grid ({}): {}", engine.grid(), engine.reason);
  return engine;
}

compress::CompressedDesign load_cells(const std::string& path, const CellEngine& engine,
                                      const comm::Communicator& world) {
  if (!engine.on_grid) return io::load_compressed(path, world);
  const linalg::ProcessGrid grid(world, engine.grid_rows, engine.grid_cols);
  return io::load_compressed(path, grid, engine.block);
}

}  // namespace tallfit::app
