#include <fmt/format.h>

#include <algorithm>

#include "rows.hpp"

#include "tallfit/base/memory.hpp"

namespace tallfit::app {

namespace {

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
  if (plan.validate_bytes > 0) lines.add("  cross-validation", plan.validate_bytes);
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
  if (plan.cells) describe_cells(*plan.cells, lines);
  lines.add("panel", plan.in_core ? "all rows" : fmt::format("{} rows of each rank", plan.rows_per_rank));
  const double per_row = (plan.forms_gram ? 1.0 : 2.0) * k * k;
  lines.add("flops", fmt::format("{:.3g}", static_cast<double>(layout.n_used) * per_row));
  describe_memory(plan, lines);
  lines.add("  rows on their way", plan.stream_bytes);
  if (plan.cells) lines.add("  rows waiting", plan.waiting_bytes);
  lines.add(plan.cells ? "  factors" : "  factor", plan.factor_bytes);
  lines.add("  panel", plan.panel_bytes);
  if (plan.solve_bytes > 0) lines.add("  solving", plan.solve_bytes);
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
  if (!planned.estimate.empty()) lines.add("estimated time", planned.estimate);
  if (planned.is_tall())
    describe_tall(planned.tall(), lines);
  else if (planned.on_grid())
    describe_grid(planned.grid(), layout, lines);
  else
    describe_iteration(planned.iterative(), lines);
  return lines.take();
}

}  // namespace tallfit::app
