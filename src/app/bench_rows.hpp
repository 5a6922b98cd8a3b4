/// Rows for measurements: made once, given as often as wanted.
#pragma once

#include <vector>

#include "tallfit/design/row_stream.hpp"

namespace tallfit::app {

/// N rows that repeat a block of random ones, so that reading them costs a copy from memory and no more.
/// Configurations of 13 rows take turns in `n_groups` groups.
class BenchRows final : public design::RowSource {
public:
  BenchRows(Index n_rows, Index n_cols, Index n_groups);

  const design::DesignInfo& info() const override { return info_; }
  void read_labels(Index begin, Index count, design::RowLabels& labels) override;
  void read_features(Index begin, Index count, double* features) override;

  /// The rows that repeat.
  const design::RowMajorMatrix& base() const { return base_; }

private:
  design::DesignInfo info_;
  Index n_groups_;
  design::RowMajorMatrix base_;
};

}  // namespace tallfit::app
