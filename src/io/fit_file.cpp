#include "tallfit/io/fit_file.hpp"

#include <cmath>
#include <filesystem>
#include <optional>

#include "fit_parts.hpp"
#include "hdf5_text.hpp"
#include "kernel_dataset.hpp"
#include "matrix_dataset.hpp"

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/io/csv_writer.hpp"

namespace tallfit::io {

namespace {

/// An empty field says "not known"; a spreadsheet would read nan as text.
void add_number(CsvWriter& csv, double value) {
  if (std::isnan(value))
    csv.add("");
  else
    csv.add(value);
}

void write_models(hdf5::File& file, const NamedModels& of) {
  const Index k = of.models.rows() - 1;
  write_rows(file, of.name + "_coefficients", of.models.topRows(k).transpose());
  write_vector(file, of.name + "_intercepts", of.models.row(k).transpose());
  if (of.variances) write_vector(file, of.name + "_variances", *of.variances);
  if (!of.rows.empty()) write_integers(file, of.name + "_rows", of.rows);
}

void write_extras(hdf5::File& file, const FitExtras& extras) {
  for (const NamedModels& of : extras.ensembles) write_models(file, of);
  if (extras.model_error) write_model_error(file, *extras.model_error);
  if (extras.weights.empty()) return;
  std::vector<std::string> names;
  Eigen::VectorXd values(static_cast<Index>(extras.weights.size()));
  for (const auto& [name, value] : extras.weights) {
    values(static_cast<Index>(names.size())) = value;
    names.push_back(name);
  }
  hdf5::write_strings(file, "weight_names", names);
  write_vector(file, "weights", values);
}

std::map<std::string, double> read_weights(const hdf5::File& file) {
  std::map<std::string, double> weights;
  if (!file.has("weights")) return weights;
  const std::vector<std::string> names = hdf5::read_strings(file, "weight_names");
  const Eigen::VectorXd values = read_vector(file, "weights");
  require(values.size() == static_cast<Index>(names.size()), ErrorKind::input, "{}: {} weights have {} names",
          file.path(), values.size(), names.size());
  for (std::size_t i = 0; i < names.size(); ++i) weights[names[i]] = values(static_cast<Index>(i));
  return weights;
}

}  // namespace

void write_fit_file(const std::string& path, const std::vector<std::string>& column_names,
                    const estimate::LinearFit& fit, const FitExtras& extras) {
  hdf5::File file = hdf5::File::create(path);
  write_small_parts(file, column_names, fit);
  write_extras(file, extras);
  file.close();
}

void write_fit_file(const std::string& path, const std::vector<std::string>& column_names,
                    const estimate::LinearFit& fit, const Eigen::MatrixXd& covariance_factor,
                    const FitExtras& extras) {
  hdf5::File file = hdf5::File::create(path);
  write_small_parts(file, column_names, fit);
  write_extras(file, extras);
  hdf5::write_attribute(file, "/", "tallfit_sample", std::int64_t{1});
  write_rows(file, "covariance_factor", covariance_factor);
  file.close();
}

void write_fit_file(const std::string& path, const std::vector<std::string>& column_names,
                    const estimate::LinearFit& fit, const linalg::BlockCyclicMatrix& covariance_factor,
                    const FitExtras& extras) {
  const linalg::ProcessGrid& grid = covariance_factor.grid();
  std::optional<hdf5::File> file;
  comm::all_or_none(grid.comm(), [&] {
    file.emplace(grid.is_serial() ? hdf5::File::create(path) : hdf5::File::create_shared(path, grid.comm()));
    write_small_parts(*file, column_names, fit);
    write_extras(*file, extras);
  });
  write_matrix(*file, "covariance_factor", covariance_factor);
  comm::all_or_none(grid.comm(), [&] {
    file->close();
    file.emplace(hdf5::File::open(path));
  });
  verify_matrix(*file, "covariance_factor", covariance_factor);
}

FittedModel read_fit_file(const std::string& path) {
  const std::string name =
      std::filesystem::is_directory(path) ? (std::filesystem::path(path) / "fit.h5").string() : path;
  const hdf5::File file = hdf5::File::open(name);
  require(hdf5::has_attribute(file, "/", "tallfit_fit"), ErrorKind::input,
          "{} is no result of 'tallfit fit': it has no root attribute 'tallfit_fit'", name);
  FittedModel model;
  model.column_names = hdf5::read_strings(file, "column_names");
  model.coefficients = read_vector(file, "coefficients");
  model.intercept = hdf5::read_double_attribute(file, "/", "intercept").at(0);
  model.noise_variance = hdf5::read_double_attribute(file, "/", "noise_variance").at(0);
  if (hdf5::has_attribute(file, "/", "noise_dof"))
    model.noise_dof = hdf5::read_double_attribute(file, "/", "noise_dof").at(0);
  model.weights = read_weights(file);
  if (file.has("pops_intercepts")) {
    const Eigen::VectorXd intercepts = read_vector(file, "pops_intercepts");
    model.pops.resize(model.coefficients.size() + 1, intercepts.size());
    model.pops
        << read_rows(file, "pops_coefficients", intercepts.size(), model.coefficients.size()).transpose(),
        intercepts.transpose();
  }
  model.is_bag = hdf5::has_attribute(file, "/", "tallfit_bag");
  model.is_sample = hdf5::has_attribute(file, "/", "tallfit_sample");
  if (file.has("column_precisions")) model.column_precisions = read_vector(file, "column_precisions");
  if (hdf5::has_attribute(file, "/", "kernel")) model.kernel = read_kernel(file, model.coefficients.size());
  if (file.has("model_error")) model.model_error = read_model_error(file, model.coefficients.size());
  model.covariance_factor = Eigen::MatrixXd::Zero(model.coefficients.size() + 1, 0);
  if (file.has("covariance_factor")) {
    const hdf5::Dataset set = hdf5::Dataset::open(file, "covariance_factor");
    require(set.shape().size() == 2 && set.n_rows() == model.coefficients.size() + 1, ErrorKind::input,
            "{}: its first dimension must be the number of coefficients and 1", set.place());
    RowMajorRows factor(set.shape()[0], set.shape()[1]);
    set.read_rows(0, factor.rows(), factor.data());
    model.covariance_factor = factor;
  }
  return model;
}

std::string coefficients_csv(const std::vector<std::string>& names, const estimate::LinearFit& fit) {
  CsvWriter csv("index,name,value,std_error");
  for (std::size_t j = 0; j < names.size(); ++j) {
    const auto at = static_cast<Index>(j);
    csv.add(at).add(names[j]).add(fit.coefficients(at));
    add_number(csv, fit.standard_errors(at));
    csv.end_row();
  }
  if (fit.has_intercept()) {
    csv.add(-1).add("intercept").add(fit.intercept);
    add_number(csv, fit.intercept_standard_error);
    csv.end_row();
  }
  return csv.text();
}

std::string polynomial_chaos_csv(const std::vector<std::string>& names, const estimate::LinearFit& fit,
                                 const Eigen::VectorXd& deviations) {
  CsvWriter csv("index,name,mean,first_order");
  for (std::size_t j = 0; j < names.size(); ++j) {
    const auto at = static_cast<Index>(j);
    csv.add(at).add(names[j]).add(fit.coefficients(at)).add(deviations(at)).end_row();
  }
  if (fit.has_intercept())
    csv.add(-1).add("intercept").add(fit.intercept).add(deviations(fit.coefficients.size())).end_row();
  return csv.text();
}

std::string path_csv(const estimate::Path& path) {
  CsvWriter csv(fmt::format("{}", fmt::join(path.names, ",")));
  for (Index i = 0; i < path.figures.rows(); ++i) {
    for (Index j = 0; j < path.figures.cols(); ++j) add_number(csv, path.figures(i, j));
    csv.end_row();
  }
  return csv.text();
}

std::string metrics_csv(const std::vector<estimate::MetricsRow>& rows) {
  CsvWriter csv("group,row_type,split,weighting,count,mae,rmse,r2,max_abs_error");
  for (const estimate::MetricsRow& row : rows) {
    csv.add(row.group).add(row.row_type).add(row.split).add(row.weighting).add(row.count);
    for (const double value : {row.mae, row.rmse, row.r2, row.max_abs_error}) add_number(csv, value);
    csv.end_row();
  }
  return csv.text();
}

}  // namespace tallfit::io
