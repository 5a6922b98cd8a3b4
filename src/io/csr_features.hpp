/// The sparse features of a design file: compressed rows in the datasets of a group.
#pragma once

#include "hdf5.hpp"

#include "tallfit/design/sparse_rows.hpp"

namespace tallfit::io {

/// Reads features/data, indices and indptr: row i has the entries [indptr[i], indptr[i + 1]). The number of
/// columns is the length of column_names, or the second number of the group's attribute 'shape'.
///
/// Only what is asked for is read. Columns of a row may come in any order, but each once.
class CsrFeatures {
public:
  /// Whether the features of @p file are a group.
  static bool found_in(const hdf5::File& file);

  /// @throws Error{input} when a dataset is missing, of another type, or of a length that contradicts others.
  explicit CsrFeatures(const hdf5::File& file);

  Index n_rows() const { return indptr_.n_rows() - 1; }
  Index n_cols() const { return n_cols_; }
  Index n_entries() const { return data_.n_rows(); }
  /// What one entry takes in the file.
  Index entry_bytes() const { return data_.element_bytes() + indices_.element_bytes(); }

  /// Cost: two numbers read. @throws Error{input} as read(). Local.
  Index count_entries(Index begin, Index count) const;
  /// Replaces @p rows by rows [begin, begin + count).
  /// @throws Error{input} naming the row when indptr falls or points beyond the data, or a column is out of
  /// range or comes twice. Local.
  void read(Index begin, Index count, design::SparseRows& rows) const;

private:
  void find_columns(const hdf5::File& file);
  void check_lengths() const;
  void read_bounds(Index begin, Index count, std::vector<Index>& bounds) const;
  void check_row(Index row, Index first_entry, design::SparseRows& rows, std::size_t at) const;

  hdf5::Dataset data_;
  hdf5::Dataset indices_;
  hdf5::Dataset indptr_;
  Index n_cols_ = 0;
};

/// indices, indptr and the attribute 'shape' of a design file that is being written; makes the group.
class CsrIndexWriter {
public:
  /// @collective for shared files
  CsrIndexWriter(hdf5::File& file, Index n_rows, Index n_cols, Index n_entries);
  /// Writes @p rows as rows from @p begin on, whose first entry is number @p first_entry of all. Independent
  /// transfers. Local.
  void write(Index begin, Index first_entry, const design::SparseRows& rows);
  /// @collective for shared files
  void close();

private:
  hdf5::Dataset indices_;
  hdf5::Dataset indptr_;
};

}  // namespace tallfit::io
