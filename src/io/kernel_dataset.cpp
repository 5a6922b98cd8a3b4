#include "kernel_dataset.hpp"

#include <algorithm>
#include <array>

#include "fit_parts.hpp"
#include "hdf5_text.hpp"

namespace tallfit::io {

namespace {

constexpr std::array kernel_shapes = {"rbf", "matern", "polynomial"};

}  // namespace

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

}  // namespace tallfit::io
