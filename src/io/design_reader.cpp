#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "csr_features.hpp"
#include "design_layout.hpp"
#include "hdf5.hpp"
#include "hdf5_text.hpp"
#include "snap_attributes.hpp"

#include "tallfit/io/design_file.hpp"

namespace tallfit::io {

namespace {

using hdf5::Dataset;
using hdf5::TypeClass;

class DesignFile final : public design::RowSource {
public:
  explicit DesignFile(const std::string& path);

  const design::DesignInfo& info() const override { return info_; }
  void read_labels(Index begin, Index count, design::RowLabels& labels) override;
  void read_features(Index begin, Index count, double* features) override;
  Index count_entries(Index begin, Index count) override;
  void read_sparse(Index begin, Index count, design::SparseRows& rows) override;

private:
  void require_version() const;
  void open_features();
  void open_dense_features();
  void read_names();
  std::optional<Dataset> open_column(const char* name, TypeClass type, const char* type_name) const;
  /// Integers of rows [begin, begin + count) in [0, limit), or zeros where the dataset is absent.
  const std::vector<Index>& read_integers(const std::optional<Dataset>& column, Index begin, Index count,
                                          Index limit, std::string_view expected);
  void read_weights(Index begin, Index count, std::vector<double>& scale) const;
  void read_configurations(Index begin, Index count, std::vector<std::uint64_t>& configuration) const;

