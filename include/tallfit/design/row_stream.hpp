/// Rows in blocks of bounded memory, the next block read while the present one is worked on.
#pragma once

#include <Eigen/Core>

#include <memory>
#include <vector>

#include "tallfit/design/row_source.hpp"

namespace tallfit::design {

using RowMajorMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// An entry that is NaN or infinite; column n_cols is the target, n_cols + 1 the row scale.
struct NonfiniteEntry {
  Index row = 0;
  Index column = 0;
};

/// Consecutive rows [begin, begin + size()).
struct RowBlock {
  Index begin = 0;
  RowLabels labels;
  const double* data = nullptr;  ///< of features()
  bool stays = false;            ///< the source has the features in memory: data outlives the stream
  Index n_cols = 0;
  std::vector<NonfiniteEntry> nonfinite;  ///< the first one of each row of scale > 0 that has any

  Index size() const { return labels.size(); }
  /// size() x n_cols, unweighted.
  Eigen::Map<const RowMajorMatrix> features() const { return {data, size(), n_cols}; }
};

/// Reads rows [begin, end) of a source in order.
///
/// One thread reads ahead into a second block, and looks for NaN there while the rows are in its cache, so
/// that a pass takes max(read, work) instead of their sum. The source is used by that thread alone until the
/// stream ends. Memory: 2 blocks. Where the source has the rows in memory there is neither thread nor copy.
/// Local.
class RowStream {
public:
  RowStream(RowSource& source, Index begin, Index end, Index block_rows);
  RowStream(const RowStream&) = delete;
  RowStream& operator=(const RowStream&) = delete;
  ~RowStream();

  /// @return the next block, valid until the next call, or nullptr after the last.
  /// @throws what the source threw.
  const RowBlock* next();

private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Rows of a block that holds about @p bytes of features (at least one row).
Index rows_in(Index bytes, Index n_cols);

}  // namespace tallfit::design
