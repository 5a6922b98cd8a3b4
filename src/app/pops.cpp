#include "pops.hpp"

#include "engine.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/base/log.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/infer/pops.hpp"

namespace tallfit::app {

void check_pops(const Config& config) {
  if (!config.fit.pops) return;
  const Config::Solver& solver = config.solver;
  require(
      (config.fit.estimator == "ols" || config.fit.estimator == "ridge") && config.fit.unpenalised.empty(),
      ErrorKind::input,
      "fit.pops is for fit.estimator = \"ols\" or \"ridge\" without fit.unpenalised, whose fits can be "
      "corrected row by row");
  require((solver.engine == "auto" || solver.engine == "tall") && !asks_for_grid(solver) &&
              solver.algorithm != "cholesky" && solver.algorithm != "lsqr" && !solver.refine,
          ErrorKind::input,
          "fit.pops has the engine tall alone: leave solver.engine, solver.grid, solver.block, solver.refine "
          "and solver.algorithm = \"cholesky\" or \"lsqr\" out");
  require(config.noise.model == "none" && config.fit.optimize_weights == "none", ErrorKind::input,
          "fit.pops does not go with noise.model and fit.optimize_weights: leave one of them out");
  require(config.pops.form == "hypercube" || config.pops.clip == 0.0, ErrorKind::input,
          "pops.clip = {} is for pops.form = \"hypercube\": leave it out", config.pops.clip);
}

void pass_for_pops(const Config& config, const PlannedRows& planned, const estimate::LinearFit& fit,
                   const comm::Communicator& world, FitOutput& output) {
  const Phase phase("pops");
  const infer::Whitening whitening = infer::whitening_of(fit, planned.info().n_cols, world);
  const infer::PopsEnsemble ensemble = infer::pops_ensemble(
      {planned.rows(), planned.layout, world, planned.block_bytes()}, whitening,
      {.form = config.pops.form == "hypercube" ? infer::PopsForm::hypercube : infer::PopsForm::ensemble,
       .leverage_percentile = config.pops.leverage_percentile,
       .mode_threshold = config.pops.mode_threshold,
       .clip = config.pops.clip,
       .samples = config.pops.samples,
       .seed = static_cast<std::uint64_t>(config.run.seed)});
  log::info("pops: {} models from {} rows of leverage {:.2e} or more", ensemble.models.cols(), ensemble.taken,
            ensemble.least_leverage);
  output.record.pops = {.form = config.pops.form,
                        .members = ensemble.models.cols(),
                        .rows = ensemble.taken,
                        .least_leverage = ensemble.least_leverage,
                        .modes = ensemble.modes};
  output.extras.ensembles.push_back(
      {.name = "pops", .models = ensemble.models, .variances = {}, .rows = ensemble.rows});
}

}  // namespace tallfit::app
