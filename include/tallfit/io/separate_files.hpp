/// Designs whose features, targets, weights and labels lie in files of their own.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tallfit/design/row_source.hpp"

namespace tallfit::io {

/// The files of a design; each but `labels` is opened with open_matrix().
struct SeparateFiles {
  std::string features = {};  ///< N x K
  std::string target = {};    ///< N
  std::string weight = {};    ///< N; empty: 1 for every row
  /// CSV with one line per configuration, in the order of the rows. Columns are found by their names
  /// config_id, group, natoms, row_start, nrows, and testing (optional); others are ignored. Empty: each row
  /// its own configuration.
  std::string labels = {};
  /// The rows of a configuration in FitSNAP's order, "energy,force,stress" or a part of it, or "other": 1
  /// energy, 3 natoms forces, 6 stresses. Empty: the one combination that explains nrows of all
  /// configurations.
  std::string row_types = {};
  std::vector<std::string> column_names = {};  ///< empty: from the header of the features, else "c0", "c1", …
  std::optional<design::SnapMetadata> snap = {};
};

/// Opens the files as one source. Memory: one entry per configuration, one block of rows.
/// @throws Error{input} when a file cannot be read, lengths disagree, labels do not cover the rows exactly
/// once in
///         order, a config_id comes twice, or the row types cannot be deduced; naming file, line and key.
/// Local.
std::unique_ptr<design::RowSource> open_separate_files(const SeparateFiles& files);

}  // namespace tallfit::io
