#include <cmath>
#include <cstdio>
#include <optional>

#include "predicted_model.hpp"
#include "rows.hpp"

#include "tallfit/app/commands.hpp"
#include "tallfit/base/log.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/estimate/metrics.hpp"
#include "tallfit/infer/coverage.hpp"
#include "tallfit/infer/special_functions.hpp"
#include "tallfit/io/coverage_table.hpp"
#include "tallfit/io/fit_file.hpp"
#include "tallfit/io/output_folder.hpp"
#include "tallfit/io/row_results.hpp"
#include "tallfit/report/tables.hpp"

namespace tallfit::app {

namespace {

/// predictions.h5: what the model says of each row, and what follows from that.
class PredictionFile {
public:
  /// @param sigma  standard deviation of the noise, where the fit knows one
  PredictionFile(const Config& config, const infer::LinearModel& model, double sigma, Index n_rows,
                 const comm::Communicator& world)
      : sigma_(sigma), predictive_(find_uncertainty(model, "predictive")) {
    std::vector<std::string> names = {"prediction", "residual"};
    for (const infer::Uncertainty& of : model.uncertainties) names.push_back(of.dataset);
    if (model.envelope) names.insert(names.end(), {"pops_lower", "pops_upper"});
    has_noise_ = predictive_ < model.uncertainties.size();
    if (has_noise_) {
      names.insert(names.end(), {"lower", "upper", "mahalanobis"});
      width_ = infer::central_quantile(config.predict.level, model.uncertainties[predictive_].dof);
    }
    file_.emplace(config.output + "/predictions.h5", names, n_rows, world);
  }

  /// Local.
  void write(const infer::RowPredictions& rows) {
    file_->write(0, rows.begin, rows.prediction);
    file_->write(1, rows.begin, rows.residual);
    std::size_t next = 2;
    const auto n = static_cast<std::size_t>(rows.deviations.cols());
    for (std::size_t u = 0; u < n; ++u) file_->write(next++, rows.begin, rows.deviation(u));
    for (Index side = 0; side < rows.envelope.cols(); ++side)
      file_->write(next++, rows.begin, {rows.envelope.col(side).data(), rows.prediction.size()});
    if (!has_noise_) return;
    const auto derive = [&](auto of_row) {
      derived_.resize(rows.prediction.size());
      for (std::size_t i = 0; i < derived_.size(); ++i) derived_[i] = of_row(i);
      file_->write(next++, rows.begin, derived_);
    };
    const std::span<const double> predictive = rows.deviation(predictive_);
    const std::span<const double> mean = rows.deviation(predictive_ - 1);  // std_error comes before it
    derive([&](std::size_t i) { return rows.prediction[i] - width_ * predictive[i]; });
    derive([&](std::size_t i) { return rows.prediction[i] + width_ * predictive[i]; });
    derive([&](std::size_t i) { return mean[i] / sigma_; });
  }

  /// @collective
  void commit() { file_->commit(); }

private:
  std::optional<io::RowResultFile> file_;
  double sigma_;
  std::size_t predictive_;
  bool has_noise_ = false;
  double width_ = 0.0;
  std::vector<double> derived_;
};

}  // namespace

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

  infer::LinearModel linear;
  comm::all_or_none(world, [&] { linear = predicted_model(model, info.group_names); });
  model.covariance_factor.resize(0, 0);  // a K x K matrix less
  const std::vector<infer::Uncertainty> uncertainties = linear.uncertainties;
  if (uncertainties.empty())
    log::info("{} has no covariance: no standard errors of predictions", config.predict.coefficients);
  PredictionFile file(config, linear, std::sqrt(model.noise_variance), info.n_rows, world);
  infer::CoverageVisitor coverage(uncertainties);
  infer::PredictionVisitor predictions(std::move(linear), [&](const infer::RowPredictions& rows) {
    file.write(rows);
    coverage.add(rows);
  });
  estimate::ErrorVisitor errors(model.coefficients, model.intercept);
  compress::RowVisitor* const visitors[] = {&predictions, &coverage, &errors};
  compress::run_row_pass(planned.rows(), planned.layout, world, visitors, planned.block_bytes(),
                         "predict rows");
  const auto metrics = estimate::metrics_rows(errors.total(world), info.group_names);
  const auto covered = infer::coverage_rows(coverage.total(world), uncertainties, info.group_names);
  comm::all_or_none(world, [&] {
    if (!world.is_root()) return;
    folder->write("metrics.csv", io::metrics_csv(metrics));
    if (!uncertainties.empty()) folder->write("coverage.csv", io::coverage_csv(covered));
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
