/// A row source made of matrices and a labeler.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "row_labeler.hpp"

#include "tallfit/io/matrix_reader.hpp"

namespace tallfit::io {

/// The parts of a composite source.
struct CompositeParts {
  std::unique_ptr<MatrixReader> features;
  std::unique_ptr<MatrixReader> target;
  std::unique_ptr<MatrixReader> weight;  ///< may be null
  std::unique_ptr<RowLabeler> labeler;
  std::vector<std::string> column_names;  ///< may be empty
  std::optional<design::SnapMetadata> snap;
};

/// Opens @p path as a vector. @throws Error{input} unless it has one column and as many rows as @p features.
std::unique_ptr<MatrixReader> open_vector(const std::string& path, const MatrixReader& features);

/// @throws Error{input} when there is no row or column, or the names do not fit the columns. Local.
std::unique_ptr<design::RowSource> make_composite_source(CompositeParts parts);

}  // namespace tallfit::io
