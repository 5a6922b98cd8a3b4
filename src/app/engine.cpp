#include "engine.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/base/memory.hpp"

namespace tallfit::app {

namespace {

compress::GridPlan plan_grid(const Config& config, const compress::PlanRequest& request,
                             const PlannedRows& planned) {
  const compress::GridRequest of_grid{.n_ranks = request.n_ranks,
                                      .limit_bytes = request.limit_bytes,
                                      .baseline_bytes = request.baseline_bytes,
                                      .block_bytes = request.block_bytes,
                                      .penalised = config.fit.estimator == "ridge",
                                      .takes_svd = request.takes_svd};
  if (request.saves) {
    return compress::plan_grid_cells(planned.layout, of_grid,
                                     {.wanted = request.wanted, .explicit_parts = request.explicit_parts});
  }
  if (std::optional<compress::CellPlan> classes = compress::scale_classes(planned.layout)) {
    try {
      return compress::plan_grid_fit(planned.layout, of_grid, std::move(*classes));
    } catch (const Error&) {  // one factor takes less; the fit warns of what it loses
    }
  }
  return compress::plan_grid(planned.layout, of_grid);
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

void describe_cells(const compress::CellPlan& cells, Lines& lines) {
  lines.add("cells", fmt::format("{} ({})", cells.cells.size(), compress::to_string(cells.parts)));
  for (const std::string& note : cells.notes) lines.add("", note);
}

void describe_tall(const compress::MemoryPlan& plan, Lines& lines) {
  describe_cells(plan.cells, lines);
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
  lines.add("process grid", fmt::format("{} x {}", plan.grid_rows, plan.grid_cols));
  if (plan.cells) describe_cells(*plan.cells, lines);
  lines.add("panel", plan.in_core ? "all rows" : fmt::format("{} rows of each rank", plan.rows_per_rank));
  lines.add("flops", fmt::format("{:.3g}", 2.0 * static_cast<double>(layout.n_used) * k * k));
  describe_memory(plan, lines);
  lines.add("  rows on their way", plan.stream_bytes);
  if (plan.cells) lines.add("  rows waiting", plan.waiting_bytes);
  lines.add(plan.cells ? "  factors" : "  factor", plan.factor_bytes);
  lines.add("  panel", plan.panel_bytes);
  if (plan.solve_bytes > 0) lines.add("  solving", plan.solve_bytes);
}

}  // namespace

void choose_engine(const Config& config, const compress::PlanRequest& request, PlannedRows& planned) {
  const bool may_grid = (request.solves || request.saves) && config.solver.engine != "tall";
  if (may_grid && config.solver.engine == "grid") {
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

std::string describe(const PlannedRows& planned, int n_ranks) {
  const compress::RowLayout& layout = planned.layout;
  Lines lines;
  lines.add("engine", fmt::format("{}: {}", planned.on_grid() ? "grid" : "tall", planned.reason));
  lines.add("rows x columns",
            fmt::format("{} x {} ({} of weight > 0)", layout.n_rows, layout.n_cols, layout.n_used));
  lines.add("ranks, leaves", fmt::format("{}, {}", n_ranks, layout.n_leaves()));
  if (planned.on_grid()) {
    describe_grid(planned.grid(), layout, lines);
  } else {
    describe_tall(planned.tall(), lines);
  }
  return lines.take();
}

}  // namespace tallfit::app
