#include "leverages.hpp"

#include <array>
#include <limits>

#include "engine.hpp"
#include "model_options.hpp"

#include "tallfit/base/log.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/infer/influence.hpp"

namespace tallfit::app {

void check_leverages(const Config& config) {
  if (!config.fit.leverages) return;
  const Config::Solver& solver = config.solver;
  require(
      (config.fit.estimator == "ols" || config.fit.estimator == "ridge") && config.fit.unpenalised.empty(),
      ErrorKind::input,
      "fit.leverages is for fit.estimator = \"ols\" or \"ridge\" without fit.unpenalised: what other fits "
      "predict is no fixed combination of the targets");
  require((solver.engine == "auto" || solver.engine == "tall") && !asks_for_grid(solver) &&
              solver.algorithm != "cholesky" && solver.algorithm != "lsqr" && !solver.refine,
          ErrorKind::input,
          "fit.leverages has the engine tall alone: leave solver.engine, solver.grid, solver.block, "
          "solver.refine and solver.algorithm = \"cholesky\" or \"lsqr\" out");
  require(config.noise.model == "none" && config.fit.optimize_weights == "none", ErrorKind::input,
          "fit.leverages does not go with noise.model and fit.optimize_weights: leave one of them out");
}

std::vector<estimate::MetricsRow> pass_for_leverages(const PlannedRows& planned,
                                                     const estimate::LinearFit& fit,
                                                     const comm::Communicator& world, FitOutput& output) {
  const Phase phase("leverages");
  const infer::Whitening whitening = infer::whitening_of(fit, planned.info().n_cols, world);
  double noise_variance = fit.noise_variance;
  comm::broadcast(world, std::span(&noise_variance, 1), 0);
  const compress::RowLayout& layout = planned.layout;
  const infer::UnitRange units =
      infer::count_units(planned.rows(), layout, infer::Unit::configuration, world);
  infer::Influence influence(whitening, noise_variance, layout, output.checkpoint());
  infer::UnitRuns runs(
      infer::Unit::configuration, units, planned.info().n_cols,
      [&](const infer::UnitRun& run) { influence.add(run); }, std::numeric_limits<Index>::max());
  compress::RowVisitor* const visitors[] = {&runs, &influence};
  compress::run_row_pass(planned.rows(), layout, world, visitors, planned.block_bytes(), "leverages",
                         influence.restore(world));
  const infer::InfluenceTable& table = influence.table();
  const std::array<const Eigen::VectorXd*, 4> columns = {
      &table.leverage, &table.left_out, &table.cooks_distance, &table.configuration_left_out};
  io::RowResultFile& file = output.open_leverages(planned.info().n_rows);
  comm::all_or_none(world, [&] {
    for (std::size_t i = 0; i < columns.size(); ++i)
      file.write(i, table.begin, {columns[i]->data(), static_cast<std::size_t>(columns[i]->size())});
  });
  const infer::InfluenceTotals totals = influence.totals(world);
  if (totals.undetermined > 0 || totals.undetermined_configurations > 0)
    log::warn(
        "{} rows and {} configurations alone determine a coefficient: there is no fit without them, and no "
        "error of it",
        totals.undetermined, totals.undetermined_configurations);
  output.record.leverages = {.press = totals.press,
                             .sum = totals.leverage,
                             .undetermined_rows = totals.undetermined,
                             .undetermined_configurations = totals.undetermined_configurations};
  std::vector<estimate::MetricsRow> lines =
      estimate::metrics_rows(totals.rows, planned.info().group_names, "loo");
  const auto more = estimate::metrics_rows(totals.configurations, planned.info().group_names, "loco");
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

}  // namespace tallfit::app
