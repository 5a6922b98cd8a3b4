/// The design file: an HDF5 file with features, targets and labels of N rows.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tallfit/base/numeric.hpp"
#include "tallfit/comm/communicator.hpp"
#include "tallfit/design/row_source.hpp"

namespace tallfit::io {

/// Opens a design file (root attribute tallfit_design = 1) with the POSIX driver, so that each rank, and a
/// reading thread in it, may read on its own.
///
/// Absent datasets have defaults: weight 1, row_type other, each row its own configuration, one group "all",
/// testing 0, column names "c0", "c1", …
///
/// Features may be sparse: a group with data, indices and indptr (CSR). Then read_sparse() and
/// count_entries() cost what they give, and indptr is read for the rows that are asked for. Cost: opening
/// reads names and shapes only; labels are checked as they are read.
/// @throws Error{input} when the file is missing, truncated or no design file, a dataset is missing, has a
/// wrong
///         type or shape, or disagrees in length with 'features'; from read_labels when a group index, a row
///         type or a weight is out of range, naming the row; from what reads features when indptr or a column
///         index is out of range.
/// Local.
std::unique_ptr<design::RowSource> open_design_file(const std::string& path);

/// How features are stored in the file.
enum class Precision : std::uint8_t { f64, f32 };

/// How to write a design file.
struct DesignFileOptions {
  int compression = 0;   ///< gzip level 0..9; 0 stores the features contiguously, which is fastest to write
                         ///< and read; 0 for sparse ones
  Index chunk_rows = 0;  ///< rows per compressed chunk; 0: about 1 MiB
  Precision precision = Precision::f64;
  std::vector<double> true_coefficients = {};  ///< of a generated design; empty, or n_cols values
};

/// Writes all rows of @p rows to the design file @p path; each rank streams a contiguous range of rows, about
/// 8 MiB at a time. The file appears under its name only when it is complete and has been read back. The
/// features of a sparse source (info().n_entries) are written as CSR, without compression.
///
/// Every rank passes a source of the same rows.
/// Cost: one read of the source, one write and one read of the file.
/// @throws Error{input} when the folder is not writable, an option is out of range, or the source fails.
/// @throws Error{resource} when the disk has too little room, or a write fails.
/// @collective over comm
void write_design_file(const std::string& path, design::RowSource& rows, const comm::Communicator& comm,
                       const DesignFileOptions& options);

}  // namespace tallfit::io
