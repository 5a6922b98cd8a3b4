#include "tallfit/compress/row_feed.hpp"

#include "tallfit/design/row_filters.hpp"

namespace tallfit::compress {

RowFeed::RowFeed(design::RowSource& source, Index begin, Index end, bool ones_first, Index block_bytes)
    : source_(source),
      ones_first_(ones_first),
      stream_(source, begin, end, design::rows_in(block_bytes, source.info().n_cols)) {}

void RowFeed::next(Index most, std::vector<double>& rows) {
  rows.clear();
  for (Index count = 0; count < most && advance(); ++count, ++at_) append_row(rows);
}

/// Goes to the next training row, if there is one.
bool RowFeed::advance() {
  for (;; ++at_) {
    if (block_ == nullptr || at_ == block_->size()) {
      block_ = stream_.next();
      at_ = 0;
      if (block_ == nullptr) return false;
      design::require_finite(*block_, source_.info());
    }
    const auto row = static_cast<std::size_t>(at_);
    if (block_->labels.scale[row] > 0.0 && block_->labels.testing[row] == 0) return true;
  }
}

void RowFeed::append_row(std::vector<double>& rows) {
  const auto row = static_cast<std::size_t>(at_);
  const double w = block_->labels.scale[row];
  const double one = w * block_->labels.one(row);
  sum_of_weights_ += one * one;
  const double* a = block_->data + at_ * block_->n_cols;
  if (ones_first_) rows.push_back(one);
  for (Index j = 0; j < block_->n_cols; ++j) rows.push_back(w * a[j]);
  rows.push_back(w * block_->labels.target[row]);
}

Index count_training_rows(const RowLayout& layout) {
  Index rows = 0;
  for (const LeafCell& cell : layout.leaf_cells)
    if (!cell.key.is_test()) rows += cell.sums.count;
  return rows;
}

}  // namespace tallfit::compress
