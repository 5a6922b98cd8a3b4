#include "composite_source.hpp"

#include <algorithm>
#include <utility>

#include "tallfit/base/error.hpp"

namespace tallfit::io {

namespace {

class CompositeSource final : public design::RowSource {
public:
  explicit CompositeSource(CompositeParts parts) : parts_(std::move(parts)) {
    const MatrixReader& features = *parts_.features;
    info_.name = features.describe();
    info_.n_rows = features.n_rows();
    info_.n_cols = features.n_cols();
    require(info_.n_rows > 0 && info_.n_cols > 0, ErrorKind::input,
            "{} is empty ({} x {}); expected at least one row and one column", info_.name, info_.n_rows,
            info_.n_cols);
    info_.group_names = parts_.labeler->group_names();
    info_.snap = parts_.snap;
    set_column_names();
    info_.bytes_per_row = features.bytes_per_row() + parts_.target->bytes_per_row();
    if (const design::SparseRows* rows = features.sparse_rows()) info_.n_entries = rows->n_entries();
    if (parts_.weight) info_.bytes_per_row += parts_.weight->bytes_per_row();
  }

  const design::DesignInfo& info() const override { return info_; }

  void read_labels(Index begin, Index count, design::RowLabels& labels) override {
    labels.resize(count);
    parts_.labeler->label(begin, labels);
    parts_.target->read_rows(begin, count, labels.target.data());
    std::fill(labels.scale.begin(), labels.scale.end(), 1.0);
    if (!parts_.weight) return;
    parts_.weight->read_rows(begin, count, labels.scale.data());
    const auto bad = std::find_if(labels.scale.begin(), labels.scale.end(), [](double w) { return w < 0.0; });
    require(bad == labels.scale.end(), ErrorKind::input,
            "{}: row {} is {}; weights multiply rows and must be >= 0", parts_.weight->describe(),
            begin + (bad - labels.scale.begin()), bad == labels.scale.end() ? 0.0 : *bad);
  }

  void read_features(Index begin, Index count, double* features) override {
    parts_.features->read_rows(begin, count, features);
  }

  Index count_entries(Index begin, Index count) override {
    const design::SparseRows* all = parts_.features->sparse_rows();
    if (all == nullptr) return RowSource::count_entries(begin, count);
    return all->begin[static_cast<std::size_t>(begin + count)] - all->begin[static_cast<std::size_t>(begin)];
  }

  void read_sparse(Index begin, Index count, design::SparseRows& rows) override {
    const design::SparseRows* all = parts_.features->sparse_rows();
    if (all == nullptr) {
      RowSource::read_sparse(begin, count, rows);
      return;
    }
    rows.n_cols = all->n_cols;
    rows.begin.assign(all->begin.begin() + begin, all->begin.begin() + begin + count + 1);
    const Index first = rows.begin.front();
    const Index end = rows.begin.back();
    for (Index& bound : rows.begin) bound -= first;
    rows.column.assign(all->column.begin() + first, all->column.begin() + end);
    rows.value.assign(all->value.begin() + first, all->value.begin() + end);
  }

private:
  void set_column_names() {
    info_.column_names = parts_.column_names.empty() ? parts_.features->column_names() : parts_.column_names;
    if (info_.column_names.empty())
      for (Index j = 0; j < info_.n_cols; ++j) info_.column_names.push_back(fmt::format("c{}", j));
    require(static_cast<Index>(info_.column_names.size()) == info_.n_cols, ErrorKind::input,
            "{}: has {} columns, but {} column names were given", info_.name, info_.n_cols,
            info_.column_names.size());
  }

  CompositeParts parts_;
  design::DesignInfo info_;
};

class PlainLabeler final : public RowLabeler {
public:
  const std::vector<std::string>& group_names() const override { return names_; }

  void label(Index begin, design::RowLabels& labels) const override {
    std::fill(labels.type.begin(), labels.type.end(), design::RowType::other);
    std::fill(labels.group.begin(), labels.group.end(), 0U);
    std::fill(labels.testing.begin(), labels.testing.end(), std::uint8_t{0});
    std::uint64_t row = static_cast<std::uint64_t>(begin);
    for (std::uint64_t& configuration : labels.configuration) configuration = row++;
  }

private:
  std::vector<std::string> names_ = {"all"};
};

}  // namespace

std::unique_ptr<RowLabeler> make_plain_labeler() { return std::make_unique<PlainLabeler>(); }

std::unique_ptr<MatrixReader> open_vector(const std::string& path, const MatrixReader& features) {
  std::unique_ptr<MatrixReader> vector = open_matrix(path);
  require(vector->n_cols() == 1, ErrorKind::input, "{}: has {} columns; expected one value per row",
          vector->describe(), vector->n_cols());
  require(vector->n_rows() == features.n_rows(), ErrorKind::input,
          "{}: has {} values, but {} has {} rows.\n  Both must have one entry per row.", vector->describe(),
          vector->n_rows(), features.describe(), features.n_rows());
  return vector;
}

std::unique_ptr<design::RowSource> make_composite_source(CompositeParts parts) {
  return std::make_unique<CompositeSource>(std::move(parts));
}

}  // namespace tallfit::io
