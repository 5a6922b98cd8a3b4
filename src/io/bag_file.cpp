#include "tallfit/io/bag_file.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "error_tables.hpp"
#include "fit_parts.hpp"
#include "hdf5.hpp"
#include "hdf5_text.hpp"
#include "snap_attributes.hpp"

#include "tallfit/io/csv_writer.hpp"

namespace tallfit::io {

estimate::LinearFit mean_fit(const BagContents& contents) {
  const Eigen::MatrixXd& models = contents.ensemble.models;
  const Index k = models.rows() - 1;
  const auto n = static_cast<double>(models.cols());
  const Eigen::VectorXd mean = models.rowwise().sum() / n;
  const Eigen::VectorXd spread = ((models.colwise() - mean).rowwise().squaredNorm() / (n - 1.0)).cwiseSqrt();
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  estimate::LinearFit fit;
  fit.coefficients = mean.head(k);
  fit.intercept = mean(k);
  if (mean(k) != 0.0) fit.intercept_row.emplace();
  fit.standard_errors =
      models.cols() > 1 ? Eigen::VectorXd(spread.head(k)) : Eigen::VectorXd::Constant(k, unknown);
  fit.intercept_standard_error = models.cols() > 1 ? spread(k) : unknown;
  fit.residual_norm = fit.noise_variance = fit.effective_dof = unknown;
  fit.dof = n - 1.0;
  fit.rank = contents.rank;
  fit.condition = contents.condition;
  fit.algorithm = "bag";
  return fit;
}

void write_bag_file(const std::string& path, const estimate::LinearFit& fit, const BagContents& contents) {
  const infer::Ensemble& ensemble = contents.ensemble;
  const Eigen::MatrixXd& models = ensemble.models;
  const Index k = models.rows() - 1;
  hdf5::File file = hdf5::File::create(path);
  write_small_parts(file, contents.column_names, fit);
  hdf5::write_attribute(file, "/", "tallfit_bag", std::int64_t{1});
  hdf5::write_attribute(file, "/", "rank", contents.rank);
  hdf5::write_attribute(file, "/", "condition_estimate", contents.condition);
  hdf5::write_attribute(file, "/", "design", contents.design);
  hdf5::write_attribute(file, "/", "rows", contents.n_rows);
  hdf5::write_attribute(file, "/", "rows_used", contents.rows_used);
  if (contents.snap) write_snap_attributes(file, *contents.snap);
  hdf5::write_strings(file, "bag_settings", {contents.settings});
  hdf5::write_strings(file, "group_names", contents.group_names);
  write_integers(file, "replica_numbers", ensemble.numbers);
  write_integers(file, "replicas_refitted", ensemble.refitted);
  write_rows(file, "replica_coefficients", models.topRows(k).transpose());
  write_vector(file, "replica_intercepts", models.row(k).transpose());
  if (models.cols() > 1) {
    const Eigen::VectorXd mean = models.rowwise().sum() / static_cast<double>(models.cols());
    write_rows(file, "covariance_factor",
               (models.colwise() - mean) / std::sqrt(static_cast<double>(models.cols() - 1)));
  }
  write_error_tables(file, "out_of_bag", ensemble.numbers, ensemble.out_of_bag);
  file.close();
}

BagContents read_bag_file(const std::string& path) {
  const std::string name =
      std::filesystem::is_directory(path) ? (std::filesystem::path(path) / "fit.h5").string() : path;
  const hdf5::File file = hdf5::File::open(name);
  require(hdf5::has_attribute(file, "/", "tallfit_bag"), ErrorKind::input,
          "{} is no result of 'tallfit bag': it has no root attribute 'tallfit_bag'", name);
  BagContents contents;
  contents.column_names = hdf5::read_strings(file, "column_names");
  contents.group_names = hdf5::read_strings(file, "group_names");
  contents.settings = hdf5::read_strings(file, "bag_settings").at(0);
  contents.rank = hdf5::read_integer_attribute(file, "/", "rank").at(0);
  contents.condition = hdf5::read_double_attribute(file, "/", "condition_estimate").at(0);
  contents.design = hdf5::read_string_attribute(file, "/", "design").at(0);
  contents.n_rows = hdf5::read_integer_attribute(file, "/", "rows").at(0);
  contents.rows_used = hdf5::read_integer_attribute(file, "/", "rows_used").at(0);
  contents.snap = read_snap_attributes(file);
  infer::Ensemble& ensemble = contents.ensemble;
  ensemble.numbers = read_integers(file, "replica_numbers");
  ensemble.refitted = read_integers(file, "replicas_refitted");
  const auto n = static_cast<Index>(ensemble.numbers.size());
  const auto k = static_cast<Index>(contents.column_names.size());
  ensemble.models.resize(k + 1, n);
  ensemble.models.topRows(k) = read_rows(file, "replica_coefficients", n, k).transpose();
  ensemble.models.row(k) = read_vector(file, "replica_intercepts").transpose();
  ensemble.out_of_bag = read_error_tables(file, "out_of_bag", ensemble.numbers);
  return contents;
}

std::string replicas_csv(const infer::Ensemble& ensemble) {
  CsvWriter csv("replica,refitted,out_of_bag,rmse,weighted_rmse");
  for (std::size_t r = 0; r < ensemble.numbers.size(); ++r) {
    const Index number = ensemble.numbers[r];
    const bool refitted =
        std::find(ensemble.refitted.begin(), ensemble.refitted.end(), number) != ensemble.refitted.end();
    estimate::ErrorSums all;
    if (r < ensemble.out_of_bag.size())
      for (const auto& [key, sums] : ensemble.out_of_bag[r]) all.add(sums);
    const auto count = static_cast<double>(all.targets.count);
    csv.add(number).add(refitted ? 1 : 0).add(all.targets.count);
    if (all.targets.count > 0)
      csv.add(std::sqrt(all.squares / count)).add(std::sqrt(all.weighted_squares / count));
    else
      csv.add("").add("");
    csv.end_row();
  }
  return csv.text();
}

estimate::ErrorTable pooled(const infer::Ensemble& ensemble) {
  estimate::ErrorTable all;
  for (const estimate::ErrorTable& table : ensemble.out_of_bag)
    for (const auto& [key, sums] : table) all[key].add(sums);
  return all;
}

}  // namespace tallfit::io
