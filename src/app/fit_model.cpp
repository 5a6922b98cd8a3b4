#include "fit_model.hpp"

#include <optional>

#include "engine.hpp"
#include "find_weights.hpp"
#include "fit_steps.hpp"
#include "kernel_rows.hpp"
#include "leverages.hpp"
#include "model_error.hpp"
#include "model_options.hpp"
#include "noise.hpp"
#include "noise_matrix.hpp"
#include "pops.hpp"
#include "posterior.hpp"
#include "process_fit.hpp"
#include "robust_fit.hpp"
#include "selection.hpp"
#include "solve_rows.hpp"
#include "sweep_grid.hpp"

#include "tallfit/base/log.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/compress/row_feed.hpp"
#include "tallfit/design/row_filters.hpp"
#include "tallfit/estimate/grid_system.hpp"
#include "tallfit/estimate/noise_likelihood.hpp"
#include "tallfit/estimate/refine.hpp"
#include "tallfit/io/compressed_file.hpp"

namespace tallfit::app {

namespace {

std::unique_ptr<estimate::Estimator> make_estimator_on_all(const Config& config,
                                                           const std::vector<std::string>& column_names,
                                                           const comm::Communicator& world) {
  std::unique_ptr<estimate::Estimator> estimator;
  comm::all_or_none(world, [&] { estimator = make_estimator(config, column_names); });
  return estimator;
}

/// The same, whose search is saved. @collective
std::unique_ptr<estimate::Estimator> make_resumable(const Config& config,
                                                    const std::vector<std::string>& column_names,
                                                    const comm::Communicator& world,
                                                    compress::Checkpoint* checkpoint) {
  std::unique_ptr<estimate::Estimator> estimator;
  comm::all_or_none(world, [&] {
    estimate::EstimatorOptions options = estimator_options(config, column_names);
    options.checkpoint = checkpoint;
    estimator = estimate::make_estimator(config.fit.estimator, options);
  });
  return estimator;
}

/// The system of merged cells: of rank 0, or of all ranks of the grid that holds them. @collective
std::optional<estimate::LeastSquaresSystem> merged_system(const Config& config,
                                                          const compress::CompressedDesign& design,
                                                          const design::GroupMultipliers& multipliers,
                                                          const comm::Communicator& world) {
  if (design.on_grid()) return estimate::grid_training_system(design, multipliers, intercept_of(config));
  return estimate::training_system(design, multipliers, intercept_of(config), world);
}

/// Fits where the system is. @collective
void fit_system(Solved& solved, const estimate::Estimator& estimator, const comm::Communicator& world) {
  if (solved.system && !solved.system->r.grid().is_serial()) {
    solved.fit = estimator.fit(*solved.system);
    return;
  }
  comm::all_or_none(world, [&] {
    if (solved.system) solved.fit = estimator.fit(*solved.system);
  });
}

/// Chooses hyperparameters where that is asked for, which go to @p config, and fits.
Solved solve(Config& config, const compress::CompressedDesign& design,
             const design::GroupMultipliers& multipliers, const comm::Communicator& world,
             FitOutput& output) {
  if (config.fit.select == "cv")
    config = choose_by_cross_validation(config, design, multipliers, world, output);
  const Phase phase("solve");
  Solved solved{.system = merged_system(config, design, multipliers, world), .fit = {}};
  if (config.fit.select == "gcv" || config.fit.select == "evidence")
    config = choose_by_figure(config, design.column_names, solved.system ? &*solved.system : nullptr, world,
                              output);
  fit_system(solved, *make_resumable(config, design.column_names, world, output.checkpoint()), world);
  return solved;
}

/// The multipliers of a fit: those given, or the best ones where these are asked for. @collective
design::GroupMultipliers fitted_multipliers(const Config& config, const compress::CompressedDesign& design,
                                            const design::GroupMultipliers& given,
                                            const comm::Communicator& world, io::RunRecord& record) {
  if (!searches_weights(config)) return given;
  const auto estimator = make_estimator_on_all(config, design.column_names, world);
  record.weights = find_weights(config, design, given, *estimator, world);
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

void refine_fit(const Config& config, const PlannedRows& planned, const comm::Communicator& world,
                Solved& solved, FitOutput& output) {
  const Phase phase("refine");
  const estimate::Refinement done = estimate::refine(
      {.source = planned.fitted_rows(),
       .layout = planned.layout,
       .comm = world,
       .block_bytes = planned.block_bytes(),
       .checkpoint = output.checkpoint()},
      solved.system ? &solved.fit : nullptr, solved.system ? &*solved.system : nullptr,
      estimate::require_quadratic(*make_estimator(config), "solver.refine"), estimator_options(config));
  output.record.iterations = done.passes;
  output.record.converged = done.converged;
  log::info("refined in {} passes; last relative correction {:.1e}", done.passes, done.last_correction);
  if (!done.converged) {
    log::warn(
        "refinement stopped after {} passes with corrections of {:.1e}: the condition is too high for it",
        done.passes, done.last_correction);
  }
}

/// The same data by an engine that makes a factor, another estimator, no choices.
Solved fit_once(const Config& config, const PlannedRows& planned, const estimate::Estimator& estimator,
                const comm::Communicator& world) {
  if (planned.on_grid()) return solve_on_grid(config, planned, estimator, world);
  const compress::CompressedDesign design = compress_rows(planned, world);
  Solved solved{
      .system = merged_system(config, design, compress::group_multipliers(design.group_names, {}), world),
      .fit = {}};
  fit_system(solved, estimator, world);
  return solved;
}

/// The evidence bound of a sparse Gaussian process, on every rank. @collective
double evidence_bound(const Config& config, const comm::Communicator& world) {
  const PlannedRows planned = plan_rows(config, world, fit_use(config));
  const auto estimator = make_estimator_on_all(config, planned.info().column_names, world);
  const estimate::LinearFit fit = fit_once(config, planned, *estimator, world).fit;
  double bound = 0.0;
  for (const auto& [name, value] : fit.hyperparameters)
    if (name == "evidence_bound") bound = value;
  comm::broadcast(world, std::span(&bound, 1), 0);
  return bound;
}

/// ρ of a system of rank 0 or of all, on every rank. @collective
double shared_rho(const Solved& solved, const comm::Communicator& world) {
  double rho = solved.system ? solved.system->rho : 0.0;
  comm::broadcast(world, std::span(&rho, 1), 0);
  return rho;
}

/// Standard errors of a fit without noise model, on rank 0 and where [noise] asks for them. @collective
Eigen::VectorXd errors_without_model(const Config& config, const PlannedRows& planned,
                                     const estimate::Estimator& estimator, const comm::Communicator& world) {
  if (!config.noise.compare || !planned.makes_factor()) return {};
  const Phase phase("fit without noise model");
  return fit_once(config, planned, estimator, world).fit.standard_errors;
}

/// Whitens the rows as [noise] says, while they are read. @collective
void whiten_rows(const Config& config, PlannedRows& planned, const comm::Communicator& world) {
  const auto ols = estimate::make_estimator("ols", estimator_options(config));
  whiten(config, planned, world, [&] { return shared_rho(fit_once(config, planned, *ols, world), world); });
}

/// Puts on record what the fit says of the noise model. @collective
/// @param log_determinant  of the covariance; none: the engine has no likelihood
void record_noise(const PlannedRows& planned, std::optional<double> log_determinant,
                  const Eigen::VectorXd& plain_errors, const comm::Communicator& world, Solved& solved) {
  // A matrix of all rows is a single block.
  const design::NoiseModel model =
      planned.whitened ? planned.whitened->model() : design::NoiseModel{.kind = design::NoiseKind::blocks};
  if (!log_determinant) return note_noise(model, {}, {}, solved.fit);
  const double log_likelihood = estimate::profile_log_likelihood(
      shared_rho(solved, world), compress::count_training_rows(planned.layout), *log_determinant);
  note_noise(model, log_likelihood, plain_errors, solved.fit);
}

/// What a plan keeps apart, if it does.
const compress::CellPlan* cells_of(const PlannedRows& planned) {
  if (planned.is_tall()) return &planned.tall().cells;
  return planned.on_grid() && planned.grid().cells ? &*planned.grid().cells : nullptr;
}

void fit_rows(Config config, const comm::Communicator& world, FitOutput& output) {
  const bool selects = config.fit.select != "none";
  RowUse use;
  comm::all_or_none(world, [&] { use = selects ? selection_use(config) : fit_use(config); });
  PlannedRows planned = plan_rows(config, world, use);
  const auto estimator = make_estimator_on_all(config, planned.info().column_names, world);
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
  const bool correlated = config.noise.model != "none";
  Eigen::VectorXd plain_errors;
  std::optional<double> log_det;  // of the errors' covariance
  if (correlated) plain_errors = errors_without_model(config, planned, *estimator, world);
  const bool by_matrix = config.noise.model == "matrix";
  if (correlated && !by_matrix) {
    whiten_rows(config, planned, world);
    if (planned.makes_factor()) log_det = log_determinant(planned, world);
  }
  std::optional<compress::CompressedDesign> design;
  Solved solved;
  output.record.engine = engine_name(planned);
  if (planned.on_grid())
    output.record.grid = fmt::format("{} x {}", planned.grid().grid_rows, planned.grid().grid_cols);
  if (const compress::CellPlan* cells = cells_of(planned)) {
    output.record.cells = {
        fmt::format("{} cells: {}", cells->cells.size(), compress::to_string(cells->parts))};
    output.record.cells.insert(output.record.cells.end(), cells->notes.begin(), cells->notes.end());
  }
  if (by_matrix) {
    CorrelatedFit found = solve_with_covariance(config, planned, *estimator, world, output.record);
    solved = std::move(found.solved);
    log_det = found.log_determinant;
  } else if (planned.is_tall() || selects) {
    if (selects) comm::all_or_none(world, [&] { require_kept_apart(config, cells_of(planned)->parts); });
    design = compress_rows(planned, world, output.open_checkpoint(facts_of(planned, world)));
    multipliers = fitted_multipliers(config, *design, multipliers, world, output.record);
    solved = solve(config, *design, multipliers, world, output);
    require_best_weights(planned.info(), solved.fit, output);
    if (searches)
      planned.sources.push_back(std::make_unique<design::WeightedSource>(planned.rows(), multipliers));
  } else if (planned.on_grid()) {
    solved = solve_on_grid(config, planned, *estimator, world);
  } else {
    solved = solve_iteratively(config, planned, *estimator, world, output.record);
    if (!output.record.converged)
      output.fail_to_converge(
          planned.info(), solved.fit,
          fmt::format("LSQR did not converge: after {} iterations the backward error is {:.1e}, and "
                      "solver.tolerance = {:.1e}. Raise solver.tolerance or solver.max_iterations, or use "
                      "solver.engine = \"grid\"",
                      output.record.iterations, output.record.backward_error, config.solver.tolerance));
  }
  take_convergence(config, planned.info(), solved.fit, world, output);
  if (config.solver.refine) refine_fit(config, planned, world, solved, output);
  if (correlated) record_noise(planned, log_det, plain_errors, world, solved);
  if (planned.basis) note_kernel(planned.basis, solved.fit);
  solved.system.reset();  // a K x K matrix less beside the covariance
  add_posterior(config, planned.info(), solved.fit, world, output);
  const infer::LinearModel model = share_model(solved.fit, planned.info().n_cols, world);
  const estimate::ErrorTable errors =
      config.fit.row_pass || config.fit.residuals || !design || correlated
          ? pass_for_errors(config, planned, model, world, output)
          : estimate::errors_from_factors(*design, multipliers, model.coefficients, model.intercept, world);
  std::vector<estimate::MetricsRow> metrics = estimate::metrics_rows(errors, planned.info().group_names);
  if (config.fit.leverages) {
    const auto left_out = pass_for_leverages(planned, solved.fit, world, output);
    metrics.insert(metrics.end(), left_out.begin(), left_out.end());
  }
  if (config.fit.pops) pass_for_pops(config, planned, solved.fit, world, output);
  output.write(planned.info(), solved.fit, std::move(metrics));
}

compress::CompressedDesign load_for_fit(const Config& config, const comm::Communicator& world,
                                        io::RunRecord& record) {
  const compress::CompressedDesign design = io::describe_compressed(config.data.design, world);
  const int n_parts = config.fit.select != "cv" ? 0
                      : config.cv.by == "fold"  ? design.n_folds
                                                : static_cast<int>(design.group_names.size());
  const CellEngine engine = choose_cell_engine(config, work_on(design, "a fit", n_parts), world);
  record.engine_reason = engine.reason;
  if (engine.on_grid) {
    record.engine = "grid";
    record.grid = engine.grid();
  }
  return load_cells(config.data.design, engine, world);
}

void fit_compressed(Config config, const comm::Communicator& world, FitOutput& output) {
  comm::require_replicated(
      world, !config.solver.refine && !config.fit.residuals && !config.fit.leverages && !config.fit.pops,
      ErrorKind::input,
      "{} is a compressed design, which has no rows: solver.refine, fit.residuals, fit.leverages and "
      "fit.pops "
      "need the design file it was made from",
      config.data.design);
  comm::require_replicated(
      world, config.noise.model == "none", ErrorKind::input,
      "{} is a compressed design, whose rows are folded already: noise.model = \"{}\" needs "
      "the design file it was made from",
      config.data.design, config.noise.model);
  comm::require_replicated(
      world, !is_process(config), ErrorKind::input,
      "{} is a compressed design, which has no rows: fit.estimator = \"gpr\" makes kernel "
      "rows of descriptors. Fit the design file it was made from",
      config.data.design);
  if (!config.noise.sigma.empty())
    log::warn("noise.sigma is not read: the rows of {} were weighted when it was compressed",
              config.data.design);
  std::optional<Phase> load("load");
  const compress::CompressedDesign design = load_for_fit(config, world, output.record);
  load.reset();
  const bool saves_search = !design.on_grid() && make_estimator(config)->is_search();
  if (config.fit.select == "cv" || saves_search) output.open_checkpoint(facts_of(design));
  design::GroupMultipliers multipliers;
  comm::all_or_none(world, [&] {
    multipliers = compress::group_multipliers(design.group_names, config.fit.weights);
    for (const compress::Cell& cell : design.cells) compress::cell_multiplier(design, cell.key, multipliers);
  });
  multipliers = fitted_multipliers(config, design, multipliers, world, output.record);
  Solved solved = solve(config, design, multipliers, world, output);
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
  add_posterior(config, info, solved.fit, world, output);
  const infer::LinearModel model = share_model(solved.fit, design.n_cols(), world);
  const auto errors =
      estimate::errors_from_factors(design, multipliers, model.coefficients, model.intercept, world);
  output.write(info, solved.fit, estimate::metrics_rows(errors, design.group_names));
}

}  // namespace

void fit_model(const Config& config, const std::string& command, const comm::Communicator& world) {
  if (estimate::is_robust(config.fit.estimator)) return run_robust_fit(config, world);
  if (config.fit.estimator == model_error_name) return run_model_error(config, world);
  if (is_process(config) && config.kernel.inducing == 0 && config.kernel.inducing_points.empty())
    return run_full_process(config, command, world);
  Config of_run;
  comm::all_or_none(world, [&] {  // wrong options are known before a row is read
    of_run = for_weight_search(config, *make_estimator(config));
    if (config.fit.select != "none") check_points(config, sweep_grid(config));
  });
  FitOutput output(config, command, world);
  if (reads_compressed(config, world))
    fit_compressed(of_run, world, output);
  else
    fit_rows(with_best_lengths(of_run, [&](const Config& trial) { return evidence_bound(trial, world); }),
             world, output);
}

}  // namespace tallfit::app
