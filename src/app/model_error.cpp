#include "model_error.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "engine.hpp"
#include "fit_steps.hpp"
#include "model_options.hpp"

#include "tallfit/base/log.hpp"
#include "tallfit/base/memory.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/estimate/column_patterns.hpp"
#include "tallfit/infer/embedded_search.hpp"
#include "tallfit/infer/whitening.hpp"
#include "tallfit/linalg/petsc_session.hpp"

namespace tallfit::app {

namespace {

/// The columns of (θ, c) that model_error.embed names, each once.
std::vector<Index> embedded_columns(const Config& config, const std::vector<std::string>& names) {
  const Index k = static_cast<Index>(names.size());
  std::vector<Index> columns;
  for (const std::string& pattern : config.model_error.embed) {
    if (pattern == "all") {
      for (Index j = 0; j < k + (config.fit.fit_intercept ? 1 : 0); ++j) columns.push_back(j);
    } else if (pattern == "intercept" && config.fit.fit_intercept) {
      columns.push_back(k);
    } else {
      const std::vector<Index> matching = estimate::columns_of(pattern, names, "model_error.embed");
      columns.insert(columns.end(), matching.begin(), matching.end());
    }
  }
  require(!columns.empty(), ErrorKind::input,
          "model_error.embed names no column: set it to \"all\" or to names of columns");
  std::sort(columns.begin(), columns.end());
  columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
  return columns;
}

infer::EmbeddedShape shape_of(const Config& config, const std::vector<std::string>& names,
                              const infer::LinearModel& model, const infer::Whitening* whitening) {
  const Index k = static_cast<Index>(names.size());
  const Index p = k + (config.fit.fit_intercept ? 1 : 0);
  infer::EmbeddedShape shape{.centre = model.coefficients,
                             .has_intercept = config.fit.fit_intercept,
                             .columns = embedded_columns(config, names),
                             .unit = {},
                             .root = Eigen::MatrixXd(p, 0)};
  if (shape.has_intercept) {
    shape.centre.conservativeResize(p);
    shape.centre(k) = model.intercept;
  }
  // u of length 1 moves predictions by as much as the residuals are
  if (whitening != nullptr) shape.root = whitening->root.topRows(p) * whitening->residual_norm;
  shape.unit = Eigen::VectorXd::Ones(static_cast<Index>(shape.columns.size()));
  if (config.model_error.form == "multiplicative" && whitening == nullptr)
    shape.unit = Eigen::VectorXd(shape.centre(shape.columns)).cwiseAbs();
  return shape;
}

void require_room_for_embedding(const Config& config, const PlannedRows& planned,
                                const infer::EmbeddedShape& shape, const comm::Communicator& world) {
  const compress::RowLayout& layout = planned.layout;
  const Index moving = shape.root.cols() > 0 ? shape.root.cols() + shape.root.rows() : 0;
  const Index numbers = 2 * static_cast<Index>(shape.columns.size()) + moving + 4;  // a leaf is there twice
  Index bytes = current_rss_bytes() + (layout.my_end() - layout.my_begin()) * numbers * Index{sizeof(double)};
  comm::max_in_place(world, std::span(&bytes, 1));
  const Index limit = memory_limit(config, world);
  comm::require_replicated(
      world, bytes <= limit, ErrorKind::resource,
      "model error keeps the embedded columns of all rows in memory, which takes {} of a "
      "rank, and run.memory_per_rank is {}. Use more ranks, or embed fewer columns",
      format_bytes(bytes), format_bytes(limit));
}

/// Row types of the training rows that share a leftover noise.
std::vector<infer::LeftoverNoise> leftover_of(const Config& config, const compress::RowLayout& layout) {
  std::vector<int> types;
  for (const compress::LeafCell& cell : layout.leaf_cells)
    if (!cell.key.is_test()) types.push_back(cell.key.row_type);
  std::sort(types.begin(), types.end());
  types.erase(std::unique(types.begin(), types.end()), types.end());
  if (config.model_error.leftover_noise == "none") return {};
  if (config.model_error.leftover_noise == "one") return {{.label = {}, .types = types}};
  std::vector<infer::LeftoverNoise> leftover;
  leftover.reserve(types.size());
  for (const int type : types)
    leftover.push_back(
        {.label = std::string(design::to_string(static_cast<design::RowType>(type))), .types = {type}});
  return leftover;
}

infer::EmbeddedOptions embedded_options(const Config& config, const compress::RowLayout& layout,
                                        bool has_prior) {
  const Config::ModelError& options = config.model_error;
  return {
      .density = {.kind = options.likelihood == "iid" ? infer::EmbeddedKind::iid : infer::EmbeddedKind::abc,
                  .tolerance = options.epsilon},
      .is_multiplicative = options.form == "multiplicative",
      .noise = options.noise,
      .leftover = leftover_of(config, layout),
      .has_prior = has_prior};
}

io::ModelErrorRecord record_of(const Config& config, const EmbeddedProblem& problem,
                               const infer::EmbeddedOptimum& optimum, const infer::EmbeddedSums& sums) {
  const infer::EmbeddedModel& model = *problem.model;
  const auto n = static_cast<double>(model.rows().n_rows());
  io::ModelErrorRecord record{.likelihood = config.model_error.likelihood,
                              .form = config.model_error.form,
                              .scale = {},
                              .noise = config.model_error.noise,
                              .leftover_noise = {},
                              .log_likelihood = optimum.value,
                              .mean_squared_standardised_residual = sums.standardised / n,
                              .pushed_forward_rms = std::sqrt(sums.spread / n),
                              .residual_rms = std::sqrt(sums.squares / n),
                              .rows = model.rows().n_rows(),
                              .excluded_rows = model.rows().n_dropped(),
                              .starts = config.model_error.starts,
                              .starts_at_best = optimum.starts_at_best,
                              .gradient = optimum.gradient};
  const Eigen::VectorXd scales = model.scales(optimum.point);
  for (Index j = 0; j < model.n_columns(); ++j)
    record.scale.emplace_back(problem.names[static_cast<std::size_t>(j)], scales(j));
  for (Index g = 0; g < model.n_leftover(); ++g) {
    const std::string& label = model.options().leftover[static_cast<std::size_t>(g)].label;
    record.leftover_noise.emplace_back(label.empty() ? "all" : label, scales(model.n_columns() + g));
  }
  return record;
}

/// Puts what the search found into the fit. Means that moved have no covariance.
void take_optimum(const Config& config, const EmbeddedProblem& problem, const infer::EmbeddedOptimum& optimum,
                  const infer::EmbeddedSums& sums, estimate::LinearFit& fit) {
  const infer::EmbeddedModel& model = *problem.model;
  fit.objective = fmt::format("likelihood \"{}\" of random coefficients, {} deviations, {} means",
                              config.model_error.likelihood, config.model_error.form,
                              config.model_error.free_mean ? "free" : "least-squares");
  fit.iterations = optimum.evaluations;
  fit.converged = optimum.converged;
  fit.convergence = fmt::format("gradient of the log likelihood {:.1e} of its size after {} evaluations",
                                optimum.gradient, optimum.evaluations);
  if (!config.model_error.free_mean) return;
  const Eigen::VectorXd means = model.means(optimum.point);
  const Index k = fit.coefficients.size();
  fit.coefficients = means.head(k);
  if (fit.has_intercept()) fit.intercept = means(k);
  fit.residual_norm = std::sqrt(sums.squares);  // of rows that were not excluded
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  fit.standard_errors = Eigen::VectorXd::Constant(k, unknown);
  fit.intercept_standard_error = unknown;
  fit.noise_variance = unknown;
  fit.solver = nullptr;
}

void tell(const infer::EmbeddedModel& model, const infer::EmbeddedOptimum& optimum,
          const io::ModelErrorRecord& record) {
  if (record.excluded_rows > 0)
    log::warn(
        "{} rows have no part in the embedded columns, and no noise: no spread of coefficients explains "
        "their errors, and they were left out. model_error.leftover_noise takes them in",
        record.excluded_rows);
  log::info(
      "model error: rms {:.6g} beside residuals of rms {:.6g} (weighted); mean e^2/V {:.6g}; {} of {} starts "
      "end there",
      record.pushed_forward_rms, record.residual_rms, record.mean_squared_standardised_residual,
      optimum.starts_at_best, record.starts);
  if (record.pushed_forward_rms <= 1e-3 * record.residual_rms && model.options().noise > 0.0)
    log::warn(
        "model_error.noise = {} explains the residuals, so that no model error is left: give it the noise of "
        "the data, not the size of the residuals",
        model.options().noise);
}

}  // namespace

estimate::LinearFit least_squares_means(const Config& config, const compress::CompressedDesign& design,
                                        const comm::Communicator& world) {
  const design::GroupMultipliers ones = compress::group_multipliers(design.group_names, {});
  const std::optional<estimate::LeastSquaresSystem> system =
      estimate::training_system(design, ones, intercept_of(config), world);
  estimate::LinearFit fit;
  comm::all_or_none(world, [&] {
    if (system) fit = estimate::make_estimator("ols", estimator_options(config))->fit(*system);
  });
  return fit;
}

EmbeddedProblem embed(const Config& config, const PlannedRows& planned, const estimate::LinearFit& fit,
                      bool has_prior, const comm::Communicator& world) {
  const std::vector<std::string>& names = planned.info().column_names;
  const Index k = planned.info().n_cols;
  const infer::LinearModel model = share_model(fit, k, world);
  std::optional<infer::Whitening> whitening;
  if (config.model_error.free_mean) whitening = infer::whitening_of(fit, k, world);
  EmbeddedProblem problem;
  comm::all_or_none(world, [&] {
    problem.rows = std::make_unique<infer::EmbeddedRows>(
        shape_of(config, names, model, whitening ? &*whitening : nullptr));
  });
  require_room_for_embedding(config, planned, problem.rows->shape(), world);
  compress::RowVisitor* const visitors[] = {problem.rows.get()};
  compress::run_row_pass(planned.rows(), planned.layout, world, visitors, planned.block_bytes(),
                         "embedded columns");
  infer::EmbeddedOptions options = embedded_options(config, planned.layout, has_prior);
  problem.rows->finish(world, options.noise == 0.0 && options.leftover.empty());
  problem.model = std::make_unique<infer::EmbeddedModel>(*problem.rows, std::move(options));
  for (const Index j : problem.rows->shape().columns)
    problem.names.push_back(j < k ? names[static_cast<std::size_t>(j)] : "intercept");
  return problem;
}

void run_model_error(const Config& config, const comm::Communicator& world) {
  comm::all_or_none(world, [&] { require_row_passes(config); });
  FitOutput output(config, "fit", world);
  comm::require_replicated(world, !reads_compressed(config, world), ErrorKind::input,
                           "{} is a compressed design, which has no rows: fit.estimator = \"model_error\" "
                           "compares the residual of each row with its spread. Fit the design file it was "
                           "made from",
                           config.data.design);
  PlannedRows planned = plan_rows(config, world, fit_use(config));
  log::info("{}", describe(planned, world.size()));
  comm::all_or_none(world, [&] { keep_rows(planned); });
  output.record.engine_reason = planned.reason;
  output.record.rows_used = planned.layout.n_used;
  estimate::LinearFit fit;
  {
    const Phase phase("solve");
    const compress::CompressedDesign design =
        compress_rows(planned, world, output.open_checkpoint(facts_of(planned, world)));
    fit = least_squares_means(config, design, world);
  }
  {
    const Phase phase("model error");
    const EmbeddedProblem problem = embed(config, planned, fit, false, world);
    const linalg::PetscSession petsc(world, config.solver.petsc);
    const infer::EmbeddedOptimum optimum =
        infer::find_optimum(*problem.model,
                            {.starts = config.model_error.starts,
                             .seed = static_cast<std::uint64_t>(config.run.seed),
                             .max_iterations = config.fit.max_iter},
                            world);
    const infer::EmbeddedSums sums = problem.model->sums(optimum.point);
    output.record.model_error = record_of(config, problem, optimum, sums);
    if (world.is_root()) {
      output.extras.model_error = {.deviations = problem.model->deviations(optimum.point),
                                   .noise_variance = std::pow(config.model_error.noise, 2),
                                   .leftover_variances = problem.model->leftover_variances(optimum.point)};
      take_optimum(config, problem, optimum, sums, fit);
      tell(*problem.model, optimum, *output.record.model_error);
    }
  }
  take_convergence(config, planned.info(), fit, world, output);
  const estimate::ErrorTable errors =
      pass_for_errors(config, planned, share_model(fit, planned.info().n_cols, world), world, output);
  output.write(planned.info(), fit, estimate::metrics_rows(errors, planned.info().group_names));
}

}  // namespace tallfit::app
