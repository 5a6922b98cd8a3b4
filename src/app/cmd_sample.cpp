#include <memory>
#include <optional>

#include "engine.hpp"
#include "fit_steps.hpp"
#include "model_options.hpp"
#include "sample_model.hpp"
#include "sample_model_error.hpp"
#include "sample_rows.hpp"

#include "tallfit/app/commands.hpp"
#include "tallfit/base/log.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/base/version.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/infer/sample.hpp"
#include "tallfit/io/chains_file.hpp"

namespace tallfit::app {

namespace {

/// A design without its rows, and what is known of it.
struct SampledDesign {
  compress::CompressedDesign cells;
  design::GroupMultipliers multipliers = {};  ///< of the cells
  std::optional<PlannedRows> planned = std::nullopt;
};

SampledDesign load_design(const Config& config, const comm::Communicator& world, FitOutput& output,
                          compress::Checkpoint*& checkpoint) {
  const Phase phase("load");
  SampledDesign design{.cells = load_cells(config.data.design, CellEngine(), world)};
  checkpoint = output.open_checkpoint(facts_of(design.cells));
  comm::all_or_none(world, [&] {
    design.multipliers = compress::group_multipliers(design.cells.group_names, config.fit.weights);
  });
  return design;
}

SampledDesign read_design(const Config& config, const comm::Communicator& world, FitOutput& output,
                          compress::Checkpoint*& checkpoint) {
  Config tall = config;
  tall.solver.engine = "tall";
  if (samples_rows(config)) tall.fit.estimator = config.sample.target;
  PlannedRows planned = plan_rows(tall, world, sample_use(config));
  log::info("{}", describe(planned, world.size()));
  if (samples_rows(config)) comm::all_or_none(world, [&] { keep_rows(planned); });
  output.record.engine_reason = planned.reason;
  checkpoint = output.open_checkpoint(facts_of(planned, world));
  SampledDesign design{.cells = compress_rows(planned, world, checkpoint)};
  comm::all_or_none(world, [&] {  // the rows carry the weights
    design.multipliers = compress::group_multipliers(design.cells.group_names, {});
  });
  design.planned = std::move(planned);
  return design;
}

/// The sampler that was asked for, or the best one for the posterior.
infer::Sampler choose_sampler(const Config& config, const infer::Posterior& posterior,
                              const infer::GaussianTarget* gaussian) {
  const Config::Sample& sample = config.sample;
  const bool conjugate = gaussian != nullptr && gaussian->is_conjugate();
  std::string name = sample.sampler;
  if (name == "auto") name = conjugate ? "exact" : posterior.has_gradient() ? "nuts" : "dream";
  if (name == "exact") {
    require(conjugate, ErrorKind::input,
            "sample.sampler = \"exact\" is for a Gaussian posterior with one noise and the prior \"flat\" or "
            "\"ridge\". Set \"auto\"");
    return infer::exact_sampler(*gaussian);
  }
  return infer::make_sampler(name, posterior.dimension(),
                             {.walkers = static_cast<Index>(sample.walkers.value_or(0.0)),
                              .temperatures = sample.temperatures,
                              .target_accept = sample.target_accept,
                              .max_depth = sample.max_depth});
}

/// Independent draws have nothing to tune.
Index warmup_of(const Config& config, const infer::Sampler& sampler) {
  return sampler.name == "exact" ? 0 : config.sample.warmup;
}

/// Means and deviations of the draws as a fit.
estimate::LinearFit as_fit(const Config& config, const infer::Chains& chains, const Reference& reference,
                           Index n_coefficients) {
  estimate::LinearFit fit;
  fit.coefficients.resize(n_coefficients);
  fit.standard_errors.resize(n_coefficients);
  for (Index j = 0; j < n_coefficients; ++j) {
    const infer::ParameterSummary& of = chains.summary[static_cast<std::size_t>(j)];
    fit.coefficients(j) = of.mean;
    fit.standard_errors(j) = of.sd;
  }
  auto next = static_cast<std::size_t>(n_coefficients);
  if (config.fit.fit_intercept) {
    fit.intercept_row.emplace();
    fit.intercept = chains.summary[next].mean;
    fit.intercept_standard_error = chains.summary[next].sd;
    ++next;
  }
  for (; next < chains.summary.size(); ++next)
    fit.hyperparameters.emplace_back(chains.summary[next].name, chains.summary[next].mean);
  fit.residual_norm = reference.residual;
  fit.noise_variance = reference.sigma * reference.sigma;
  fit.noise_is_gaussian = !samples_rows(config) && config.sample.noise == "one";
  fit.noise_is_known = config.sample.sigma.has_value();
  fit.rank = n_coefficients;
  const auto n_columns = static_cast<double>(reference.rows.cols() - 1);
  fit.dof = config.sample.sigma ? reference.count : reference.count - n_columns;  // a known noise takes none
  fit.effective_dof = n_columns;
  return fit;
}

void describe_chains(const infer::Chains& chains, const std::string& sampler, const std::string& posterior,
                     estimate::LinearFit& fit) {
  fit.algorithm = sampler;
  fit.objective = posterior;
  fit.iterations = chains.n_draws();
  fit.convergence = fmt::format("least effective sample size {:.0f}, largest R-hat {:.4f}", chains.least_ess,
                                chains.largest_r_hat);
  fit.converged = chains.reached_target;
}

io::Sampling sampling_of(const Config& config, const infer::Sampler& sampler, const infer::Chains& chains) {
  return {.sampler = sampler.name,
          .chains = config.sample.chains,
          .walkers = chains.walkers,
          .warmup = warmup_of(config, sampler),
          .draws = chains.n_draws(),
          .evaluations = chains.total_evaluations,
          .acceptance = chains.acceptance.mean(),
          .least_ess = chains.least_ess,
          .largest_r_hat = chains.largest_r_hat,
          .divergences = static_cast<Index>(chains.diverged.sum())};
}

void warn_of_chains(const infer::Chains& chains) {
  constexpr double agreed = 1.01;
  if (chains.largest_r_hat > agreed)
    log::warn("R-hat is {:.3f}: chains do not agree yet. Raise sample.warmup and sample.draws",
              chains.largest_r_hat);
  const double diverged = chains.diverged.sum();
  if (diverged > 0.0)
    log::warn("{:.0f} of {} draws left their path's accuracy: raise sample.target_accept", diverged,
              chains.diverged.size());
}

/// What is sampled: one of the three targets.
struct SampledPosterior {
  Reference reference = {};
  std::unique_ptr<infer::GaussianTarget> gaussian = nullptr;
  std::unique_ptr<infer::RowTarget> of_rows = nullptr;
  EmbeddedPosterior embedded = {};
  std::string description = {};

