#include "tallfit/compress/row_feed.hpp"

#include "tallfit/design/row_filters.hpp"

namespace tallfit::compress {

RowFeed::RowFeed(design::RowSource& source, const RowLayout& layout, bool ones_first, Index block_bytes)
    : source_(source),
      ones_first_(ones_first),
      stream_(source, layout.my_begin(), layout.my_end(), design::rows_in(block_bytes, layout.n_cols)) {}

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

void RowFeed::append_row(std::vector<double>& rows) const {
  const auto row = static_cast<std::size_t>(at_);
  const double w = block_->labels.scale[row];
  const double* a = block_->data + at_ * block_->n_cols;
  if (ones_first_) rows.push_back(w);
  for (Index j = 0; j < block_->n_cols; ++j) rows.push_back(w * a[j]);
  rows.push_back(w * block_->labels.target[row]);
}

std::vector<Index> training_rows(const RowLayout& layout, int n_ranks) {
  std::vector<Index> rows(static_cast<std::size_t>(n_ranks), 0);
  std::vector<std::size_t> owner;
  for (int rank = 0; rank < n_ranks; ++rank) {
    const Index end = first_leaf_of(rank + 1, n_ranks, layout.n_leaves());
    owner.resize(static_cast<std::size_t>(end), static_cast<std::size_t>(rank));
  }
  for (const LeafCell& cell : layout.leaf_cells) {
    if (!cell.key.is_test()) rows[owner[static_cast<std::size_t>(cell.leaf)]] += cell.sums.count;
  }
  return rows;
}

}  // namespace tallfit::compress
