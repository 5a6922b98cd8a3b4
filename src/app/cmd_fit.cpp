#include <algorithm>
#include <limits>
#include <optional>

#include "engine.hpp"
#include "find_weights.hpp"
#include "fit_output.hpp"
#include "model_options.hpp"
#include "rows.hpp"

#include "tallfit/app/commands.hpp"
#include "tallfit/base/log.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/design/projected_source.hpp"
#include "tallfit/design/row_filters.hpp"
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

Solved solve_iteratively(const Config& config, const PlannedRows& planned,
                         const estimate::Estimator& estimator, const comm::Communicator& world,
                         io::RunRecord& record) {
  const Phase phase("solve");
  const compress::IterativePlan& plan = planned.iterative();
  const linalg::PetscSession petsc(world, config.solver.petsc);
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

/// Iterations of the estimator go on record; where they did not converge, the run ends. @collective
void take_convergence(const Config& config, const design::DesignInfo& info, const estimate::LinearFit& fit,
                      const comm::Communicator& world, FitOutput& output) {
  Index converged = fit.converged ? 1 : 0;
  comm::broadcast(world, std::span(&converged, 1), 0);
  std::string how = fit.convergence;
  comm::broadcast(world, how, 0);
  if (how.empty()) return;
  output.record.iterations = fit.iterations;
  output.record.converged = converged == 1;
  if (converged == 0)
    output.fail_to_converge(info, fit,
                            fmt::format("fit.estimator = \"{}\" did not converge: {}. Raise fit.max_iter or "
                                        "fit.tol",
                                        config.fit.estimator, how));
}

/// The multipliers of a fit: those given, or the best ones where these are asked for. @collective
design::GroupMultipliers fitted_multipliers(const Config& config, const compress::CompressedDesign& design,
                                            const design::GroupMultipliers& given,
                                            const estimate::Estimator& estimator,
                                            const comm::Communicator& world, io::RunRecord& record) {
  if (!searches_weights(config)) return given;
  record.weights = find_weights(config, design, given, estimator, world);
  return estimate::with_multipliers(given, record.weights->classes, record.weights->multipliers);
}

/// Where the search of weights did not converge, the run ends. @collective
void require_best_weights(const design::DesignInfo& info, const estimate::LinearFit& fit, FitOutput& output) {
  if (output.record.weights && !output.record.weights->converged)
    output.fail_to_converge(
        info, fit,
        fmt::format("fit.optimize_weights did not converge: {}. Raise fit.weight_tolerance or fit.max_iter",
                    output.record.weights->convergence));
}

/// Coefficients and intercept of rank 0, on every rank.
infer::LinearModel share_model(const estimate::LinearFit& fit, Index n_cols,
                               const comm::Communicator& world) {
  std::vector<double> values;
  if (world.is_root()) {
    values.assign(fit.coefficients.begin(), fit.coefficients.end());
    values.push_back(fit.intercept);
  }
  comm::broadcast(world, values, 0);
  return {.coefficients = Eigen::Map<const Eigen::VectorXd>(values.data(), n_cols),
          .intercept = values.back(),
          .covariance_factor = Eigen::MatrixXd(n_cols + 1, 0)};
}

/// The pass that gives absolute and largest errors and, where asked for, the residual of every row.
estimate::ErrorTable pass_for_errors(const Config& config, const PlannedRows& planned,
                                     const infer::LinearModel& model, const comm::Communicator& world,
                                     FitOutput& output) {
  Phase phase("row pass");
  if (!planned.keeps_rows()) {
    const design::DesignInfo& info = planned.info();
    phase.add_bytes(static_cast<double>(info.n_rows) * static_cast<double>(info.bytes_per_row) /
                    world.size());
  }
  // Rows of a sparse design are not made dense for their predictions.
  std::optional<design::ProjectedSource> projected;
  infer::LinearModel of_pass = model;
  if (planned.info().n_entries) {
    projected.emplace(planned.rows(), model.coefficients);
    of_pass.coefficients = Eigen::VectorXd::Ones(1);
    of_pass.covariance_factor = Eigen::MatrixXd(2, 0);
  }
  design::RowSource& rows_of_pass = projected ? *projected : planned.rows();
  estimate::ErrorVisitor errors(of_pass.coefficients, of_pass.intercept);
  std::vector<compress::RowVisitor*> visitors = {&errors};
  std::optional<infer::PredictionVisitor> predictions;
  if (config.fit.residuals) {
    io::RowResultFile& file = output.open_residuals(planned.info().n_rows);
    predictions.emplace(of_pass, [&file](const infer::RowPredictions& rows) {
      file.write(0, rows.begin, rows.prediction);
      file.write(1, rows.begin, rows.residual);
    });
    visitors.push_back(&*predictions);
  }
  compress::run_row_pass(rows_of_pass, planned.layout, world, visitors, planned.block_bytes(),
                         "errors of rows");
  return errors.total(world);
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

void fit_rows(const Config& config, const estimate::Estimator& estimator, const comm::Communicator& world,
              FitOutput& output) {
  PlannedRows planned = plan_rows(config, world, fit_use(config));
  log::info("{}", describe(planned, world.size()));
  comm::all_or_none(world, [&] { keep_rows(planned); });
  output.record.engine_reason = planned.reason;
  output.record.rows_used = planned.layout.n_used;
  const bool searches = searches_weights(config);
  design::GroupMultipliers multipliers;  // of the cells; without a search the rows carry the weights
  comm::all_or_none(world, [&] {
    multipliers = compress::group_multipliers(
        planned.info().group_names, searches ? config.fit.weights : std::map<std::string, double>());
  });
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
    multipliers = fitted_multipliers(config, *design, multipliers, estimator, world, output.record);
    solved = solve(config, *design, multipliers, estimator, world);
    require_best_weights(planned.info(), solved.fit, output);
    if (searches)
      planned.sources.push_back(std::make_unique<design::WeightedSource>(planned.rows(), multipliers));
  }
  take_convergence(config, planned.info(), solved.fit, world, output);
  if (config.solver.refine) refine_fit(config, planned, estimator, world, solved, output);
  solved.system.reset();  // a K x K matrix less beside the covariance
  const infer::LinearModel model = share_model(solved.fit, planned.info().n_cols, world);
  const estimate::ErrorTable errors =
      config.fit.row_pass || config.fit.residuals || !design
          ? pass_for_errors(config, planned, model, world, output)
          : estimate::errors_from_factors(*design, multipliers, model.coefficients, model.intercept, world);
  output.write(planned.info(), solved.fit, estimate::metrics_rows(errors, planned.info().group_names));
}

/// The factors where the engine wants them.
compress::CompressedDesign load_cells(const Config& config, const comm::Communicator& world,
                                      io::RunRecord& record) {
  const std::string& path = config.data.design;
  const CellEngine engine = choose_cell_engine(config, io::describe_compressed(path, world), world);
  record.engine_reason = engine.reason;
  if (!engine.on_grid) return io::load_compressed(path, world);
  record.engine = "grid";
  record.grid = fmt::format("{} x {}", engine.grid_rows, engine.grid_cols);
  log::info("engine {} ({}): {}", record.engine, record.grid, engine.reason);
  return io::load_compressed(path, linalg::ProcessGrid(world, engine.grid_rows, engine.grid_cols),
                             engine.block);
}

void fit_compressed(const Config& config, const estimate::Estimator& estimator,
                    const comm::Communicator& world, FitOutput& output) {
  comm::require_replicated(
      world, !config.solver.refine && !config.fit.residuals, ErrorKind::input,
      "{} is a compressed design, which has no rows: solver.refine and fit.residuals need the "
      "design file it was made from",
      config.data.design);
  std::optional<Phase> load("load");
  const compress::CompressedDesign design = load_cells(config, world, output.record);
  load.reset();
  design::GroupMultipliers multipliers;
  comm::all_or_none(world, [&] {
    multipliers = compress::group_multipliers(design.group_names, config.fit.weights);
    for (const compress::Cell& cell : design.cells) compress::cell_multiplier(design, cell.key, multipliers);
  });
  multipliers = fitted_multipliers(config, design, multipliers, estimator, world, output.record);
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
  require_best_weights(info, solved.fit, output);
  const infer::LinearModel model = share_model(solved.fit, design.n_cols(), world);
  const auto errors =
      estimate::errors_from_factors(design, multipliers, model.coefficients, model.intercept, world);
  output.write(info, solved.fit, estimate::metrics_rows(errors, design.group_names));
}

}  // namespace

void run_fit(const Config& config, const comm::Communicator& world) {
  std::unique_ptr<estimate::Estimator> estimator;
  Config of_run;
  comm::all_or_none(world, [&] {
    estimator = make_estimator(config);
    of_run = for_weight_search(config, *estimator);
  });
  FitOutput output(config, world);
  if (reads_compressed(config, world))
    fit_compressed(of_run, *estimator, world, output);
  else
    fit_rows(of_run, *estimator, world, output);
}

}  // namespace tallfit::app
