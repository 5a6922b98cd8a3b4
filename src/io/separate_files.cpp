#include "tallfit/io/separate_files.hpp"

#include <utility>

#include "composite_source.hpp"

#include "tallfit/base/error.hpp"

namespace tallfit::io {

std::unique_ptr<design::RowSource> open_separate_files(const SeparateFiles& files) {
  require(!files.features.empty(), ErrorKind::input, "no file of features is given; set 'features'");
  require(!files.target.empty(), ErrorKind::input, "{}: no file of targets is given; set 'target'",
          files.features);
  CompositeParts parts;
  parts.features = open_matrix(files.features);
  parts.target = open_vector(files.target, *parts.features);
  if (!files.weight.empty()) parts.weight = open_vector(files.weight, *parts.features);
  parts.labeler = files.labels.empty()
                      ? make_plain_labeler()
                      : read_fitsnap_labels(files.labels, files.row_types, parts.features->n_rows());
  parts.column_names = files.column_names;
  parts.snap = files.snap;
  return make_composite_source(std::move(parts));
}

}  // namespace tallfit::io
