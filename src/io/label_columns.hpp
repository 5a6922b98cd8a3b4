/// The per-row datasets of a design file that is being written.
#pragma once

#include "hdf5.hpp"

#include "tallfit/design/row_source.hpp"

namespace tallfit::io {

/// What one row of labels takes in the file.
inline constexpr Index label_bytes_per_row = 8 + 8 + 1 + 8 + 4 + 1;

/// target, weight, row_type, configuration, group and testing, stored contiguously.
class LabelColumns {
public:
  /// @collective for shared files
  LabelColumns(hdf5::File& file, Index n_rows);
  /// Writes the labels of rows [begin, begin + labels.size()) with independent transfers. Local.
  void write(Index begin, const design::RowLabels& labels);
  /// @collective for shared files
  void close();

private:
  hdf5::Dataset target_;
  hdf5::Dataset weight_;
  hdf5::Dataset row_type_;
  hdf5::Dataset configuration_;
  hdf5::Dataset group_;
  hdf5::Dataset testing_;
};

}  // namespace tallfit::io