  const infer::Posterior& target() const {
    if (gaussian) return *gaussian;
    if (embedded.target) return *embedded.target;
    return *of_rows;
  }
};

/// @collective
SampledPosterior make_posterior(const Config& config, const SampledDesign& design,
                                compress::Checkpoint* checkpoint, const comm::Communicator& world) {
  const std::vector<NoiseFactor> factors = noise_factors(config, design.cells, design.multipliers, world);
  SampledPosterior posterior;
  comm::all_or_none(world, [&] {
    posterior.reference = reference_of(config, factors);
    if (!samples_rows(config))
      posterior.gaussian =
          make_gaussian_target(config, design.cells.column_names, factors, posterior.reference);
  });
  if (samples_model_error(config))
    posterior.embedded = make_embedded_posterior(config, *design.planned, design.cells, world);
  else if (!posterior.gaussian)
    posterior.of_rows =
        make_row_target(config, *design.planned, design.cells, posterior.reference, checkpoint, world);
  posterior.description =
      posterior.embedded.target ? describe_embedded_posterior(config) : describe_posterior(config);
  return posterior;
}

/// Runs the chains. @collective
infer::Chains run_chains(const Config& config, const SampledPosterior& posterior,
                         const infer::Sampler& sampler, const comm::Communicator& world,
                         compress::Checkpoint* checkpoint) {
  log::info("{} in {} dimensions by {}: {} chains{}, {} steps of warm-up, {} draws", posterior.description,
            posterior.target().dimension(), sampler.name, config.sample.chains,
            sampler.walkers > 1 ? fmt::format(" of {} walkers", sampler.walkers) : std::string(),
            warmup_of(config, sampler), config.sample.draws);
  const Phase phase("sample");
  return infer::sample(posterior.target(), sampler,
                       {.chains = config.sample.chains,
                        .warmup = warmup_of(config, sampler),
                        .draws = config.sample.draws,
                        .thin = config.sample.thin,
                        .target_ess = config.sample.target_ess,
                        .seed = static_cast<std::uint64_t>(config.run.seed)},
                       world, checkpoint);
}

/// The fit that the draws make, on rank 0.
estimate::LinearFit fit_of_draws(const Config& config, const SampledPosterior& posterior,
                                 const infer::Chains& chains, const std::string& sampler,
                                 Index n_coefficients, FitOutput& output) {
  const EmbeddedPosterior& embedded = posterior.embedded;
  estimate::LinearFit fit = embedded.target ? embedded_fit(embedded, chains)
                                            : as_fit(config, chains, posterior.reference, n_coefficients);
  describe_chains(chains, sampler, posterior.description, fit);
  if (embedded.target) {
    output.extras.model_error = embedded_error(config, embedded, chains);
    return fit;
  }
  const Index n_spread = n_coefficients + (config.fit.fit_intercept ? 1 : 0);
  const Eigen::MatrixXd spread = infer::covariance_factor(chains, n_spread);
  output.covariance_factor.emplace(Eigen::MatrixXd::Zero(n_coefficients + 1, spread.cols()));
  output.covariance_factor->topRows(n_spread) = spread;
  return fit;
}

/// summary.csv and chains.nc. The chains and the fit must outlive the output. Local.
void add_chains(const infer::Chains& chains, const estimate::LinearFit& fit, FitOutput& output) {
  output.add_table("summary.csv", io::summary_csv(chains.summary));
  output.add_file("chains.nc", [&chains, &fit](const std::string& path) {
    io::write_chains(path, chains,
                     {{"inference_library", "tallfit"},
                      {"inference_library_version", version()},
                      {"sampler", fit.algorithm},
                      {"posterior", fit.objective}});
  });
}

}  // namespace

void run_sample(const Config& config, const comm::Communicator& world) {
  FitOutput output(config, "sample", world);
  const bool compressed = reads_compressed(config, world);
  comm::require_replicated(
      world, !compressed || !samples_rows(config), ErrorKind::input,
      "{} is a compressed design, which has no rows: sample.target = \"{}\" needs them in "
      "each step. Sample from the design file it was made from",
      config.data.design, config.sample.target);
  compress::Checkpoint* checkpoint = nullptr;
  const SampledDesign design = compressed ? load_design(config, world, output, checkpoint)
                                          : read_design(config, world, output, checkpoint);
  const SampledPosterior posterior = make_posterior(config, design, checkpoint, world);
  infer::Sampler sampler;
  comm::all_or_none(world,
                    [&] { sampler = choose_sampler(config, posterior.target(), posterior.gaussian.get()); });
  const infer::Chains chains = run_chains(config, posterior, sampler, world, checkpoint);
  output.record.rows_used = static_cast<Index>(posterior.reference.count);
  output.record.iterations = chains.n_draws();
  output.record.converged = chains.reached_target;
  const Index n_coefficients = design.cells.n_cols();
  estimate::LinearFit fit;
  if (world.is_root()) {
    output.record.sampling = sampling_of(config, sampler, chains);
    warn_of_chains(chains);
    fit = fit_of_draws(config, posterior, chains, sampler.name, n_coefficients, output);
    add_chains(chains, fit, output);
  }
  const design::DesignInfo info{.name = design.cells.name,
                                .n_rows = design.cells.n_rows,
                                .n_cols = n_coefficients,
                                .group_names = design.cells.group_names,
                                .column_names = design.cells.column_names,
                                .snap = design.cells.snap};
  if (!chains.reached_target)
    output.fail_to_converge(
        info, fit,
        fmt::format("the chains have {:.0f} effective draws of some parameter, and sample.target_ess = {}. "
                    "Raise sample.draws, or sample.thin",
                    chains.least_ess, config.sample.target_ess));
  const infer::LinearModel model = share_model(fit, n_coefficients, world);
  const estimate::ErrorTable errors = estimate::errors_from_factors(
      design.cells, design.multipliers, model.coefficients, model.intercept, world);
  output.write(info, fit, estimate::metrics_rows(errors, design.cells.group_names));
}

}  // namespace tallfit::app
