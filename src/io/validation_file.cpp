#include "tallfit/io/validation_file.hpp"

#include <filesystem>
#include <numeric>

#include "error_tables.hpp"
#include "fit_parts.hpp"
#include "hdf5_text.hpp"

namespace tallfit::io {

namespace {

/// Tables are numbered part by part, the points of each part in order.
std::vector<Index> table_numbers(Index n_tables) {
  std::vector<Index> numbers(static_cast<std::size_t>(n_tables));
  std::iota(numbers.begin(), numbers.end(), Index{0});
  return numbers;
}

}  // namespace

void write_validation_file(const std::string& path, const ValidationPart& part) {
  const estimate::CrossValidation& validation = part.validation;
  std::vector<estimate::ErrorTable> tables;
  for (std::size_t i = 0; i < validation.parts.size(); ++i)
    for (const std::vector<estimate::ErrorTable>& point : validation.errors) tables.push_back(point[i]);
  hdf5::File file = hdf5::File::create(path);
  hdf5::write_attribute(file, "/", "tallfit_validation", std::int64_t{1});
  hdf5::write_attribute(file, "/", "parts", validation.n_parts);
  hdf5::write_attribute(file, "/", "not_converged", validation.n_unconverged);
  hdf5::write_strings(file, "settings", part.settings);
  write_integers(file, "held_out", {validation.parts.begin(), validation.parts.end()});
  write_rows(file, "effective_dof", validation.effective_dof);
  write_error_tables(file, "errors", table_numbers(static_cast<Index>(tables.size())), tables);
  file.close();
}

ValidationPart read_validation_file(const std::string& path) {
  const std::string name =
      std::filesystem::is_directory(path) ? (std::filesystem::path(path) / "validation.h5").string() : path;
  const hdf5::File file = hdf5::File::open(name);
  require(hdf5::has_attribute(file, "/", "tallfit_validation"), ErrorKind::input,
          "{} is no part of a cross-validation: it has no root attribute 'tallfit_validation'", name);
  ValidationPart part;
  part.settings = hdf5::read_strings(file, "settings");
  estimate::CrossValidation& validation = part.validation;
  validation.n_parts = hdf5::read_integer_attribute(file, "/", "parts").at(0);
  validation.n_unconverged = hdf5::read_integer_attribute(file, "/", "not_converged").at(0);
  for (const Index number : read_integers(file, "held_out"))
    validation.parts.push_back(static_cast<int>(number));
  const auto n_held_out = static_cast<Index>(validation.parts.size());
  const Index n_points = hdf5::Dataset::open(file, "effective_dof").n_rows();
  validation.effective_dof = read_rows(file, "effective_dof", n_points, n_held_out);
  std::vector<estimate::ErrorTable> tables =
      read_error_tables(file, "errors", table_numbers(n_points * n_held_out));
  validation.errors.resize(static_cast<std::size_t>(n_points));
  for (std::size_t i = 0; i < tables.size(); ++i)
    validation.errors[i % validation.errors.size()].push_back(std::move(tables[i]));
  return part;
}

}  // namespace tallfit::io
