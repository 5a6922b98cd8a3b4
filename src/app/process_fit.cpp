#include "process_fit.hpp"

#include "engine.hpp"
#include "fit_steps.hpp"
#include "kernel_rows.hpp"

#include "tallfit/base/log.hpp"
#include "tallfit/base/memory.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/estimate/full_process.hpp"
#include "tallfit/linalg/petsc_session.hpp"

namespace tallfit::app {

namespace {

constexpr double flat = 1e-4;  ///< gradient of a row's log likelihood that changes no digit worth having

/// N² numbers on every rank, which keeps the factor for predictions, beside its parts of three matrices.
void require_room(const Config& config, const compress::RowSample& sample, const comm::Communicator& world) {
  const Index limit = memory_limit(config, world);
  const Index n = sample.n_training;
  Index needed = current_rss_bytes();
  comm::max_in_place(world, std::span(&needed, 1));
  needed += (2 * n * n + 3 * n * n / world.size()) * Index{sizeof(double)};
  comm::require_replicated(world, needed <= limit, ErrorKind::resource,
                           "kernel.inducing = 0: a process of all {} training rows needs {} per rank, but "
                           "run.memory_per_rank = {}. Set kernel.inducing, or use more memory",
                           n, format_bytes(needed), format_bytes(limit));
}

void check_engine(const Config& config) {
  const Config::Solver& solver = config.solver;
  require(solver.engine == "auto" && !asks_for_grid(solver) && solver.algorithm == "auto" && !solver.refine,
          ErrorKind::input,
          "kernel.inducing = 0 is a Cholesky decomposition on a grid of all ranks: leave solver.engine, "
          "solver.grid, "
          "solver.block, solver.algorithm and solver.refine out");
}

/// The given parameters, or the best ones, whose search goes on record. @collective
estimate::ProcessParameters parameters_of(const Config& config, const estimate::ProcessRows& rows,
                                          const estimate::ProcessParameters& given,
                                          const linalg::ProcessGrid& grid, linalg::Minimum& minimum) {
  if (config.kernel.optimize == "none") return given;
  const Phase phase("kernel parameters");
  const linalg::PetscSession petsc(grid.comm(), config.solver.petsc);
  estimate::BestProcess best = estimate::best_process(rows, given,
                                                      {.lengths = config.kernel.optimize == "all",
                                                       .restarts = config.kernel.restarts,
                                                       .seed = static_cast<std::uint64_t>(config.run.seed)},
                                                      grid);
  if (best.at_bound)
    log::warn(
        "kernel.optimize: the likelihood is greatest at the end of what was searched; begin with other "
        "kernel.length_scale, or let the kernel be another one");
  minimum = std::move(best.minimum);
  return best.parameters;
}

}  // namespace

void run_full_process(const Config& config, const std::string& command, const comm::Communicator& world) {
  comm::all_or_none(world, [&] { check_engine(config); });
  FitOutput output(config, command, world);
  comm::require_replicated(world, !reads_compressed(config, world), ErrorKind::input,
                           "{} is a compressed design, which has no rows: fit.estimator = \"gpr\" needs the "
                           "descriptors. Fit the design file it was made from",
                           config.data.design);
  compress::RowSample sample;
  estimate::ProcessParameters given;
  std::vector<std::string> descriptors;
  {
    RowUse use = fit_use(config);
    use.solves = false;
    const PlannedRows planned = plan_rows(config, world, use);
    descriptors = planned.info().column_names;
    sample = compress::sample_rows(planned.rows(), world, planned.info().n_rows,
                                   static_cast<std::uint64_t>(config.run.seed));
  }
  require_room(config, sample, world);
  comm::all_or_none(world, [&] {
    given = {.kernel = kernel_of(config, sample),
             .variance = config.kernel.variance,
             .noise_level = config.fit.lambda,
             .one_length = config.kernel.length_scale.size() == 1};
    design::require_valid(given.kernel);
    require(given.noise_level > 0.0, ErrorKind::input,
            "fit.lambda = {}: the variance of the noise is a number > 0", given.noise_level);
  });
  const estimate::ProcessRows rows{
      .descriptors = sample.features, .targets = sample.targets, .scales = sample.scales};
  const linalg::ProcessGrid grid = linalg::ProcessGrid::nearly_square(world);
  linalg::Minimum minimum;
  const estimate::ProcessParameters parameters = parameters_of(config, rows, given, grid, minimum);
  estimate::LinearFit fit;
  {
    const Phase phase("solve");
    fit = estimate::fit_full_process(rows, parameters, grid);
  }
  auto basis = std::make_shared<design::KernelBasis>(*fit.kernel);
  basis->column_names = descriptors;
  note_kernel(basis, fit);
  if (config.kernel.optimize != "none") {
    fit.iterations = minimum.iterations;
    // The valley of long lengths and large variances is flat: rounding ends the way through it.
    fit.converged =
        minimum.converged || minimum.gradient_norm <= flat * static_cast<double>(sample.n_training);
    fit.convergence = fmt::format("gradient of the log likelihood {:.1e} after {} evaluations, {}",
                                  minimum.gradient_norm, minimum.evaluations, minimum.reason);
  }
  RowUse of_errors = fit_use(config);
  of_errors.solves = false;
  of_errors.basis = basis;
  const PlannedRows planned = plan_rows(config, world, of_errors);
  output.record.engine = "grid";
  output.record.engine_reason = "the covariance of all training rows is decomposed on all ranks";
  output.record.grid = fmt::format("{} x {}", grid.rows(), grid.cols());
  output.record.rows_used = planned.layout.n_used;
  take_convergence(config, planned.info(), fit, world, output);
  const infer::LinearModel model = share_model(fit, planned.info().n_cols, world);
  const estimate::ErrorTable errors = pass_for_errors(config, planned, model, world, output);
  output.write(planned.info(), fit, estimate::metrics_rows(errors, planned.info().group_names));
}

}  // namespace tallfit::app
