#include "engine.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "tallfit/base/error.hpp"
#include "tallfit/base/memory.hpp"

namespace tallfit::app {

namespace {

struct GridShape {
  int rows = 0;  ///< 0: chosen
  int cols = 0;
};

/// "2x3"; "auto" chooses.
GridShape parse_grid(const std::string& text) {
  if (text == "auto") return {};
  GridShape grid;
  const char* end = text.data() + text.size();
  const auto rows = std::from_chars(text.data(), end, grid.rows);
  bool reads = rows.ec == std::errc() && rows.ptr != end && *rows.ptr == 'x';
  if (reads) {
    const auto cols = std::from_chars(rows.ptr + 1, end, grid.cols);
    reads = cols.ec == std::errc() && cols.ptr == end;
  }
  require(reads && grid.rows > 0 && grid.cols > 0, ErrorKind::input,
          "solver.grid = \"{}\" cannot be read. Write rows x columns of the process grid, as \"2x3\", or "
          "\"auto\"",
          text);
  return grid;
}

compress::GridPlan plan_grid(const Config& config, const compress::PlanRequest& request,
                             const PlannedRows& planned) {
  const GridShape grid = parse_grid(config.solver.grid);
  return compress::plan_grid(planned.layout, {.n_ranks = request.n_ranks,
                                              .limit_bytes = request.limit_bytes,
                                              .baseline_bytes = request.baseline_bytes,
                                              .block_bytes = request.block_bytes,
                                              .penalised = config.fit.estimator == "ridge",
                                              .takes_svd = request.takes_svd,
                                              .grid_rows = grid.rows,
                                              .grid_cols = grid.cols,
                                              .block = config.solver.block});
}

/// Lines of a table of two columns.
class Lines {
public:
  void add(std::string_view what, const std::string& value) {
    text_ += fmt::format("{:<22}{}\n", what, value);
  }
  void add(std::string_view what, Index bytes) { add(what, format_bytes(bytes)); }
  std::string take() { return std::move(text_); }

private:
  std::string text_;
};

template <class Plan>
void describe_memory(const Plan& plan, Lines& lines) {
  lines.add("memory per rank",
            fmt::format("{} of {}", format_bytes(plan.peak_bytes), format_bytes(plan.limit_bytes)));
  lines.add("  program, labels", plan.baseline_bytes);
}

void describe_tall(const compress::MemoryPlan& plan, Lines& lines) {
  lines.add("cells", fmt::format("{} ({})", plan.cells.cells.size(), compress::to_string(plan.cells.parts)));
  for (const std::string& note : plan.cells.notes) lines.add("", note);
  lines.add("flops", fmt::format("{:.3g} a pass, {:.3g} to merge cells", plan.pass_flops, plan.merge_flops));
  lines.add("read", fmt::format("{} a pass", format_bytes(static_cast<Index>(plan.pass_bytes_read))));
  describe_memory(plan, lines);
  lines.add("  row blocks", plan.stream_bytes);
  lines.add("  factors, pass", plan.pass_bytes);
  lines.add("  merging", plan.merge_bytes);
  lines.add("  solving (rank 0)", plan.solve_bytes);
  lines.add("  rows kept",
            plan.keeps_rows() ? format_bytes(plan.kept_bytes) : "none: later passes read them again");
}

void describe_grid(const compress::GridPlan& plan, const compress::RowLayout& layout, Lines& lines) {
  const auto k = static_cast<double>(layout.n_cols + 2);
  lines.add("process grid",
            fmt::format("{} x {} in blocks of {}", plan.grid_rows, plan.grid_cols, plan.block));
  const Index n_blocks = ceil_div(layout.n_cols + 2, plan.block);
  const Index with_part =
      std::min<Index>(plan.grid_rows, n_blocks) * std::min<Index>(plan.grid_cols, n_blocks);
  const Index n_ranks = Index{plan.grid_rows} * plan.grid_cols;
  if (with_part < n_ranks) {
    lines.add("",
              fmt::format("only {} of {} ranks have a part of the factor: use smaller blocks or fewer ranks",
                          with_part, n_ranks));
  }
  lines.add("panel", plan.in_core ? "all rows" : fmt::format("{} rows of each rank", plan.rows_per_rank));
  lines.add("flops", fmt::format("{:.3g}", 2.0 * static_cast<double>(layout.n_used) * k * k));
  describe_memory(plan, lines);
  lines.add("  rows on their way", plan.stream_bytes);
  lines.add("  factor", plan.factor_bytes);
  lines.add("  panel", plan.panel_bytes);
  lines.add("  solving", plan.solve_bytes);
}

compress::IterativePlan plan_iteration(const Config& config, const compress::PlanRequest& request,
                                       const PlannedRows& planned) {
  const std::string& wished = config.solver.preconditioner;
  require(
      !config.solver.refine, ErrorKind::input,
      "solver.refine needs the factor of all rows, which solver.engine = \"iterative\" does not make. Lower "
      "solver.tolerance, or use the engine grid");
  require(config.solver.algorithm == "auto" || config.solver.algorithm == "lsqr", ErrorKind::input,
          "solver.engine = \"iterative\" has the algorithm lsqr, not {}", config.solver.algorithm);
  require(config.solver.engine == "auto" || config.solver.engine == "iterative", ErrorKind::input,
          "solver.algorithm = \"lsqr\" needs the engine iterative, not {}", config.solver.engine);
  return compress::plan_iteration(
      planned.layout, {.n_ranks = request.n_ranks,
                       .limit_bytes = request.limit_bytes,
                       .baseline_bytes = request.baseline_bytes,
                       .block_bytes = request.block_bytes,
                       .n_entries = planned.info().n_entries,
                       .n_unknowns = planned.layout.n_cols + (config.fit.fit_intercept ? 1 : 0),
                       .preconditioner = wished == "sketch"    ? compress::Preconditioner::sketch
                                         : wished == "scaling" ? compress::Preconditioner::scaling
                                                               : compress::Preconditioner::automatic});
}

void describe_iteration(const compress::IterativePlan& plan, Lines& lines) {
  lines.add("preconditioner", plan.has_sketch()
                                  ? fmt::format("sketch of {} rows: {}", plan.sketch_rows, plan.reason)
                                  : fmt::format("columns scaled: {}", plan.reason));
  if (plan.has_sketch()) lines.add("process grid", fmt::format("{} x {}", plan.grid_rows, plan.grid_cols));
  lines.add("flops", fmt::format("{:.3g} for the sketch, {:.3g} an iteration", plan.sketch_flops,
                                 plan.iteration_flops));
  describe_memory(plan, lines);
  lines.add("  row blocks", plan.stream_bytes);
  lines.add("  rows", plan.rows_bytes);
  lines.add("  vectors", plan.vector_bytes);
  lines.add("  sketch", plan.sketch_bytes);
}

}  // namespace

bool asks_for_grid(const Config::Solver& solver) {
  return solver.engine == "grid" || solver.grid != "auto" || solver.block > 0;
}

void choose_engine(const Config& config, const compress::PlanRequest& request, PlannedRows& planned) {
  const bool is_tall = config.solver.engine == "tall";
  const bool is_iterative = config.solver.engine == "iterative" || config.solver.algorithm == "lsqr";
  require(
      !request.solves || !(is_tall || is_iterative) || !asks_for_grid(config.solver), ErrorKind::input,
      "solver.grid and solver.block are for the engine grid, but solver.engine = \"{}\". Leave them out, or "
      "set solver.engine = \"grid\"",
      is_tall ? "tall" : "iterative");
  if (request.solves && is_iterative) {
    planned.reason = "asked for";
    planned.plan = plan_iteration(config, request, planned);
    return;
  }
  const bool may_grid = request.solves && !is_tall;
  if (may_grid && asks_for_grid(config.solver)) {
    planned.reason = "asked for";
    planned.plan = plan_grid(config, request, planned);
    return;
  }
  try {
    planned.plan = compress::plan_memory(planned.layout, request, planned.info().bytes_per_row);
    planned.reason = "K x K fits the memory of a rank";
  } catch (const Error& error) {
    if (!may_grid || error.kind() != ErrorKind::resource) throw;
    try {
      planned.plan = plan_grid(config, request, planned);
    } catch (const Error&) {
      throw error;  // what it asks for is less
    }
    planned.reason = fmt::format("the tall engine does not fit: {}", error.what());
  }
}

std::string_view engine_name(const PlannedRows& planned) {
  return planned.is_tall() ? "tall" : planned.on_grid() ? "grid" : "iterative";
}

std::string describe(const PlannedRows& planned, int n_ranks) {
  const compress::RowLayout& layout = planned.layout;
  Lines lines;
  lines.add("engine", fmt::format("{}: {}", engine_name(planned), planned.reason));
  lines.add("rows x columns",
            fmt::format("{} x {} ({} of weight > 0)", layout.n_rows, layout.n_cols, layout.n_used));
  lines.add("ranks, leaves", fmt::format("{}, {}", n_ranks, layout.n_leaves()));
  if (planned.is_tall())
    describe_tall(planned.tall(), lines);
  else if (planned.on_grid())
    describe_grid(planned.grid(), layout, lines);
  else
    describe_iteration(planned.iterative(), lines);
  return lines.take();
}

}  // namespace tallfit::app
