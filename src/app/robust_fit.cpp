#include "robust_fit.hpp"

#include <optional>

#include "engine.hpp"
#include "fit_steps.hpp"
#include "model_options.hpp"

#include "tallfit/base/log.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"

namespace tallfit::app {

void run_robust_fit(const Config& config, const comm::Communicator& world) {
  const estimate::RobustOptions options = robust_options(config);
  comm::all_or_none(world, [&] {
    estimate::require_valid(options);
    require_row_passes(config);
  });
  FitOutput output(config, "fit", world);
  comm::require_replicated(world, !reads_compressed(config, world), ErrorKind::input,
                           "{} is a compressed design, which has no rows: fit.estimator = \"{}\" weighs each "
                           "row by its residual. Fit the design file it was made from",
                           config.data.design, config.fit.estimator);
  PlannedRows planned = plan_rows(config, world, fit_use(config));
  log::info("{}", describe(planned, world.size()));
  comm::all_or_none(world, [&] { keep_rows(planned); });
  output.record.engine_reason = planned.reason;
  output.record.rows_used = planned.layout.n_used;
  const design::GroupMultipliers ones =
      compress::group_multipliers(planned.info().group_names, {});  // the rows carry the weights
  const std::optional<estimate::LeastSquaresSystem> system = estimate::training_system(
      compress_rows(planned, world, output.open_checkpoint(facts_of(planned, world))), ones,
      intercept_of(config), world);
  const estimate::LinearFit fit = [&] {
    Phase phase("robust passes");
    estimate::LinearFit found =
        estimate::fit_robust({.source = planned.rows(),
                              .layout = planned.layout,
                              .cells = planned.tall().cells,
                              .comm = world,
                              .block_bytes = planned.block_bytes(),
                              .checkpoint = output.checkpoint()},
                             system ? &*system : nullptr, intercept_of(config), options);
    phase.add_flops(static_cast<double>(found.iterations) * planned.tall().pass_flops / world.size());
    return found;
  }();
  take_convergence(config, planned.info(), fit, world, output);
  const double scale = fit.hyperparameters.front().second;
  const estimate::ErrorTable errors =
      pass_for_errors(config, planned, share_model(fit, planned.info().n_cols, world), world, output,
                      [loss = options.loss(), scale](double r) { return loss.row_weight(r, scale); });
  output.write(planned.info(), fit, estimate::metrics_rows(errors, planned.info().group_names));
}

}  // namespace tallfit::app
