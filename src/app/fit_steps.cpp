#include "fit_steps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "tallfit/base/phase.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/design/projected_source.hpp"

namespace tallfit::app {

void take_convergence(const Config& config, const design::DesignInfo& info, const estimate::LinearFit& fit,
                      const comm::Communicator& world, FitOutput& output) {
  Index converged = fit.converged ? 1 : 0;
  comm::broadcast(world, std::span(&converged, 1), 0);
  std::string how = fit.convergence;
  comm::broadcast(world, how, 0);
  if (how.empty()) return;
  output.record.iterations = fit.iterations;
  output.record.converged = converged == 1;
  if (converged == 0)
    output.fail_to_converge(info, fit,
                            fmt::format("fit.estimator = \"{}\" did not converge: {}. Raise fit.max_iter or "
                                        "fit.tol",
                                        config.fit.estimator, how));
}

infer::LinearModel share_model(const estimate::LinearFit& fit, Index n_cols,
                               const comm::Communicator& world) {
  std::vector<double> values;
  if (world.is_root()) {
    values.assign(fit.coefficients.begin(), fit.coefficients.end());
    values.push_back(fit.intercept);
  }
  comm::broadcast(world, values, 0);
  return {.coefficients = Eigen::Map<const Eigen::VectorXd>(values.data(), n_cols),
          .intercept = values.back(),
          .factors = {},
          .uncertainties = {},
          .envelope = {},
          .multipliers = {}};
}

estimate::ErrorTable pass_for_errors(const Config& config, const PlannedRows& planned,
                                     const infer::LinearModel& model, const comm::Communicator& world,
                                     FitOutput& output, const RowWeight& weight) {
  Phase phase("row pass");
  if (!planned.keeps_rows()) {
    const design::DesignInfo& info = planned.info();
    phase.add_bytes(static_cast<double>(info.n_rows) * static_cast<double>(info.bytes_per_row) /
                    world.size());
  }
  // Rows of a sparse design are not made dense for their predictions.
  std::optional<design::ProjectedSource> projected;
  infer::LinearModel of_pass = model;
  if (planned.info().n_entries) {
    projected.emplace(planned.rows(), model.coefficients);
    of_pass.coefficients = Eigen::VectorXd::Ones(1);
  }
  design::RowSource& rows_of_pass = projected ? *projected : planned.rows();
  std::vector<compress::RowVisitor*> visitors;
  std::optional<infer::PredictionVisitor> predictions;
  io::RowResultFile* residuals = nullptr;
  if (config.fit.residuals) {
    residuals =
        &output.open_residuals(planned.info().n_rows, weight ? std::vector<std::string>{"robust_weight"}
                                                             : std::vector<std::string>());
    predictions.emplace(of_pass, [residuals, &weight, weights = std::vector<double>()](
                                     const infer::RowPredictions& rows) mutable {
      residuals->write(0, rows.begin, rows.prediction);
      residuals->write(1, rows.begin, rows.residual);
      if (!weight) return;
      weights.resize(rows.residual.size());
      std::transform(rows.residual.begin(), rows.residual.end(), weights.begin(), weight);
      residuals->write(2, rows.begin, weights);
    });
    visitors.push_back(&*predictions);
  }
  // The last, for what it saves of a leaf has the rows that were written before.
  estimate::ErrorVisitor errors(of_pass.coefficients, of_pass.intercept,
                                {.checkpoint = output.checkpoint(), .rows = residuals});
  visitors.push_back(&errors);
  compress::run_row_pass(rows_of_pass, planned.layout, world, visitors, planned.block_bytes(),
                         "errors of rows", errors.restore(planned.layout, world));
  return errors.total(world);
}

}  // namespace tallfit::app
