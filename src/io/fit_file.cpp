#include "tallfit/io/fit_file.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <optional>

#include "hdf5.hpp"
#include "hdf5_text.hpp"
#include "matrix_dataset.hpp"

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/io/csv_writer.hpp"

namespace tallfit::io {

namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

void write_vector(hdf5::File& file, const std::string& name, const Eigen::VectorXd& values) {
  hdf5::Dataset set = hdf5::Dataset::create<double>(file, name, {values.size()});
  if (file.is_writer()) set.write_rows(0, values.size(), values.data());
  set.close();
}

void write_rows(hdf5::File& file, const std::string& name, const RowMajor& values) {
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

/// The path: a row of figures, and one of coefficients, for each point.
void write_path(hdf5::File& file, const estimate::Path& path) {
  hdf5::write_strings(file, "path_names", path.names);
  write_rows(file, "path_figures", path.figures);
  write_rows(file, "path_coefficients", path.coefficients.transpose());
  write_vector(file, "path_intercepts", path.intercepts);
}

constexpr std::array kernel_shapes = {"rbf", "matern", "polynomial"};

/// What the columns are made with.
void write_kernel(hdf5::File& file, const design::KernelBasis& basis) {
  const design::Kernel& kernel = basis.kernel;
  hdf5::write_attribute(file, "/", "kernel",
                        std::string(kernel_shapes.at(static_cast<std::size_t>(kernel.shape))));
  hdf5::write_attribute(file, "/", "kernel_nu", kernel.nu);
  hdf5::write_attribute(file, "/", "kernel_degree", std::int64_t{kernel.degree});
  hdf5::write_attribute(file, "/", "kernel_sigma_0", kernel.sigma_0);
  hdf5::write_strings(file, "kernel_descriptors", basis.column_names);
  write_vector(file, "kernel_length_scale", kernel.length_scale);
  write_rows(file, "kernel_points", basis.points);
  write_rows(file, "kernel_factor", basis.factor);
}

RowMajor read_rows(const hdf5::File& file, const std::string& name, Index n_rows, Index n_cols) {
  const hdf5::Dataset set = hdf5::Dataset::open(file, name);
  require(set.shape() == std::vector<Index>{n_rows, n_cols}, ErrorKind::input, "{}: expected {} x {} numbers",
          set.place(), n_rows, n_cols);
  RowMajor values(n_rows, n_cols);
  set.read_rows(0, n_rows, values.data());
  return values;
}

/// @param n_columns  those of the model: one for each point, and what is outside of them
std::shared_ptr<const design::KernelBasis> read_kernel(const hdf5::File& file, Index n_columns) {
  const std::string shape = hdf5::read_string_attribute(file, "/", "kernel").at(0);
  const auto* const found = std::find(kernel_shapes.begin(), kernel_shapes.end(), shape);
  require(found != kernel_shapes.end(), ErrorKind::input, "{}: its kernel '{}' is not known", file.path(),
          shape);
  design::KernelBasis basis;
  basis.kernel = {.shape = static_cast<design::KernelShape>(found - kernel_shapes.begin()),
                  .length_scale = read_vector(file, "kernel_length_scale"),
                  .nu = hdf5::read_double_attribute(file, "/", "kernel_nu").at(0),
                  .degree = hdf5::read_integer_attribute(file, "/", "kernel_degree").at(0),
                  .sigma_0 = hdf5::read_double_attribute(file, "/", "kernel_sigma_0").at(0)};
  basis.column_names = hdf5::read_strings(file, "kernel_descriptors");
  const auto n_descriptors = static_cast<Index>(basis.column_names.size());
  require(basis.kernel.length_scale.size() == n_descriptors, ErrorKind::input,
          "{}: kernel_length_scale has {} numbers for {} descriptors", file.path(),
          basis.kernel.length_scale.size(), n_descriptors);
  design::require_valid(basis.kernel);
  basis.points = read_rows(file, "kernel_points", n_columns - 1, n_descriptors);
  basis.factor = read_rows(file, "kernel_factor", n_columns - 1, n_columns - 1);
  return std::make_shared<const design::KernelBasis>(std::move(basis));
}

/// All but the covariance factor.
void write_small_parts(hdf5::File& file, const std::vector<std::string>& column_names,
                       const estimate::LinearFit& fit) {
  hdf5::write_attribute(file, "/", "tallfit_fit", std::int64_t{1});
  hdf5::write_attribute(file, "/", "intercept", fit.intercept);
  hdf5::write_attribute(file, "/", "intercept_std_error", fit.intercept_standard_error);
  hdf5::write_attribute(file, "/", "noise_variance", fit.noise_variance);
  hdf5::write_strings(file, "column_names", column_names);
  write_vector(file, "coefficients", fit.coefficients);
  write_vector(file, "std_errors", fit.standard_errors);
  if (fit.column_precisions.size() > 0) write_vector(file, "column_precisions", fit.column_precisions);
  if (fit.path) write_path(file, *fit.path);
  if (fit.kernel) write_kernel(file, *fit.kernel);
}

/// An empty field says "not known"; a spreadsheet would read nan as text.
void add_number(CsvWriter& csv, double value) {
  if (std::isnan(value))
    csv.add("");
  else
    csv.add(value);
}

}  // namespace

void write_fit_file(const std::string& path, const std::vector<std::string>& column_names,
                    const estimate::LinearFit& fit) {
  hdf5::File file = hdf5::File::create(path);
  write_small_parts(file, column_names, fit);
  file.close();
}

void write_fit_file(const std::string& path, const std::vector<std::string>& column_names,
                    const estimate::LinearFit& fit, const linalg::BlockCyclicMatrix& covariance_factor) {
  const linalg::ProcessGrid& grid = covariance_factor.grid();
  std::optional<hdf5::File> file;
  comm::all_or_none(grid.comm(), [&] {
    file.emplace(grid.is_serial() ? hdf5::File::create(path) : hdf5::File::create_shared(path, grid.comm()));
    write_small_parts(*file, column_names, fit);
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
  if (file.has("column_precisions")) model.column_precisions = read_vector(file, "column_precisions");
  if (hdf5::has_attribute(file, "/", "kernel")) model.kernel = read_kernel(file, model.coefficients.size());
  model.covariance_factor = Eigen::MatrixXd::Zero(model.coefficients.size() + 1, 0);
  if (file.has("covariance_factor")) {
    const hdf5::Dataset set = hdf5::Dataset::open(file, "covariance_factor");
    require(set.shape().size() == 2 && set.n_rows() == model.coefficients.size() + 1, ErrorKind::input,
            "{}: its first dimension must be the number of coefficients and 1", set.place());
    RowMajor factor(set.shape()[0], set.shape()[1]);
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
