#include "tallfit/io/import.hpp"

#include <filesystem>
#include <utility>

#include "composite_source.hpp"
#include "csv_table.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/io/separate_files.hpp"

namespace tallfit::io {

namespace {

/// The given path, else the usual name in the folder.
std::string required_file(const std::string& given, const std::string& folder, const char* usual) {
  require(!given.empty() || !folder.empty(), ErrorKind::input,
          "give a folder, or the file that is usually {}", usual);
  return given.empty() ? folder + "/" + usual : given;
}

/// The given path, else the usual name in the folder if it is there, else nothing.
std::string optional_file(const std::string& given, const std::string& folder, const char* usual) {
  if (!given.empty() || folder.empty()) return given;
  const std::string path = folder + "/" + usual;
  return std::filesystem::exists(path) ? path : "";
}

/// "Ta B[1 0 0 0]" from element and B_label: no commas, so that result tables stay easy to read.
std::string snap_name(const std::string& element, std::string label) {
  std::erase(label, ',');
  return element + " B" + label;
}

}  // namespace

std::vector<std::string> read_column_names(const std::string& path) {
  std::vector<std::string> names;
  if (path.empty()) return names;
  CsvTable csv(path);
  if (csv.has_column("name")) {
    const std::size_t name = csv.column("name");
    while (csv.next()) names.push_back(csv.text(name));
    return names;
  }
  const std::size_t element = csv.column("element");
  const std::size_t label = csv.column("B_label");
  while (csv.next()) names.push_back(snap_name(csv.text(element), csv.text(label)));
  return names;
}

std::unique_ptr<design::RowSource> open_fitsnap(const FitsnapFiles& files) {
  return open_separate_files(
      {.features = required_file(files.features, files.folder, "Descriptors.npy"),
       .target = required_file(files.target, files.folder, "Truth-Ref.npy"),
       .weight = optional_file(files.weight, files.folder, "Weights.npy"),
       .labels = optional_file(files.labels, files.folder, "configs.csv"),
       .row_types = files.row_types,
       .column_names = read_column_names(optional_file(files.columns, files.folder, "columns.csv")),
       .snap = files.snap});
}

std::unique_ptr<design::RowSource> open_chimes(const ChimesFiles& files) {
  CompositeParts parts;
  parts.features = open_matrix(required_file(files.matrix, files.folder, "A.txt"));
  parts.target = open_vector(required_file(files.target, files.folder, "b.txt"), *parts.features);
  const std::string weight = optional_file(files.weight, files.folder, "weights.dat");
  if (!weight.empty()) parts.weight = open_vector(weight, *parts.features);
  const std::string labels = optional_file(files.labels, files.folder, "b-labeled.txt");
  const std::string natoms = optional_file(files.natoms, files.folder, "natoms.txt");
  parts.labeler =
      labels.empty() ? make_plain_labeler() : read_chimes_labels(labels, natoms, parts.features->n_rows());
  return make_composite_source(std::move(parts));
}

}  // namespace tallfit::io
