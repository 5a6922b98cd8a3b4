#include "tallfit/design/row_filters.hpp"

#include <algorithm>
#include <cmath>

#include "tallfit/base/error.hpp"
#include "tallfit/design/row_stream.hpp"

namespace tallfit::design {

namespace {

constexpr Index scan_block_bytes = Index{8} << 20U;

}  // namespace

std::vector<NonfiniteEntry> find_nonfinite(RowSource& source, Index begin, Index end) {
  std::vector<NonfiniteEntry> found;
  RowStream stream(source, begin, end, rows_in(scan_block_bytes, source.info().n_cols));
  while (const RowBlock* block = stream.next()) {
    found.insert(found.end(), block->nonfinite.begin(), block->nonfinite.end());
  }
  return found;
}

std::string describe(const NonfiniteEntry& entry, const RowBlock& block, const DesignInfo& info) {
  const auto at = static_cast<std::size_t>(entry.row - block.begin);
  std::string what = "the row's weight";
  if (entry.column == info.n_cols) what = "the target";
  if (entry.column < info.n_cols) {
    what = fmt::format("column {} ('{}')", entry.column,
                       info.column_names[static_cast<std::size_t>(entry.column)]);
  }
  return fmt::format("{}: row {} (configuration {}, group '{}'): {} is not finite", info.name, entry.row,
                     block.labels.configuration[at], info.group_names[block.labels.group[at]], what);
}

std::string describe(const NonfiniteEntry& entry, RowSource& source) {
  RowBlock block;
  block.begin = entry.row;
  source.read_labels(entry.row, 1, block.labels);
  return describe(entry, block, source.info());
}

void require_finite(const RowBlock& block, const DesignInfo& info) {
  if (block.nonfinite.empty()) return;
  fail(ErrorKind::input, "{}. Correct the row, give it weight 0, or set data.nonfinite = \"drop\"",
       describe(block.nonfinite.front(), block, info));
}

void WeightedSource::read_labels(Index begin, Index count, RowLabels& labels) {
  source_.read_labels(begin, count, labels);
  for (std::size_t i = 0; i < labels.scale.size(); ++i) {
    labels.scale[i] *= factors_[labels.group[i]][static_cast<std::size_t>(labels.type[i])];
  }
}

void WeightedSource::read_features(Index begin, Index count, double* features) {
  source_.read_features(begin, count, features);
}

void WeightedSource::read_sparse(Index begin, Index count, SparseRows& rows) {
  source_.read_sparse(begin, count, rows);
}

void SigmaSource::read_labels(Index begin, Index count, RowLabels& labels) {
  source_.read_labels(begin, count, labels);
  std::vector<double> sigma(static_cast<std::size_t>(count));
  sigma_(begin, count, sigma.data());
  for (std::size_t i = 0; i < sigma.size(); ++i) {
    if (labels.scale[i] == 0.0) continue;
    require(
        sigma[i] > 0.0 && std::isfinite(sigma[i]), ErrorKind::input,
        "noise.sigma of row {} is {}: standard deviations are finite and > 0. Give rows that are not to be "
        "fitted weight 0",
        begin + static_cast<Index>(i), sigma[i]);
    labels.scale[i] /= sigma[i];
  }
}

void SigmaSource::read_features(Index begin, Index count, double* features) {
  source_.read_features(begin, count, features);
}

void SigmaSource::read_sparse(Index begin, Index count, SparseRows& rows) {
  source_.read_sparse(begin, count, rows);
}

namespace {

template <class Work>
void for_each_masked(const std::vector<Index>& masked, Index begin, Index count, const Work& work) {
  for (auto row = std::lower_bound(masked.begin(), masked.end(), begin);
       row != masked.end() && *row < begin + count; ++row) {
    work(*row - begin);
  }
}

}  // namespace

void MaskedSource::read_labels(Index begin, Index count, RowLabels& labels) {
  source_.read_labels(begin, count, labels);
  for_each_masked(masked_, begin, count, [&](Index i) {
    labels.scale[static_cast<std::size_t>(i)] = 0.0;
    labels.target[static_cast<std::size_t>(i)] = 0.0;
  });
}

void MaskedSource::read_features(Index begin, Index count, double* features) {
  source_.read_features(begin, count, features);
  const Index n_cols = info().n_cols;
  for_each_masked(masked_, begin, count, [&](Index i) { std::fill_n(features + i * n_cols, n_cols, 0.0); });
}

void MaskedSource::read_sparse(Index begin, Index count, SparseRows& rows) {
  source_.read_sparse(begin, count, rows);
  for_each_masked(masked_, begin, count, [&](Index i) {
    const auto row = static_cast<std::size_t>(i);
    std::fill(rows.value.begin() + rows.begin[row], rows.value.begin() + rows.begin[row + 1], 0.0);
  });
}

KeptSource::KeptSource(RowSource& source, Index begin, Index end)
    : source_(source),
      begin_(begin),
      end_(end),
      known_(begin),
      kept_(std::make_unique_for_overwrite<double[]>(
          static_cast<std::size_t>((end - begin) * source.info().n_cols))) {}

void KeptSource::read_labels(Index begin, Index count, RowLabels& labels) {
  source_.read_labels(begin, count, labels);
}

void KeptSource::read_features(Index begin, Index count, double* features) {
  const Index n_cols = info().n_cols;
  if (const double* kept = features_in_memory(begin, count)) {
    std::copy_n(kept, count * n_cols, features);
    return;
  }
  source_.read_features(begin, count, features);
  if (begin == known_ && begin + count <= end_) {
    std::copy_n(features, count * n_cols, kept_.get() + (begin - begin_) * n_cols);
    known_ += count;
  }
}

void KeptSource::read_sparse(Index begin, Index count, SparseRows& rows) {
  // What is kept is dense: a sparse source gives its entries sooner than they are found there.
  if (!info().n_entries && features_in_memory(begin, count) != nullptr)
    RowSource::read_sparse(begin, count, rows);
  else
    source_.read_sparse(begin, count, rows);
}

const double* KeptSource::features_in_memory(Index begin, Index count) const {
  if (begin < begin_ || begin + count > known_) return nullptr;
  return kept_.get() + (begin - begin_) * source_.info().n_cols;
}

}  // namespace tallfit::design
