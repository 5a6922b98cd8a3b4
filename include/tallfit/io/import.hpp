/// Designs of other programs. Each is a row source; write_design_file() makes a design file of it, in
/// parallel.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tallfit/design/row_source.hpp"

namespace tallfit::io {

/// Names of columns from a CSV file: its column 'name', or FitSNAP's 'element' and 'B_label' ("Ta B[2 1 0 1]").
/// Nothing for an empty path. @throws Error{input} Local.
std::vector<std::string> read_column_names(const std::string& path);

/// A FitSNAP dump. Empty paths take FitSNAP's names in `folder`, where they exist.
struct FitsnapFiles {
  std::string folder = {};     ///< may be empty when features and target are given
  std::string features = {};   ///< Descriptors.npy
  std::string target = {};     ///< Truth-Ref.npy
  std::string weight = {};     ///< Weights.npy, optional
  std::string labels = {};     ///< configs.csv, optional: see SeparateFiles::labels
  std::string columns = {};    ///< columns.csv, optional: column 'name', or 'element' and 'B_label'
  std::string row_types = {};  ///< see SeparateFiles::row_types
  std::optional<design::SnapMetadata> snap = {};
};

/// @throws Error{input} as open_separate_files(), and when columns.csv has another number of columns. Local.
std::unique_ptr<design::RowSource> open_fitsnap(const FitsnapFiles& files);

/// The files that chimes_lsq writes, all whitespace-separated text with one line per row. Empty paths take
/// its names in `folder`, where they exist.
struct ChimesFiles {
  std::string folder = {};  ///< may be empty when matrix and target are given
  std::string matrix = {};  ///< A.txt, N x K
  std::string target = {};  ///< b.txt
  std::string labels =
      {};  ///< b-labeled.txt, optional: atom type (a force), s_xx … s_zz (a stress) or +1 (an energy)
  std::string natoms =
      {};  ///< natoms.txt, optional: atoms of the row's frame; without it frames end where forces begin
  std::string weight = {};  ///< weights.dat, optional
};

/// Rows keep their order and units; a frame is a configuration, all are in the group "all".
/// @throws Error{input} naming file and line. Local.
/// @see rk-lindsey/chimes_lsq, src/A_Matrix.C, A_MAT::PRINT_FRAME
std::unique_ptr<design::RowSource> open_chimes(const ChimesFiles& files);

}  // namespace tallfit::io
