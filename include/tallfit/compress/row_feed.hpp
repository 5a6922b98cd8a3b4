/// Training rows of a rank, a few at a time, for work that all ranks do together.
#pragma once

#include <vector>

#include "tallfit/compress/row_layout.hpp"
#include "tallfit/design/row_stream.hpp"

namespace tallfit::compress {

/// Rows of w > 0 of a range that are not for testing, weighted, in order: w [a b], or w [1 a b] with an
/// intercept.
///
/// A row pass shows its visitors whole blocks, of which ranks have different numbers; here ranks in step ask
/// each for as many rows as the next exchange takes.
class RowFeed {
public:
  RowFeed(design::RowSource& source, Index begin, Index end, bool ones_first, Index block_bytes);

  Index n_cols() const { return (ones_first_ ? 1 : 0) + source_.info().n_cols + 1; }

  /// Puts the next rows, row-major, at most @p most of them, in the place of what @p rows held; none after
  /// the last. Local. @throws Error{input} naming row and column of a value that is not finite.
  void next(Index most, std::vector<double>& rows);
  /// Σ w² of the rows so far; of w times their ones where these are not 1.
  double sum_of_weights() const { return sum_of_weights_; }

private:
  bool advance();
  void append_row(std::vector<double>& rows);

  design::RowSource& source_;
  bool ones_first_;
  design::RowStream stream_;
  const design::RowBlock* block_ = nullptr;
  Index at_ = 0;  ///< next row of the block
  double sum_of_weights_ = 0.0;
};

/// How many rows have w > 0 and are not for testing.
Index count_training_rows(const RowLayout& layout);

}  // namespace tallfit::compress
