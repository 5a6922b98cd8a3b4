#include "sample_rows.hpp"

#include <cmath>

#include "fit_steps.hpp"
#include "model_options.hpp"

#include "tallfit/base/memory.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/estimate/robust_fit.hpp"

namespace tallfit::app {

namespace {

/// θ, then the intercept, of the fit with this noise, and its scale.
struct RobustStart {
  Eigen::VectorXd centre;
  double scale = 1.0;
};

RobustStart robust_start(const Config& config, const PlannedRows& planned,
                         const compress::CompressedDesign& design, compress::Checkpoint* checkpoint,
                         const comm::Communicator& world) {
  const Phase phase("robust start");
  Config of_fit = config;
  of_fit.fit.estimator = config.sample.target;
  of_fit.fit.scale = config.sample.sigma.value_or(0.0);
  const std::optional<estimate::LeastSquaresSystem> system = estimate::training_system(
      design, compress::group_multipliers(design.group_names, {}), intercept_of(config), world);
  const estimate::LinearFit fit =
      estimate::fit_robust({.source = planned.rows(),
                            .layout = planned.layout,
                            .cells = planned.tall().cells,
                            .comm = world,
                            .block_bytes = planned.block_bytes(),
                            .checkpoint = checkpoint},
                           system ? &*system : nullptr, intercept_of(config), robust_options(of_fit));
  const infer::LinearModel model = share_model(fit, design.n_cols(), world);
  RobustStart start{.centre = model.coefficients};
  if (config.fit.fit_intercept) {
    start.centre.conservativeResize(design.n_cols() + 1);
    start.centre(design.n_cols()) = model.intercept;
  }
  if (world.is_root()) start.scale = config.sample.sigma.value_or(fit.hyperparameters.front().second);
  comm::broadcast(world, std::span(&start.scale, 1), 0);
  return start;
}

void require_room(const Config& config, const PlannedRows& planned, const comm::Communicator& world) {
  const compress::RowLayout& layout = planned.layout;
  constexpr Index copies = 2;  // as they are and turned to the basis
  Index bytes = copies * (layout.my_end() - layout.my_begin()) * (layout.n_cols + 2) * Index{sizeof(double)};
  comm::max_in_place(world, std::span(&bytes, 1));
  const Index limit = memory_limit(config, world);
  comm::require_replicated(world, bytes <= limit, ErrorKind::resource,
                           "sample.target = \"{}\" keeps the rows in memory, which takes {} MiB of a rank, "
                           "and run.memory_per_rank is "
                           "{} MiB. Use more ranks",
                           config.sample.target, bytes >> 20, limit >> 20);
}

}  // namespace

RowUse sample_use(const Config& config) {
  Config of_fit = config;
  if (samples_rows(config)) of_fit.fit.estimator = config.sample.target;  // as many passes
  RowUse use = fit_use(of_fit);
  if (config.sample.noise != "one") {
    use.parts.group = config.sample.noise == "group";
    use.parts.row_type = config.sample.noise == "row_type";
    use.explicit_parts = true;
  }
  return use;
}

std::string describe_sample(const Config& config, const PlannedRows& planned) {
  const Config::Sample& sample = config.sample;
  const Index dimension = planned.info().n_cols + (config.fit.fit_intercept ? 1 : 0) + (sample.sigma ? 0 : 1);
  const bool single = sample.sampler == "auto" || sample.sampler == "exact";
  const Index walkers =
      single ? 1
             : infer::make_sampler(sample.sampler, dimension,
                                   {.walkers = static_cast<Index>(sample.walkers.value_or(0.0)),
                                    .temperatures = sample.temperatures})
                   .walkers;
  // two copies on rank 0 while draws are gathered
  const Index bytes = 2 * Index{sizeof(double)} * sample.chains * walkers * sample.draws * dimension;
  return fmt::format("{:<22}{}{}, {} draws of about {} parameters\n{:<22}{}\n", "chains", sample.chains,
                     walkers > 1 ? fmt::format(" of {} walkers", walkers) : "", sample.draws, dimension,
                     "  draws (rank 0)", format_bytes(bytes));
}

std::unique_ptr<infer::RowTarget> make_row_target(const Config& config, const PlannedRows& planned,
                                                  const compress::CompressedDesign& design,
                                                  const Reference& reference,
                                                  compress::Checkpoint* checkpoint,
                                                  const comm::Communicator& world) {
  require_room(config, planned, world);
  const RobustStart start = robust_start(config, planned, design, checkpoint, world);
  infer::LeafKeeper keeper(config.fit.fit_intercept);
  compress::RowVisitor* const visitors[] = {&keeper};
  compress::run_row_pass(planned.rows(), planned.layout, world, visitors, planned.block_bytes(), "rows");
  std::unique_ptr<infer::RowTarget> target;
  comm::all_or_none(world, [&] {
    const bool student = config.sample.target == "student_t";
    // what a row tells of its mean, in units of 1 / s²
    const double information = student ? (config.fit.nu + 1.0) / (config.fit.nu + 3.0) : 1.0;
    infer::PosteriorBasis basis =
        infer::posterior_basis(reference.rows * (std::sqrt(information) / start.scale), design.column_names,
                               config.fit.fit_intercept, config.solver.rcond);
    basis.centre = start.centre;
    infer::RowModel model{
        .noise = {.kind = student ? infer::NoiseKind::student_t : infer::NoiseKind::huber,
                  .constant = student ? config.fit.nu : config.fit.epsilon},
        .scale = {.guess = start.scale, .width = 1.0 / std::sqrt(2.0 * reference.count), .prior = {}},
        .samples_scale = !config.sample.sigma,
        .prior = std::nullopt,
        .count = reference.count};
    if (config.sample.prior == "ridge")
      model.prior = ridge_term(design.n_cols(), basis.size() + 1, start.scale / std::sqrt(config.fit.lambda));
    target = std::make_unique<infer::RowTarget>(std::move(basis), std::move(model), keeper.take(), world);
  });
  return target;
}

}  // namespace tallfit::app
