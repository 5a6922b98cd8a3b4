#include "fit_output.hpp"

#include <cmath>
#include <cstdio>
#include <filesystem>

#include "tallfit/app/config_keys.hpp"
#include "tallfit/base/log.hpp"
#include "tallfit/base/memory.hpp"
#include "tallfit/base/version.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/io/snap_potential.hpp"
#include "tallfit/io/weight_tables.hpp"
#include "tallfit/linalg/libraries.hpp"
#include "tallfit/linalg/machine_rates.hpp"
#include "tallfit/report/svg_plot.hpp"
#include "tallfit/report/tables.hpp"

namespace tallfit::app {

namespace {

/// Size of the product that stages are compared with: large enough to run at full speed, over in some
/// milliseconds.
constexpr Index reference_product = 512;

void warn_of(const estimate::LinearFit& fit, const std::vector<std::string>& names) {
  if (!fit.dependent_columns.empty()) {
    std::vector<std::string> dependent;
    for (const Index column : fit.dependent_columns)
      dependent.push_back(names[static_cast<std::size_t>(column)]);
    log::warn("rank {} of {}: the solution of smallest norm is given; dependent columns: {}", fit.rank,
              names.size(), fmt::join(dependent, ", "));
  }
  if (fit.algorithm == "lsqr")
    log::info("standard errors need the factor of all rows: the engines tall and grid give them");
  else if (fit.standard_errors.array().isNaN().all() && fit.dof > 0.0)
    log::info("standard errors are unknown: those of {} need the density of the errors at 0", fit.objective);
  else if (!(fit.dof > 0.0))
    log::warn("no degrees of freedom are left for the noise: standard errors are unknown");
}

std::string pareto_picture(const estimate::BestWeights& best) {
  report::Plot plot{.title = "Energy error against force error, log10 of their relative weight",
                    .x_label = best.held_out ? "held-out energy RMSE" : "energy RMSE",
                    .y_label = best.held_out ? "held-out force RMSE" : "force RMSE",
                    .points = {}};
  for (const estimate::ParetoPoint& point : best.pareto)
    plot.points.push_back({.x = point.energy_error,
                           .y = point.force_error,
                           .label = fmt::format("{:+.1f}", point.log_ratio),
                           .filled = !point.dominated});
  return report::svg_text(plot);
}

/// What the weights of the rows were multiplied with: as given, or what a search found in their place.
std::map<std::string, double> weights_of(const Config& config, const io::RunRecord& record,
                                         const std::vector<std::string>& group_names) {
  if (!record.weights) return config.fit.weights;
  const design::GroupMultipliers found =
      estimate::with_multipliers(compress::group_multipliers(group_names, config.fit.weights),
                                 record.weights->classes, record.weights->multipliers);
  std::map<std::string, double> weights;
  for (std::size_t group = 0; group < found.size(); ++group)
    for (int type = 0; type < design::n_row_types; ++type)
      weights[fmt::format("{}.{}", group_names[group],
                          design::to_string(static_cast<design::RowType>(type)))] =
          found[group][static_cast<std::size_t>(type)];
  return weights;
}

}  // namespace

FitOutput::FitOutput(const Config& config, const std::string& command, const comm::Communicator& world)
    : config_(config), world_(world) {
  comm::all_or_none(world, [&] {
    if (world.is_root()) folder_.emplace(config.output);
  });
  record.command = command;
  record.versions = linalg::library_versions();
  record.versions.insert(record.versions.begin(), {{"tallfit", version()}, {"git", git_revision()}});
  record.config = resolved(config);
  record.ranks = world.size();
}

io::RowResultFile& FitOutput::open_residuals(Index n_rows, const std::vector<std::string>& more) {
  std::vector<std::string> names = {"prediction", "residual"};
  names.insert(names.end(), more.begin(), more.end());
  return residuals_.emplace(config_.output + "/residuals.h5", names, n_rows, world_);
}

io::RowResultFile& FitOutput::open_leverages(Index n_rows) {
  const std::vector<std::string> names = {"leverage", "left_out_error", "cooks_distance",
                                          "configuration_left_out_error"};
  return leverages_.emplace(config_.output + "/leverages.h5", names, n_rows, world_);
}

compress::Checkpoint* FitOutput::open_checkpoint(Facts data) {
  checkpoint_ = app::open_checkpoint(config_, find_command(record.command).value(), std::move(data), world_);
  return checkpoint_.get();
}

void FitOutput::finish_record(const design::DesignInfo& info) {
  record.rows = info.n_rows;
  record.columns = info.n_cols;
  record.stages = stages();
  record.dgemm_gflops = linalg::dgemm_gflops(reference_product, 3);
  record.peak_rss_bytes = comm::all_gather(world_, std::vector<Index>{peak_rss_bytes()});
}

void FitOutput::fail_to_converge(const design::DesignInfo& info, const estimate::LinearFit& fit,
                                 const std::string& what) {
  finish_record(info);
  const std::string where = config_.output + "/not_converged";
  comm::all_or_none(world_, [&] {
    if (!world_.is_root()) return;
    io::OutputFolder folder(where);
    folder.write("coefficients.csv", io::coefficients_csv(info.column_names, fit));
    folder.write("fit.json", io::fit_json(record, fit, info.column_names));
    if (record.weights) folder.write("weights.csv", io::weights_csv(*record.weights, info.group_names));
    for (const auto& [name, text] : tables_) folder.write(name, text);
    for (const auto& [name, write_file] : files_) write_file(folder.add(name).partial_path());
    io::write_fit_file(folder.add("fit.h5").partial_path(), info.column_names, fit);
    folder.commit();
  });
  throw Error::collective(ErrorKind::numerical, fmt::format("{}. The last iterate is in {}", what, where));
}

void FitOutput::write(const design::DesignInfo& info, const estimate::LinearFit& fit,
                      std::vector<estimate::MetricsRow> metrics) {
  finish_record(info);
  metrics.insert(metrics.end(), metrics_.begin(), metrics_.end());
  comm::all_or_none(world_, [&] {
    if (world_.is_root()) write_texts(info, fit, metrics);
  });
  write_model(info, fit);
  if (residuals_) residuals_->commit();
  if (leverages_) leverages_->commit();
  comm::all_or_none(world_, [&] {
    if (world_.is_root()) folder_->commit();
  });
  if (checkpoint_) checkpoint_->remove();
  if (!world_.is_root()) return;
  std::fputs(report::fit_summary(fit, info.column_names).c_str(), stdout);
  std::fputs("\n", stdout);
  std::fputs(report::metrics_table(metrics).c_str(), stdout);
  log::info("results in {}", config_.output);
}

void FitOutput::write_model(const design::DesignInfo& info, const estimate::LinearFit& fit) {
  std::string path;
  comm::all_or_none(world_, [&] {
    if (world_.is_root()) path = folder_->add("fit.h5").partial_path();
  });
  comm::broadcast(world_, path, 0);
  extras.weights = weights_of(config_, record, info.group_names);
  comm::all_or_none(world_, [&] {
    if (bag)
      io::write_bag_file(path, fit, *bag);
    else if (fit.solver)
      io::write_fit_file(path, info.column_names, fit, estimate::covariance_factor(fit), extras);
    else if (fit.coefficients.size() > 0 && world_.is_root())
      io::write_fit_file(path, info.column_names, fit, extras);
  });
  comm::all_or_none(world_, [&] {
    if (world_.is_root()) folder_->flush();
  });
}

void FitOutput::write_texts(const design::DesignInfo& info, const estimate::LinearFit& fit,
                            const std::vector<estimate::MetricsRow>& metrics) {
  warn_of(fit, info.column_names);
  for (const auto& [message, count] : log::warnings()) record.warnings.push_back(message);
  folder_->write("coefficients.csv", io::coefficients_csv(info.column_names, fit));
  if (fit.path) folder_->write("path.csv", io::path_csv(*fit.path));
  for (const auto& [name, text] : tables_) folder_->write(name, text);
  for (const auto& [name, write_file] : files_) write_file(folder_->add(name).partial_path());
  folder_->write("metrics.csv", io::metrics_csv(metrics));
  folder_->write("fit.json", io::fit_json(record, fit, info.column_names));
  if (record.weights) {
    folder_->write("weights.csv", io::weights_csv(*record.weights, info.group_names));
    if (!record.weights->pareto.empty()) {
      folder_->write("pareto.csv", io::pareto_csv(record.weights->pareto));
      folder_->write("pareto.svg", pareto_picture(*record.weights));
    }
  }
  if (!info.snap) return;
  const std::string name = std::filesystem::path(info.name).stem().string();
  const std::span<const double> values(fit.coefficients.data(),
                                       static_cast<std::size_t>(fit.coefficients.size()));
  folder_->write(name + ".snapcoeff",
                 io::snapcoeff_text(*info.snap, values, "fitted by tallfit " + version()));
  folder_->write(name + ".snapparam", io::snapparam_text(*info.snap));
  const auto write_member = [&](const Eigen::MatrixXd& models, Index column, Index number,
                                const std::string& what) {
    folder_->write(fmt::format("{}_{:03}.snapcoeff", name, number),
                   io::snapcoeff_text(*info.snap, {models.col(column).data(), values.size()},
                                      fmt::format("{} by tallfit {}", what, version())));
  };
  if (bag)
    for (std::size_t r = 0; r < bag->ensemble.numbers.size(); ++r)
      write_member(bag->ensemble.models, static_cast<Index>(r), bag->ensemble.numbers[r],
                   fmt::format("replica {} of a bootstrap", bag->ensemble.numbers[r]));
  for (const io::NamedModels& of : extras.ensembles)
    for (Index m = 0; m < of.models.cols(); ++m)
      write_member(of.models, m, m + 1, fmt::format("member {} of {}", m + 1, of.name));
}

}  // namespace tallfit::app
