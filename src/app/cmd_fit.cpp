#include <algorithm>
#include <limits>
#include <optional>

#include "engine.hpp"
#include "fit_output.hpp"
#include "fit_steps.hpp"
#include "model_options.hpp"
#include "robust_fit.hpp"
#include "rows.hpp"

#include "tallfit/app/commands.hpp"
#include "tallfit/base/log.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/estimate/grid_system.hpp"
#include "tallfit/estimate/iterative_fit.hpp"
#include "tallfit/estimate/normal_equations.hpp"
#include "tallfit/estimate/refine.hpp"
#include "tallfit/infer/prediction.hpp"
#include "tallfit/io/compressed_file.hpp"
#include "tallfit/linalg/petsc_session.hpp"
#include "tallfit/linalg/process_grid.hpp"

namespace tallfit::app {

namespace {

/// One fit, from merged cells or a factor over a grid to coefficients. System and fit live on rank 0, which
/// solves for all, or on all ranks of the grid.
struct Solved {
  std::optional<estimate::LeastSquaresSystem> system;
  estimate::LinearFit fit;
};

Solved solve(const Config& config, const compress::CompressedDesign& design,
             const design::GroupMultipliers& multipliers, const estimate::Estimator& estimator,
             const comm::Communicator& world) {
  const Phase phase("solve");
  Solved solved;
  if (design.on_grid()) {
    solved.system = estimate::grid_training_system(design, multipliers, intercept_of(config));
    solved.fit = estimator.fit(*solved.system);
    return solved;
  }
  solved.system = estimate::training_system(design, multipliers, intercept_of(config), world);
  comm::all_or_none(world, [&] {
    if (world.is_root()) solved.fit = estimator.fit(*solved.system);
  });
  return solved;
}

/// Rows that are folded as they come, because factors of light ones do not fit beside those of heavy ones.
void warn_of_uneven_scales(const compress::RowLayout& layout) {
  constexpr double even = 1e8;  // leaves half of the digits
  double smallest = std::numeric_limits<double>::infinity();
  double largest = 0.0;
  for (const compress::LeafCell& cell : layout.leaf_cells) {
    if (cell.key.is_test()) continue;
    smallest = std::min(smallest, cell.sums.min_scale);
    largest = std::max(largest, cell.sums.max_scale);
  }
  if (largest <= even * smallest) return;
  log::warn(
      "row weights span {:.0e} to {:.0e}, and memory is too short to sort rows by weight: light ones may "
      "lose "
      "digits; use more ranks, or raise run.memory_per_rank",
      smallest, largest);
}

void warn_of_normal_equations(const estimate::LinearFit& fit) {
  constexpr double safe_condition = 1e6;  // two corrections bring it to 11 digits
  if (fit.condition > safe_condition)
    log::warn(
        "normal equations of columns with condition {:.1e} keep few digits; solver.algorithm = \"qr\" keeps "
        "twice as many",
        fit.condition);
}

Solved solve_on_grid(const Config& config, const PlannedRows& planned, const estimate::Estimator& estimator,
                     const comm::Communicator& world) {
  const Phase phase("solve");
  const compress::GridPlan& plan = planned.grid();
  Solved solved;
  if (plan.cells) {
    solved.system = estimate::grid_training_system(
        compress_rows(planned, world), compress::group_multipliers(planned.info().group_names, {}),
        intercept_of(config));
    const Phase estimate("estimate");
    solved.fit = estimator.fit(*solved.system);
    return solved;
  }
  const linalg::ProcessGrid grid(world, plan.grid_rows, plan.grid_cols);
  const estimate::GridRows rows{.source = planned.rows(),
                                .layout = planned.layout,
                                .rows_per_rank = plan.rows_per_rank,
                                .block_bytes = plan.block_bytes,
                                .block = plan.block};
  if (plan.forms_gram) {
    estimate::NormalFit found = estimate::fit_normal_equations(rows, grid, intercept_of(config), estimator,
                                                               estimator_options(config));
    warn_of_normal_equations(found.fit);
    solved.system = std::move(found.system);
    solved.fit = std::move(found.fit);
    return solved;
  }
  warn_of_uneven_scales(planned.layout);
  solved.system = estimate::grid_system(rows, grid, intercept_of(config));
  const Phase estimate("estimate");
  solved.fit = estimator.fit(*solved.system);
  return solved;
}

/// LSQR would pass over such an option without a word.
void require_use_of_pc_type(const PlannedRows& planned, const comm::Communicator& world) {
  if (!linalg::PetscSession::has_option("-pc_type")) return;
  comm::require_replicated(
      world, !planned.iterative().has_sketch(), ErrorKind::input,
      "solver.petsc has -pc_type, but this fit is preconditioned by a sketch. Set solver.preconditioner = "
      "\"scaling\" for PETSc's preconditioner, or leave -pc_type out");
  comm::require_replicated(
      world, planned.info().n_entries.has_value(), ErrorKind::input,
      "solver.petsc has -pc_type, which is for sparse designs, but the rows of {} are dense. Leave -pc_type "
      "out",
      planned.info().name);
}

Solved solve_iteratively(const Config& config, const PlannedRows& planned,
                         const estimate::Estimator& estimator, const comm::Communicator& world,
                         io::RunRecord& record) {
  const Phase phase("solve");
  const compress::IterativePlan& plan = planned.iterative();
  const linalg::PetscSession petsc(world, config.solver.petsc);
  require_use_of_pc_type(planned, world);
  const linalg::ProcessGrid grid(world, plan.has_sketch() ? plan.grid_rows : world.size(),
                                 plan.has_sketch() ? plan.grid_cols : 1);
  estimate::IterativeOptions options{
      .estimator = estimator_options(config),
      .penalty = estimate::require_quadratic(estimator, "the engine iterative"),
      .intercept = intercept_of(config),
      .tolerance = config.solver.tolerance,
      .max_iterations = config.solver.max_iterations,
      .sketch = std::nullopt};
  if (plan.has_sketch())
    options.sketch = {.n_rows = plan.sketch_rows,
                      .rows_per_rank = plan.rows_per_rank,
                      .seed = static_cast<std::uint64_t>(config.run.seed)};
  estimate::RowSet rows;
  {
    const Phase read("read rows");
    const Index n = planned.info().n_rows;
    comm::all_or_none(world, [&] {
      rows = estimate::read_row_set(planned.rows(), n * world.rank() / world.size(),
                                    n * (world.rank() + 1) / world.size(), config.fit.fit_intercept,
                                    plan.block_bytes);
    });
  }
  estimate::IterativeFit found = estimate::fit_iteratively(std::move(rows), grid, options);
  record.iterations = found.iterations;
  record.converged = found.converged;
  record.backward_error = found.backward_error;
  Solved solved;
  solved.fit = std::move(found.fit);
  solved.fit.objective = estimator.objective();
  return solved;
}

void refine_fit(const Config& config, const PlannedRows& planned, const estimate::Estimator& estimator,
                const comm::Communicator& world, Solved& solved, FitOutput& output) {
  const Phase phase("refine");
  const estimate::Refinement done =
      estimate::refine({planned.rows(), planned.layout, world, planned.block_bytes()},
                       solved.system ? &solved.fit : nullptr, solved.system ? &*solved.system : nullptr,
                       estimate::require_quadratic(estimator, "solver.refine"), estimator_options(config));
  output.record.iterations = done.passes;
  output.record.converged = done.converged;
  log::info("refined in {} passes; last relative correction {:.1e}", done.passes, done.last_correction);
  if (!done.converged) {
    log::warn(
        "refinement stopped after {} passes with corrections of {:.1e}: the condition is too high for it",
        done.passes, done.last_correction);
  }
}

std::unique_ptr<estimate::Estimator> make_estimator_on_all(const Config& config,
                                                           const std::vector<std::string>& column_names,
                                                           const comm::Communicator& world) {
  std::unique_ptr<estimate::Estimator> estimator;
  comm::all_or_none(world, [&] { estimator = make_estimator(config, column_names); });
  return estimator;
}

void fit_rows(const Config& config, const comm::Communicator& world, FitOutput& output) {
  PlannedRows planned = plan_rows(config, world, fit_use(config));
  const auto made = make_estimator_on_all(config, planned.info().column_names, world);
  const estimate::Estimator& estimator = *made;
  log::info("{}", describe(planned, world.size()));
  comm::all_or_none(world, [&] { keep_rows(planned); });
  output.record.engine_reason = planned.reason;
  output.record.rows_used = planned.layout.n_used;
  const design::GroupMultipliers ones =
      compress::group_multipliers(planned.info().group_names, {});  // the rows carry the weights
  std::optional<compress::CompressedDesign> design;
  Solved solved;
  output.record.engine = engine_name(planned);
  if (!planned.is_tall() && !planned.on_grid()) {
    solved = solve_iteratively(config, planned, estimator, world, output.record);
    if (!output.record.converged)
      output.fail_to_converge(
          planned.info(), solved.fit,
          fmt::format("LSQR did not converge: after {} iterations the backward error is {:.1e}, and "
                      "solver.tolerance = {:.1e}. Raise solver.tolerance or solver.max_iterations, or use "
                      "solver.engine = \"grid\"",
                      output.record.iterations, output.record.backward_error, config.solver.tolerance));
  } else if (planned.on_grid()) {
    output.record.grid = fmt::format("{} x {}", planned.grid().grid_rows, planned.grid().grid_cols);
    if (planned.grid().cells) output.record.cells = planned.grid().cells->notes;
    solved = solve_on_grid(config, planned, estimator, world);
  } else {
    const compress::CellPlan& cells = planned.tall().cells;
    output.record.cells = {fmt::format("{} cells: {}", cells.cells.size(), compress::to_string(cells.parts))};
    output.record.cells.insert(output.record.cells.end(), cells.notes.begin(), cells.notes.end());
    design = compress_rows(planned, world);
    solved = solve(config, *design, ones, estimator, world);
  }
  take_convergence(config, planned.info(), solved.fit, world, output);
  if (config.solver.refine) refine_fit(config, planned, estimator, world, solved, output);
  solved.system.reset();  // a K x K matrix less beside the covariance
  const infer::LinearModel model = share_model(solved.fit, planned.info().n_cols, world);
  const estimate::ErrorTable errors =
      config.fit.row_pass || config.fit.residuals || !design
          ? pass_for_errors(config, planned, model, world, output)
          : estimate::errors_from_factors(*design, ones, model.coefficients, model.intercept, world);
  output.write(planned.info(), solved.fit, estimate::metrics_rows(errors, planned.info().group_names));
}

compress::CompressedDesign load_for_fit(const Config& config, const comm::Communicator& world,
                                        io::RunRecord& record) {
  const compress::CompressedDesign design = io::describe_compressed(config.data.design, world);
  const CellEngine engine = choose_cell_engine(config, work_on(design, "a fit"), world);
  record.engine_reason = engine.reason;
  if (engine.on_grid) {
    record.engine = "grid";
    record.grid = engine.grid();
  }
  return load_cells(config.data.design, engine, world);
}

void fit_compressed(const Config& config, const comm::Communicator& world, FitOutput& output) {
  comm::require_replicated(
      world, !config.solver.refine && !config.fit.residuals, ErrorKind::input,
      "{} is a compressed design, which has no rows: solver.refine and fit.residuals need the "
      "design file it was made from",
      config.data.design);
  std::optional<Phase> load("load");
  const compress::CompressedDesign design = load_for_fit(config, world, output.record);
  load.reset();
  const auto made = make_estimator_on_all(config, design.column_names, world);
  const estimate::Estimator& estimator = *made;
  design::GroupMultipliers multipliers;
  comm::all_or_none(world, [&] {
    multipliers = compress::group_multipliers(design.group_names, config.fit.weights);
    for (const compress::Cell& cell : design.cells) compress::cell_multiplier(design, cell.key, multipliers);
  });
  Solved solved = solve(config, design, multipliers, estimator, world);
  solved.system.reset();
  for (const compress::Cell& cell : design.cells) output.record.rows_used += cell.sums.count;
  output.record.cells = {fmt::format("{} cells: {}", design.cells.size(), compress::to_string(design.parts))};
  const design::DesignInfo info{.name = design.name,
                                .n_rows = design.n_rows,
                                .n_cols = design.n_cols(),
                                .group_names = design.group_names,
                                .column_names = design.column_names,
                                .snap = design.snap};
  take_convergence(config, info, solved.fit, world, output);
  const infer::LinearModel model = share_model(solved.fit, design.n_cols(), world);
  const auto errors =
      estimate::errors_from_factors(design, multipliers, model.coefficients, model.intercept, world);
  output.write(info, solved.fit, estimate::metrics_rows(errors, design.group_names));
}

}  // namespace

void run_fit(const Config& config, const comm::Communicator& world) {
  comm::all_or_none(world, [&] { check_prior(config.fit); });
  if (estimate::is_robust(config.fit.estimator)) return run_robust_fit(config, world);
  comm::all_or_none(world, [&] { make_estimator(config); });  // wrong options are known before a row is read
  FitOutput output(config, world);
  if (reads_compressed(config, world))
    fit_compressed(config, world, output);
  else
    fit_rows(config, world, output);
}

}  // namespace tallfit::app