  hdf5::File file_;
  design::DesignInfo info_;
  std::optional<Dataset> features_;  ///< of a dense design
  std::optional<CsrFeatures> sparse_;
  design::SparseRows sparse_rows_;  ///< reused between blocks
  std::optional<Dataset> target_;
  std::optional<Dataset> weight_;
  std::optional<Dataset> row_type_;
  std::optional<Dataset> configuration_;
  std::optional<Dataset> group_;
  std::optional<Dataset> testing_;
  std::vector<Index> integers_;  ///< reused between blocks
};

DesignFile::DesignFile(const std::string& path) : file_(hdf5::File::open(path)) {
  info_.name = path;
  require_version();
  open_features();
  target_ = open_column(layout::target, TypeClass::floating, "floating-point numbers");
  require(target_.has_value(), ErrorKind::input, "{}: dataset '{}' is missing", path, layout::target);
  weight_ = open_column(layout::weight, TypeClass::floating, "floating-point numbers");
  row_type_ = open_column(layout::row_type, TypeClass::integer, "integers");
  configuration_ = open_column(layout::configuration, TypeClass::integer, "integers");
  group_ = open_column(layout::group, TypeClass::integer, "integers");
  testing_ = open_column(layout::testing, TypeClass::integer, "integers");
  read_names();
  info_.snap = read_snap_attributes(file_);
  info_.bytes_per_row =
      sparse_ ? ceil_div(sparse_->n_entries() * sparse_->entry_bytes(), info_.n_rows) + Index{sizeof(Index)}
              : info_.n_cols * features_->element_bytes();
  for (const auto* column : {&target_, &weight_, &row_type_, &configuration_, &group_, &testing_})
    if (*column) info_.bytes_per_row += (*column)->element_bytes();
}

void DesignFile::require_version() const {
  require(hdf5::has_attribute(file_, "/", layout::version_attribute), ErrorKind::input,
          "{}: is an HDF5 file but not a design file: the root attribute '{}' is missing.\n"
          "  Write design files with 'tallfit import' or 'tallfit generate', or set the attribute to 1.",
          file_.path(), layout::version_attribute);
  const std::vector<std::int64_t> version =
      hdf5::read_integer_attribute(file_, "/", layout::version_attribute);
  require(version == std::vector<std::int64_t>{1}, ErrorKind::input,
          "{}: the root attribute '{}' is {}; this version reads 1. Update tallfit.", file_.path(),
          layout::version_attribute, version.empty() ? 0 : version.front());
}

void DesignFile::open_features() {
  if (!CsrFeatures::found_in(file_)) {
    open_dense_features();
    return;
  }
  sparse_.emplace(file_);
  info_.n_rows = sparse_->n_rows();
  info_.n_cols = sparse_->n_cols();
  info_.n_entries = sparse_->n_entries();
}

void DesignFile::open_dense_features() {
  features_ = Dataset::open(file_, layout::features);
  require(features_->shape().size() == 2, ErrorKind::input,
          "{} has {} dimension(s); expected 2 (rows x columns)", features_->place(),
          features_->shape().size());
  const Index bytes = features_->element_bytes();
  require(features_->type_class() == TypeClass::floating && (bytes == 4 || bytes == 8), ErrorKind::input,
          "{} does not hold 32- or 64-bit floating-point numbers", features_->place());
  info_.n_rows = features_->shape()[0];
  info_.n_cols = features_->shape()[1];
  require(info_.n_rows > 0 && info_.n_cols > 0, ErrorKind::input,
          "{} is empty ({} x {}); expected at least one row and one column", features_->place(), info_.n_rows,
          info_.n_cols);
}

std::optional<Dataset> DesignFile::open_column(const char* name, TypeClass type,
                                               const char* type_name) const {
  if (!file_.has(name)) return std::nullopt;
  Dataset column = Dataset::open(file_, name);
  require(column.shape().size() == 1, ErrorKind::input,
          "{} has {} dimensions; expected 1 (one value per row)", column.place(), column.shape().size());
  require(column.type_class() == type, ErrorKind::input, "{} does not hold {}", column.place(), type_name);
  require(column.n_rows() == info_.n_rows, ErrorKind::input,
          "{}: dataset '{}' has {} values, but '{}' has {} rows.\n  Both must have one entry per row.",
          file_.path(), name, column.n_rows(), layout::features, info_.n_rows);
  return column;
}

void DesignFile::read_names() {
  if (file_.has(layout::group_names)) info_.group_names = hdf5::read_strings(file_, layout::group_names);
  require(!group_ || !info_.group_names.empty(), ErrorKind::input,
          "{}: dataset '{}' is present, but '{}', which it indexes, is missing or empty", file_.path(),
          layout::group, layout::group_names);
  if (!group_) info_.group_names = {"all"};

  if (file_.has(layout::column_names)) {
    info_.column_names = hdf5::read_strings(file_, layout::column_names);
    require(static_cast<Index>(info_.column_names.size()) == info_.n_cols, ErrorKind::input,
            "{}: dataset '{}' has {} names, but '{}' has {} columns", file_.path(), layout::column_names,
            info_.column_names.size(), layout::features, info_.n_cols);
  } else {
    for (Index j = 0; j < info_.n_cols; ++j) info_.column_names.push_back(fmt::format("c{}", j));
  }
}

const std::vector<Index>& DesignFile::read_integers(const std::optional<Dataset>& column, Index begin,
                                                    Index count, Index limit, std::string_view expected) {
  integers_.assign(static_cast<std::size_t>(count), 0);
  if (!column) return integers_;
  column->read_rows(begin, count, integers_.data());
  const auto bad =
      std::find_if(integers_.begin(), integers_.end(), [limit](Index v) { return v < 0 || v >= limit; });
  require(bad == integers_.end(), ErrorKind::input, "{}: row {} is {}; expected {}", column->place(),
          begin + (bad - integers_.begin()), bad == integers_.end() ? 0 : *bad, expected);
  return integers_;
}

void DesignFile::read_weights(Index begin, Index count, std::vector<double>& scale) const {
  std::fill(scale.begin(), scale.end(), 1.0);
  if (!weight_) return;
  weight_->read_rows(begin, count, scale.data());
  const auto bad = std::find_if(scale.begin(), scale.end(), [](double w) { return w < 0.0; });
  require(bad == scale.end(), ErrorKind::input, "{}: row {} is {}; weights multiply rows and must be >= 0",
          weight_->place(), begin + (bad - scale.begin()), bad == scale.end() ? 0.0 : *bad);
}

void DesignFile::read_configurations(Index begin, Index count,
                                     std::vector<std::uint64_t>& configuration) const {
  if (configuration_) {
    configuration_->read_rows(begin, count, configuration.data());
    return;
  }
  for (Index i = 0; i < count; ++i)
    configuration[static_cast<std::size_t>(i)] = static_cast<std::uint64_t>(begin + i);
}

void DesignFile::read_labels(Index begin, Index count, design::RowLabels& labels) {
  labels.resize(count);
  target_->read_rows(begin, count, labels.target.data());
  read_weights(begin, count, labels.scale);
  read_configurations(begin, count, labels.configuration);

  if (row_type_) {
    const std::vector<Index>& types =
        read_integers(row_type_, begin, count, design::n_row_types, "0 energy, 1 force, 2 stress or 3 other");
    std::transform(types.begin(), types.end(), labels.type.begin(),
                   [](Index v) { return static_cast<design::RowType>(v); });
  } else {
    std::fill(labels.type.begin(), labels.type.end(), design::RowType::other);
  }
  const auto n_groups = static_cast<Index>(info_.group_names.size());
  const std::vector<Index>& groups =
      read_integers(group_, begin, count, n_groups,
                    fmt::format("an index below {}, the length of 'group_names'", n_groups));
  std::transform(groups.begin(), groups.end(), labels.group.begin(),
                 [](Index v) { return static_cast<std::uint32_t>(v); });
  const std::vector<Index>& testing = read_integers(testing_, begin, count, 2, "0 (fitted) or 1 (tested)");
  std::transform(testing.begin(), testing.end(), labels.testing.begin(),
                 [](Index v) { return static_cast<std::uint8_t>(v); });
}

void DesignFile::read_features(Index begin, Index count, double* features) {
  if (sparse_)
    design::scatter_sparse(*this, begin, count, sparse_rows_, features);
  else
    features_->read_rows(begin, count, features);
}

Index DesignFile::count_entries(Index begin, Index count) {
  return sparse_ ? sparse_->count_entries(begin, count) : RowSource::count_entries(begin, count);
}

void DesignFile::read_sparse(Index begin, Index count, design::SparseRows& rows) {
  if (sparse_)
    sparse_->read(begin, count, rows);
  else
    RowSource::read_sparse(begin, count, rows);
}

}  // namespace

std::unique_ptr<design::RowSource> open_design_file(const std::string& path) {
  return std::make_unique<DesignFile>(path);
}

}  // namespace tallfit::io
