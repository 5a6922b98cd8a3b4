#include "tallfit/design/row_source.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "tallfit/base/error.hpp"
#include "tallfit/base/memory.hpp"

namespace tallfit::design {

namespace {

constexpr Index piece_bytes = Index{1} << 20U;

/// Rows of which the features take about piece_bytes.
Index rows_of_piece(const DesignInfo& info) {
  return std::max<Index>(1, piece_bytes / (double_bytes * std::max<Index>(1, info.n_cols)));
}

}  // namespace

std::string_view to_string(RowType type) {
  static constexpr std::array<std::string_view, n_row_types> names = {"energy", "force", "stress", "other"};
  return names.at(static_cast<std::size_t>(type));
}

const double* RowSource::features_in_memory(Index, Index) const { return nullptr; }

Index RowSource::count_entries(Index, Index count) { return count * info().n_cols; }

void RowSource::read_sparse(Index begin, Index count, SparseRows& rows) {
  const Index n_cols = info().n_cols;
  require(n_cols <= std::numeric_limits<std::int32_t>::max(), ErrorKind::input,
          "{}: has {} columns; sparse rows count them in 32 bits", info().name, n_cols);
  rows.clear(n_cols);
  const Index step = std::min(count, rows_of_piece(info()));
  std::vector<double> features(static_cast<std::size_t>(step * n_cols));
  for (Index done = 0; done < count;) {
    const Index n = std::min(step, count - done);
    read_features(begin + done, n, features.data());
    const double* entry = features.data();
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < n_cols; ++j, ++entry)
        if (*entry != 0.0) rows.add(j, *entry);
      rows.end_row();
    }
    done += n;
  }
}

void scatter_sparse(RowSource& source, Index begin, Index count, SparseRows& buffer, double* features) {
  const Index step = rows_of_piece(source.info());
  for (Index done = 0; done < count; done += step) {
    source.read_sparse(begin + done, std::min(step, count - done), buffer);
    scatter(buffer, features + done * source.info().n_cols);
  }
}

Index rows_of_entries(RowSource& source, Index begin, Index end, Index n_entries) {
  Index count = end - begin;
  while (count > 1 && source.count_entries(begin, count) > n_entries) count = ceil_div(count, 2);
  return count;
}

void RowLabels::resize(Index n) {
  const auto size = static_cast<std::size_t>(n);
  type.resize(size);
  configuration.resize(size);
  group.resize(size);
  testing.resize(size);
  target.resize(size);
  scale.resize(size);
  ones.clear();
}

}  // namespace tallfit::design
