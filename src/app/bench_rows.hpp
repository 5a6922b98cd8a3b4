/// Rows for measurements: made once, given as often as wanted.
#pragma once

#include <vector>

#include "tallfit/design/row_stream.hpp"

namespace tallfit::app {

/// N rows that repeat a block of random ones and lie in memory where no more than `most_in_a_row` are wanted.
/// Configurations of 13 rows take turns in `n_groups` groups.
class BenchRows final : public design::RowSource {
public:
  BenchRows(Index n_rows, Index n_cols, Index n_groups, Index most_in_a_row);

  const design::DesignInfo& info() const override { return info_; }
  void read_labels(Index begin, Index count, design::RowLabels& labels) override;
  void read_features(Index begin, Index count, double* features) override;
  const double* features_in_memory(Index begin, Index count) const override;

private:
  design::DesignInfo info_;
  Index n_groups_;
  Index period_;
  design::RowMajorMatrix base_;  ///< one period and the begin of the next
};

inline constexpr Index bench_block_bytes = Index{2} << 20U;

/// Rows in memory, a block of them always in one piece.
BenchRows bench_rows(Index n_rows, Index n_cols, Index n_groups);

/// Of one pass over the rows: 2 N (K + 2)².
double fold_flops(Index rows, Index columns);

}  // namespace tallfit::app
