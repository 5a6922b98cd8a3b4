#include <cstdio>
#include <optional>

#include "rows.hpp"

#include "tallfit/app/commands.hpp"
#include "tallfit/base/log.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/estimate/metrics.hpp"
#include "tallfit/infer/prediction.hpp"
#include "tallfit/io/fit_file.hpp"
#include "tallfit/io/output_folder.hpp"
#include "tallfit/io/row_results.hpp"
#include "tallfit/report/tables.hpp"

namespace tallfit::app {

void run_predict(const Config& config, const comm::Communicator& world) {
  std::optional<io::OutputFolder> folder;
  io::FittedModel model;
  comm::all_or_none(world, [&] {
    if (world.is_root()) folder.emplace(config.output);
    model = io::read_fit_file(config.predict.coefficients);
  });
  const PlannedRows planned = plan_rows(
      config, world,
      {.weighted = false, .solves = false, .n_passes = 1, .parts = {}, .n_folds = 0, .basis = model.kernel});
  const design::DesignInfo& info = planned.info();
  comm::require_replicated(
      world, compress::fingerprint(info.column_names) == compress::fingerprint(model.column_names),
      ErrorKind::input,
      "{} has {} columns ('{}', ...) but the fit {} has {} ('{}', ...): predict rows of the same descriptors",
      info.name, info.n_cols, info.column_names.front(), config.predict.coefficients,
      model.column_names.size(), model.column_names.front());

  const bool has_errors = model.covariance_factor.cols() > 0;
  std::vector<std::string> names = {"prediction", "residual"};
  if (has_errors)
    names.emplace_back("std_error");
  else
    log::info("{} has no covariance: no standard errors of predictions", config.predict.coefficients);
  io::RowResultFile file(config.output + "/predictions.h5", names, info.n_rows, world);
  infer::PredictionVisitor predictions({model.coefficients, model.intercept, model.covariance_factor},
                                       [&](const infer::RowPredictions& rows) {
                                         file.write(0, rows.begin, rows.prediction);
                                         file.write(1, rows.begin, rows.residual);
                                         if (has_errors) file.write(2, rows.begin, rows.std_error);
                                       });
  estimate::ErrorVisitor errors(model.coefficients, model.intercept);
  compress::RowVisitor* const visitors[] = {&predictions, &errors};
  compress::run_row_pass(planned.rows(), planned.layout, world, visitors, planned.block_bytes(),
                         "predict rows");
  const auto metrics = estimate::metrics_rows(errors.total(world), info.group_names);
  comm::all_or_none(world, [&] {
    if (!world.is_root()) return;
    folder->write("metrics.csv", io::metrics_csv(metrics));
    folder->flush();
  });
  file.commit();
  comm::all_or_none(world, [&] {
    if (world.is_root()) folder->commit();
  });
  if (world.is_root()) std::fputs(report::metrics_table(metrics).c_str(), stdout);
  log::info("predictions in {}/predictions.h5", config.output);
}

}  // namespace tallfit::app
