#include "tallfit/estimate/row_set.hpp"

#include <algorithm>
#include <cmath>

#include "tallfit/compress/row_feed.hpp"
#include "tallfit/design/row_filters.hpp"

namespace tallfit::estimate {

namespace {

constexpr Index labels_at_once = Index{1} << 16U;
constexpr Index entries_at_once = Index{1} << 18U;

/// How many rows and entries a set will have: nothing is allocated twice.
struct Size {
  Index rows = 0;
  Index entries = 0;
};

Size measure(design::RowSource& source, Index begin, Index end, bool sparse) {
  Size size;
  design::RowLabels labels;
  for (Index at = begin; at < end; at += labels_at_once) {
    const Index count = std::min(labels_at_once, end - at);
    source.read_labels(at, count, labels);
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
      size.rows += labels.is_training(i) ? 1 : 0;
    if (sparse) size.entries += source.count_entries(at, count);
  }
  return size;
}

void read_dense(design::RowSource& source, Index begin, Index end, bool ones_first, Index block_bytes,
                RowSet& set) {
  constexpr Index rows_at_once = 64;  // their numbers stay in the cache while they are transposed
  compress::RowFeed feed(source, begin, end, ones_first, block_bytes);
  std::vector<double> some;
  for (Index at = 0; at < set.target.size();) {
    feed.next(rows_at_once, some);
    const Index count = static_cast<Index>(some.size()) / (set.n_cols + 1);
    const Eigen::Map<const design::RowMajorMatrix> rows(some.data(), count, set.n_cols + 1);
    set.dense.middleRows(at, count) = rows.leftCols(set.n_cols);
    set.target.segment(at, count) = rows.col(set.n_cols);
    at += count;
  }
}

/// Values of a sparse row that are not finite, as a dense block tells of them.
void require_finite_entries(const design::SparseRows& rows, design::RowBlock& block,
                            const design::DesignInfo& info) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(rows.n_rows()); ++i) {
    if (block.labels.scale[i] == 0.0) continue;
    for (auto at = static_cast<std::size_t>(rows.begin[i]); at < static_cast<std::size_t>(rows.begin[i + 1]);
         ++at) {
      if (std::isfinite(rows.value[at])) continue;
      block.nonfinite = {{block.begin + static_cast<Index>(i), rows.column[at]}};
      design::require_finite(block, info);
    }
  }
}

void append_sparse(const design::SparseRows& rows, const design::RowLabels& labels, bool ones_first,
                   Index& next, RowSet& set) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(rows.n_rows()); ++i) {
    if (!labels.is_training(i)) continue;
    const double w = labels.scale[i];
    if (ones_first) {
      set.column.push_back(0);
      set.value.push_back(w * labels.one(i));
    }
    const std::int32_t shift = ones_first ? 1 : 0;
    for (auto at = static_cast<std::size_t>(rows.begin[i]); at < static_cast<std::size_t>(rows.begin[i + 1]);
         ++at) {
      set.column.push_back(rows.column[at] + shift);
      set.value.push_back(w * rows.value[at]);
    }
    set.begin.push_back(static_cast<Index>(set.value.size()));
    set.target(next++) = w * labels.target[i];
  }
}

void read_sparse(design::RowSource& source, Index begin, Index end, bool ones_first, RowSet& set) {
  design::SparseRows rows;
  design::RowBlock block;
  Index next = 0;
  for (Index at = begin; at < end;) {
    const Index count =
        design::rows_of_entries(source, at, std::min(end, at + labels_at_once), entries_at_once);
    block.begin = at;
    source.read_labels(at, count, block.labels);
    source.read_sparse(at, count, rows);
    require_finite_entries(rows, block, source.info());
    append_sparse(rows, block.labels, ones_first, next, set);
    at += count;
  }
}

}  // namespace

RowSet read_row_set(design::RowSource& source, Index begin, Index end, bool ones_first, Index block_bytes) {
  RowSet set;
  set.is_sparse = source.info().n_entries.has_value();
  set.n_cols = source.info().n_cols + (ones_first ? 1 : 0);
  const Size size = measure(source, begin, end, set.is_sparse);
  set.target.resize(size.rows);
  if (set.is_sparse) {
    const auto entries = static_cast<std::size_t>(size.entries + (ones_first ? size.rows : 0));
    set.begin.reserve(static_cast<std::size_t>(size.rows) + 1);
    set.column.reserve(entries);
    set.value.reserve(entries);
    read_sparse(source, begin, end, ones_first, set);
  } else {
    set.dense.resize(size.rows, set.n_cols);
    read_dense(source, begin, end, ones_first, block_bytes, set);
  }
  return set;
}

}  // namespace tallfit::estimate
