#include "csr_features.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <span>

#include "design_layout.hpp"
#include "hdf5_text.hpp"

namespace tallfit::io {

namespace {

using hdf5::Dataset;
using hdf5::TypeClass;

Dataset open_vector_of(const hdf5::File& file, const char* name, TypeClass type, const char* type_name) {
  Dataset dataset = Dataset::open(file, name);
  require(dataset.shape().size() == 1, ErrorKind::input, "{} has {} dimensions; expected 1", dataset.place(),
          dataset.shape().size());
  require(dataset.type_class() == type, ErrorKind::input, "{} does not hold {}", dataset.place(), type_name);
  return dataset;
}

/// The first dataset of the group, which it makes.
Dataset create_indices(hdf5::File& file, Index n_entries) {
  file.create_group(layout::features);
  return Dataset::create<std::int32_t>(file, layout::csr_indices, {n_entries});
}

}  // namespace

bool CsrFeatures::found_in(const hdf5::File& file) {
  return file.has(layout::csr_indptr) || file.has(layout::csr_indices) || file.has(layout::csr_data);
}

CsrFeatures::CsrFeatures(const hdf5::File& file)
    : data_(open_vector_of(file, layout::csr_data, TypeClass::floating, "floating-point numbers")),
      indices_(open_vector_of(file, layout::csr_indices, TypeClass::integer, "integers")),
      indptr_(open_vector_of(file, layout::csr_indptr, TypeClass::integer, "integers")) {
  require(data_.element_bytes() == 4 || data_.element_bytes() == 8, ErrorKind::input,
          "{} does not hold 32- or 64-bit floating-point numbers", data_.place());
  find_columns(file);
  check_lengths();
}

void CsrFeatures::find_columns(const hdf5::File& file) {
  const bool named = file.has(layout::column_names);
  const bool shaped = hdf5::has_attribute(file, layout::features, layout::csr_shape);
  require(named || shaped, ErrorKind::input,
          "{}: the columns of the sparse '{}' cannot be counted. Give it the attribute '{}' (rows, columns), "
          "or the file the dataset '{}'.",
          file.path(), layout::features, layout::csr_shape, layout::column_names);
  if (shaped) {
    const std::vector<std::int64_t> shape =
        hdf5::read_integer_attribute(file, layout::features, layout::csr_shape);
    require(shape.size() == 2, ErrorKind::input, "{}: the attribute '{}' of '{}' has {} numbers; expected 2",
            file.path(), layout::csr_shape, layout::features, shape.size());
    require(shape[0] == n_rows(), ErrorKind::input,
            "{} has {} values; expected {}: one more than the {} rows of the attribute '{}'.\n  Sparse "
            "features are read by rows (CSR), not by columns (CSC).",
            indptr_.place(), n_rows() + 1, shape[0] + 1, shape[0], layout::csr_shape);
    n_cols_ = shape[1];
  }
  if (named) {
    const Index n_names = Dataset::open(file, layout::column_names).n_rows();
    require(!shaped || n_names == n_cols_, ErrorKind::input,
            "{}: dataset '{}' has {} names, but '{}' has {} columns (attribute '{}')", file.path(),
            layout::column_names, n_names, layout::features, n_cols_, layout::csr_shape);
    n_cols_ = n_names;
  }
  require(n_rows() > 0 && n_cols_ > 0, ErrorKind::input,
          "{}: '{}' is empty ({} x {}); expected at least one row and one column", file.path(),
          layout::features, std::max<Index>(n_rows(), 0), n_cols_);
  require(n_cols_ <= std::numeric_limits<std::int32_t>::max(), ErrorKind::input,
          "{}: '{}' has {} columns; sparse features may have up to {}", file.path(), layout::features,
          n_cols_, std::numeric_limits<std::int32_t>::max());
}

void CsrFeatures::check_lengths() const {
  require(indices_.n_rows() == n_entries(), ErrorKind::input,
          "{} has {} values, but {} has {}.\n  Both must have one for each entry.", indices_.place(),
          indices_.n_rows(), data_.place(), n_entries());
  Index first = 0;
  Index last = 0;
  indptr_.read_rows(0, 1, &first);
  indptr_.read_rows(n_rows(), 1, &last);
  require(first == 0, ErrorKind::input, "{}: row 0 begins at entry {}; expected 0", indptr_.place(), first);
  require(last == n_entries(), ErrorKind::input,
          "{}: the last row ends at entry {}; expected {}, the length of {}", indptr_.place(), last,
          n_entries(), data_.place());
}

Index CsrFeatures::count_entries(Index begin, Index count) const {
  Index first = 0;
  Index end = 0;
  indptr_.read_rows(begin, 1, &first);
  indptr_.read_rows(begin + count, 1, &end);
  require(first <= end, ErrorKind::input, "{}: falls from {} (row {}) to {} (row {})", indptr_.place(), first,
          begin, end, begin + count);
  return end - first;
}

void CsrFeatures::read_bounds(Index begin, Index count, std::vector<Index>& bounds) const {
  bounds.resize(static_cast<std::size_t>(count) + 1);
  indptr_.read_rows(begin, count + 1, bounds.data());
  const auto fall = std::adjacent_find(bounds.begin(), bounds.end(), std::greater<>());
  require(fall == bounds.end(), ErrorKind::input, "{}: row {} begins at entry {} but ends at {}",
          indptr_.place(), begin + (fall - bounds.begin()), fall == bounds.end() ? 0 : *fall,
          fall == bounds.end() ? 0 : *(fall + 1));
  require(bounds.front() >= 0 && bounds.back() <= n_entries(), ErrorKind::input,
          "{}: rows {} to {} have the entries {} to {}; there are {}", indptr_.place(), begin,
          begin + count - 1, bounds.front(), bounds.back(), n_entries());
}

void CsrFeatures::check_row(Index row, Index first_entry, design::SparseRows& rows, std::size_t at) const {
  const auto begin = static_cast<std::size_t>(rows.begin[at]);
  const auto n = static_cast<std::size_t>(rows.begin[at + 1]) - begin;
  const std::span<std::int32_t> columns(rows.column.data() + begin, n);
  // Indices of 64 bits that do not fit in 32 come as the nearest that do, which are out of range, too.
  const auto bad =
      std::find_if(columns.begin(), columns.end(), [this](std::int32_t j) { return j < 0 || j >= n_cols_; });
  if (bad != columns.end()) {
    Index column = 0;
    indices_.read_rows(first_entry + static_cast<Index>(begin) + (bad - columns.begin()), 1, &column);
    fail(ErrorKind::input, "{}: row {} has column {}; expected 0 to {}", indices_.place(), row, column,
         n_cols_ - 1);
  }
  design::sort_row_in_place(columns, {rows.value.data() + begin, n});
  const auto twice = std::adjacent_find(columns.begin(), columns.end());
  require(twice == columns.end(), ErrorKind::input, "{}: row {} has column {} more than once; add its values",
          indices_.place(), row, twice == columns.end() ? 0 : *twice);
}

void CsrFeatures::read(Index begin, Index count, design::SparseRows& rows) const {
  rows.clear(n_cols_);
  if (count == 0) return;
  read_bounds(begin, count, rows.begin);
  const Index first = rows.begin.front();
  const Index n = rows.begin.back() - first;
  rows.column.resize(static_cast<std::size_t>(n));
  rows.value.resize(static_cast<std::size_t>(n));
  indices_.read_rows(first, n, rows.column.data());
  data_.read_rows(first, n, rows.value.data());
  for (Index& bound : rows.begin) bound -= first;
  for (Index i = 0; i < count; ++i) check_row(begin + i, first, rows, static_cast<std::size_t>(i));
}

CsrIndexWriter::CsrIndexWriter(hdf5::File& file, Index n_rows, Index n_cols, Index n_entries)
    : indices_(create_indices(file, n_entries)),
      indptr_(Dataset::create<std::int64_t>(file, layout::csr_indptr, {n_rows + 1})) {
  hdf5::write_attribute(file, layout::features, layout::csr_shape, std::vector<std::int64_t>{n_rows, n_cols});
}

void CsrIndexWriter::write(Index begin, Index first_entry, const design::SparseRows& rows) {
  indices_.write_rows(first_entry, rows.n_entries(), rows.column.data());
  std::vector<Index> bounds = rows.begin;
  for (Index& bound : bounds) bound += first_entry;
  // Each row writes where it ends; who has the first one, where that begins.
  const std::size_t from = begin == 0 ? 0 : 1;
  indptr_.write_rows(begin + static_cast<Index>(from), static_cast<Index>(bounds.size() - from),
                     bounds.data() + from);
}

void CsrIndexWriter::close() {
  indices_.close();
  indptr_.close();
}

}  // namespace tallfit::io
