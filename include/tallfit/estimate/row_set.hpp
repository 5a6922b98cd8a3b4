/// The training rows of a rank in memory, weighted, for solvers that go over them again and again.
#pragma once

#include <Eigen/Core>

#include <cstdint>
#include <vector>

#include "tallfit/design/row_source.hpp"

namespace tallfit::estimate {

/// w [1 a] and w b of some rows of w > 0 that are not for testing; the ones only with an intercept.
struct RowSet {
  Index n_cols = 0;
  bool is_sparse = false;
  Eigen::MatrixXd dense;        ///< rows x n_cols
  std::vector<Index> begin{0};  ///< of a sparse set: compressed rows
  std::vector<std::int32_t> column;
  std::vector<double> value;
  Eigen::VectorXd target;
};

/// Reads rows [begin, end) of a source; sparse where the source is. Local.
/// @throws Error{input} naming row and column of a value that is not finite.
RowSet read_row_set(design::RowSource& source, Index begin, Index end, bool ones_first, Index block_bytes);

}  // namespace tallfit::estimate
