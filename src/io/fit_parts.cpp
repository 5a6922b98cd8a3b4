#include "fit_parts.hpp"

#include <cmath>
#include <limits>

#include "hdf5_text.hpp"
#include "kernel_dataset.hpp"

namespace tallfit::io {

namespace {

/// The path: a row of figures, and one of coefficients, for each point.
void write_path(hdf5::File& file, const estimate::Path& path) {
  hdf5::write_strings(file, "path_names", path.names);
  write_rows(file, "path_figures", path.figures);
  write_rows(file, "path_coefficients", path.coefficients.transpose());
  write_vector(file, "path_intercepts", path.intercepts);
}

/// As FittedModel's.
double interval_dof(const estimate::LinearFit& fit) {
  if (!fit.noise_is_gaussian || !(fit.noise_variance > 0.0)) return std::numeric_limits<double>::quiet_NaN();
  return fit.noise_is_known ? std::numeric_limits<double>::infinity() : fit.dof;
}

}  // namespace

void write_vector(hdf5::File& file, const std::string& name, const Eigen::VectorXd& values) {
  hdf5::Dataset set = hdf5::Dataset::create<double>(file, name, {values.size()});
  if (file.is_writer()) set.write_rows(0, values.size(), values.data());
  set.close();
}

void write_rows(hdf5::File& file, const std::string& name, const RowMajorRows& values) {
  hdf5::Dataset set = hdf5::Dataset::create<double>(file, name, {values.rows(), values.cols()});
  if (file.is_writer()) set.write_rows(0, values.rows(), values.data());
  set.close();
}

Eigen::VectorXd read_vector(const hdf5::File& file, const std::string& name) {
  const hdf5::Dataset set = hdf5::Dataset::open(file, name);
  Eigen::VectorXd values(set.n_rows());
  set.read_rows(0, set.n_rows(), values.data());
  return values;
}

RowMajorRows read_rows(const hdf5::File& file, const std::string& name, Index n_rows, Index n_cols) {
  const hdf5::Dataset set = hdf5::Dataset::open(file, name);
  require(set.shape() == std::vector<Index>{n_rows, n_cols}, ErrorKind::input, "{}: expected {} x {} numbers",
          set.place(), n_rows, n_cols);
  RowMajorRows values(n_rows, n_cols);
  set.read_rows(0, n_rows, values.data());
  return values;
}

void write_integers(hdf5::File& file, const std::string& name, const std::vector<Index>& values) {
  hdf5::Dataset set = hdf5::Dataset::create<std::int64_t>(file, name, {static_cast<Index>(values.size())});
  const std::vector<std::int64_t> numbers(values.begin(), values.end());
  set.write_rows(0, static_cast<Index>(numbers.size()), numbers.data());
  set.close();
}

std::vector<Index> read_integers(const hdf5::File& file, const std::string& name) {
  const hdf5::Dataset set = hdf5::Dataset::open(file, name);
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(set.n_rows()));
  set.read_rows(0, set.n_rows(), numbers.data());
  return {numbers.begin(), numbers.end()};
}

void write_model_error(hdf5::File& file, const infer::ModelError& error) {
  write_vector(file, "model_error", error.deviations);
  write_vector(
      file, "model_error_leftover",
      Eigen::Map<const Eigen::VectorXd>(error.leftover_variances.data(), design::n_row_types).cwiseSqrt());
  hdf5::write_attribute(file, "/", "model_error_noise", std::sqrt(error.noise_variance));
}

infer::ModelError read_model_error(const hdf5::File& file, Index n_coeffs) {
  infer::ModelError error{.deviations = read_vector(file, "model_error")};
  const Eigen::VectorXd leftover = read_vector(file, "model_error_leftover");
  require(error.deviations.size() == n_coeffs + 1 && leftover.size() == design::n_row_types, ErrorKind::input,
          "{}: model_error has {} numbers, model_error_leftover {}; expected {} and {}", file.path(),
          error.deviations.size(), leftover.size(), n_coeffs + 1, design::n_row_types);
  error.noise_variance = std::pow(hdf5::read_double_attribute(file, "/", "model_error_noise").at(0), 2);
  for (Index type = 0; type < leftover.size(); ++type)
    error.leftover_variances.at(static_cast<std::size_t>(type)) = leftover(type) * leftover(type);
  return error;
}

void write_small_parts(hdf5::File& file, const std::vector<std::string>& column_names,
                       const estimate::LinearFit& fit) {
  hdf5::write_attribute(file, "/", "tallfit_fit", std::int64_t{1});
  hdf5::write_attribute(file, "/", "intercept", fit.intercept);
  hdf5::write_attribute(file, "/", "intercept_std_error", fit.intercept_standard_error);
  hdf5::write_attribute(file, "/", "noise_variance", fit.noise_variance);
  hdf5::write_attribute(file, "/", "noise_dof", interval_dof(fit));
  hdf5::write_strings(file, "column_names", column_names);
  write_vector(file, "coefficients", fit.coefficients);
  write_vector(file, "std_errors", fit.standard_errors);
  if (fit.column_precisions.size() > 0) write_vector(file, "column_precisions", fit.column_precisions);
  if (fit.path) write_path(file, *fit.path);
  if (fit.kernel) write_kernel(file, *fit.kernel);
}

}  // namespace tallfit::io
