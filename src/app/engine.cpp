#include "engine.hpp"

#include <charconv>
#include <system_error>

#include "model_options.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/compress/cost_model.hpp"

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
  compress::GridRequest of_grid = grid_request(config);
  of_grid.n_ranks = request.n_ranks;
  of_grid.limit_bytes = request.limit_bytes;
  of_grid.baseline_bytes = request.baseline_bytes;
  of_grid.block_bytes = request.block_bytes;
  of_grid.n_parts = request.n_parts;
  if (request.saves) {
    return compress::plan_grid_cells(planned.layout, of_grid,
                                     {.wanted = request.wanted, .explicit_parts = request.explicit_parts});
  }
  std::optional<compress::CellPlan> classes = compress::scale_classes(planned.layout);
  if (classes && !of_grid.forms_gram) {
    try {
      return compress::plan_grid_fit(planned.layout, of_grid, std::move(*classes));
    } catch (const Error&) {  // one factor takes less; the fit warns of what it loses
    }
  }
  return compress::plan_grid(planned.layout, of_grid);
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

/// The engines of a run, those that do not fit its memory left out.
class Candidates {
public:
  enum Engine { tall, grid, iterative };

  Candidates(const Config& config, const compress::PlanRequest& request, PlannedRows& planned)
      : config_(config), request_(request), planned_(planned) {}

  void take_only(Engine engine) {
    planned_.plan = plan(engine);
    planned_.reason = "asked for";
  }

  void take_best() {
    std::optional<Error> tall_error;
    const std::optional<Candidate> of_tall = try_plan(tall, tall_error);
    std::optional<Error> other_error;
    const std::optional<Candidate> of_grid = try_plan(grid, other_error);
    std::optional<Candidate> of_rows;
    const bool may_iterate = request_.solves && !request_.saves && !config_.solver.refine &&
                             config_.solver.algorithm == "auto" && is_quadratic(config_);
    if (may_iterate) of_rows = try_plan(iterative, other_error);
    const bool sparse = planned_.info().n_entries.has_value();
    const std::optional<Candidate>& factored =
        !of_tall || (of_grid && of_grid->seconds < of_tall->seconds / 2.0) ? of_grid : of_tall;
    if (of_rows && (!factored || (sparse && of_rows->seconds < factored->seconds / 2.0)))
      take(*of_rows, factored,
           factored ? "the design is sparse, and a factor would take longer"
                    : "neither K x K on a rank nor its part on a grid fits");
    else if (!factored)
      throw *tall_error;
    else if (&factored == &of_tall)
      take(*of_tall, of_grid, "K x K fits the memory of a rank");
    else
      take(*of_grid, of_tall,
           of_tall ? "the solve on one rank would take longer"
                   : fmt::format("the tall engine does not fit: {}", tall_error->what()));
  }

private:
  using Plan = std::variant<compress::MemoryPlan, compress::GridPlan, compress::IterativePlan>;

  struct Candidate {
    Plan plan;
    double seconds;
  };

  Plan plan(Engine engine) const {
    if (engine == tall)
      return compress::plan_memory(planned_.layout, request_, planned_.info().bytes_per_row);
    if (engine == grid) return plan_grid(config_, request_, planned_);
    return plan_iteration(config_, request_, planned_);
  }

  double seconds(const Plan& plan) const {
    const compress::MachineRates& rates = config_.machine;
    if (const auto* of_grid = std::get_if<compress::GridPlan>(&plan))
      return compress::grid_seconds(planned_.layout, of_grid->grid_rows, of_grid->grid_cols, rates);
    if (const auto* of_rows = std::get_if<compress::IterativePlan>(&plan))
      return compress::iterative_seconds(*of_rows, request_.n_ranks, planned_.info().n_entries.has_value(),
                                         rates);
    const auto& cells = std::get<compress::MemoryPlan>(plan).cells.cells;
    return compress::tall_seconds(planned_.layout, static_cast<Index>(cells.size()), request_.n_ranks, rates)
        .total();
  }

  /// Nothing where it does not fit.
  std::optional<Candidate> try_plan(Engine engine, std::optional<Error>& why_not) const {
    try {
      Plan found = plan(engine);
      const double of_plan = seconds(found);
      return Candidate{std::move(found), of_plan};
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::resource) throw;
      why_not = error;
      return std::nullopt;
    }
  }

  void take(const Candidate& best, const std::optional<Candidate>& other, std::string reason) {
    planned_.plan = best.plan;
    planned_.reason = std::move(reason);
    planned_.estimate = fmt::format("{:.2g} s", best.seconds);
    if (other) planned_.estimate += fmt::format(" ({:.2g} s by another engine)", other->seconds);
  }

  const Config& config_;
  const compress::PlanRequest& request_;
  PlannedRows& planned_;
};

}  // namespace

bool asks_for_grid(const Config::Solver& solver) {
  return solver.engine == "grid" || solver.grid != "auto" || solver.block > 0 ||
         solver.algorithm == "cholesky";
}

compress::GridRequest grid_request(const Config& config) {
  const GridShape grid = parse_grid(config.solver.grid);
  return {.penalised = config.fit.estimator != "ols",
          .takes_svd = config.solver.algorithm == "svd",
          .forms_gram = config.solver.algorithm == "cholesky",
          .grid_rows = grid.rows,
          .grid_cols = grid.cols,
          .block = config.solver.block};
}

void require_row_passes(const Config& config) {
  const Config::Solver& solver = config.solver;
  require(
      !asks_for_grid(solver) && solver.engine != "iterative" && solver.algorithm != "lsqr", ErrorKind::input,
      "fit.estimator = \"{}\" has the engine tall alone, whose passes over the rows weigh them anew. Leave "
      "solver.engine, solver.grid, solver.block and solver.algorithm = \"cholesky\" or \"lsqr\" out",
      config.fit.estimator);
  require(!solver.refine, ErrorKind::input,
          "solver.refine is for fit.estimator = \"ols\" or \"ridge\"; \"{}\" takes its residuals from the "
          "rows anyway. Leave it out",
          config.fit.estimator);
}

void choose_engine(const Config& config, const compress::PlanRequest& request, PlannedRows& planned) {
  const Config::Solver& solver = config.solver;
  const bool is_tall = solver.engine == "tall";
  const bool is_iterative = solver.engine == "iterative" || solver.algorithm == "lsqr";
  require(
      !request.solves || !(is_tall || is_iterative) || !asks_for_grid(solver), ErrorKind::input,
      "solver.grid, solver.block and solver.algorithm = \"cholesky\" are for the engine grid, but {}. Leave "
      "them out, or set solver.engine = \"grid\"",
      is_tall ? "solver.engine = \"tall\"" : "the engine iterative was asked for");
  Candidates candidates{config, request, planned};
  if (request.solves && needs_rows(config)) {
    candidates.take_only(Candidates::tall);
    planned.reason = fmt::format("fit.estimator = \"{}\" takes passes over the rows", config.fit.estimator);
    return;
  }
  if (request.solves && is_iterative) return candidates.take_only(Candidates::iterative);
  if ((request.solves || request.saves) && !is_tall && asks_for_grid(solver))
    return candidates.take_only(Candidates::grid);
  if (is_tall || !(request.solves || request.saves)) {
    candidates.take_only(Candidates::tall);
    planned.reason = "K x K fits the memory of a rank";
    return;
  }
  candidates.take_best();
}

}  // namespace tallfit::app
