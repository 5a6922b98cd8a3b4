#include "bench_rows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tallfit/base/memory.hpp"
#include "tallfit/base/random.hpp"

namespace tallfit::app {

namespace {

constexpr Index rows_per_configuration = 13;

}  // namespace

BenchRows::BenchRows(Index n_rows, Index n_cols, Index n_groups, Index most_in_a_row)
    : n_groups_(n_groups),
      period_(std::min(n_rows, 2 * n_cols + 1000)),
      base_(period_ + most_in_a_row, n_cols) {
  for (Index i = 0; i < base_.size(); ++i) {
    base_.data()[i] =
        random_uniform({.seed = 1, .purpose = 0xBE}, static_cast<std::uint64_t>(i % (period_ * n_cols)), 0) -
        0.5;
  }
  info_.name = "bench";
  info_.n_rows = n_rows;
  info_.n_cols = n_cols;
  info_.bytes_per_row = n_cols * double_bytes;
  for (Index g = 0; g < n_groups; ++g) info_.group_names.push_back(fmt::format("group_{}", g));
  for (Index j = 0; j < n_cols; ++j) info_.column_names.push_back(fmt::format("x{}", j));
}

void BenchRows::read_labels(Index begin, Index count, design::RowLabels& labels) {
  labels.resize(count);
  for (Index i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const Index configuration = (begin + i) / rows_per_configuration;
    labels.type[at] = design::RowType::force;
    labels.configuration[at] = static_cast<std::uint64_t>(configuration);
    labels.group[at] = static_cast<std::uint32_t>(configuration % n_groups_);
    labels.testing[at] = 0;
    labels.target[at] = static_cast<double>((begin + i) % 7);
    labels.scale[at] = 1.0;
  }
}

void BenchRows::read_features(Index begin, Index count, double* features) {
  for (Index done = 0; done < count;) {
    const Index from = (begin + done) % period_;
    const Index n = std::min(count - done, base_.rows() - from);
    std::copy_n(base_.row(from).data(), n * base_.cols(), features + done * base_.cols());
    done += n;
  }
}

const double* BenchRows::features_in_memory(Index begin, Index count) const {
  const Index from = begin % period_;
  return from + count <= base_.rows() ? base_.row(from).data() : nullptr;
}

BenchRows bench_rows(Index n_rows, Index n_cols, Index n_groups) {
  return {n_rows, n_cols, n_groups, design::rows_in(bench_block_bytes, n_cols)};
}

double fold_flops(Index rows, Index columns) {
  const auto k = static_cast<double>(columns + 2);
  return 2.0 * static_cast<double>(rows) * k * k;
}

}  // namespace tallfit::app
