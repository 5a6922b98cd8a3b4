/// Matrices in files of other programs, read by blocks of rows.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tallfit/base/numeric.hpp"
#include "tallfit/design/sparse_rows.hpp"

namespace tallfit::io {

/// A matrix of numbers in a file. Any process reads any rows, with memory for those rows only. All calls are
/// local.
class MatrixReader {
public:
  MatrixReader() = default;
  MatrixReader(const MatrixReader&) = delete;
  MatrixReader& operator=(const MatrixReader&) = delete;
  virtual ~MatrixReader() = default;

  virtual Index n_rows() const = 0;
  /// 1 for a vector.
  virtual Index n_cols() const = 0;
  /// Rows [begin, begin + count) as count x n_cols, row-major.
  /// @throws Error{input} naming file and place when they cannot be read or are no numbers.
  virtual void read_rows(Index begin, Index count, double* row_major) = 0;
  /// For messages: the file, and the dataset in it.
  virtual const std::string& describe() const = 0;
  /// As the file has them (the header line of a CSV); empty when it does not.
  virtual const std::vector<std::string>& column_names() const = 0;
  /// What reading one row costs, about.
  virtual Index bytes_per_row() const = 0;
  /// All rows of a sparse matrix, which is in memory; null for a dense one. Valid as long as the reader.
  virtual const design::SparseRows* sparse_rows() const { return nullptr; }
};

/// Opens a matrix by its name: "*.npy", "*.csv" and other text ("*.txt", "*.dat": numbers separated by commas
/// or blanks), Matrix Market ("*.mtx"), or a dataset in an HDF5 file ("file.h5:/path/dataset").
///
/// NumPy files: formats 1 to 3, C or Fortran order, floats of 4 or 8 bytes and integers up to 8, either byte
/// order. Text: an optional header line of names, lines that start with '#' and empty lines are skipped. Text
/// is scanned once, at about 1 GB/s, to count rows and to note where every 4096th begins.
/// Matrix Market: coordinate (sparse; real, integer or pattern; general, symmetric or skew-symmetric) and
/// array (dense; real or integer, general). Values of the same place are added. The file is read twice into
/// memory: 12 bytes an entry and 8 a row (16 while it is read), or 8 a number of an array.
/// @throws Error{input} when the file is missing, damaged, truncated, or of an unknown kind. Local.
std::unique_ptr<MatrixReader> open_matrix(const std::string& path);

}  // namespace tallfit::io
