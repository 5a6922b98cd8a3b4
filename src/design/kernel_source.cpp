#include "tallfit/design/kernel_source.hpp"

#include <algorithm>
#include <cmath>

#include "tallfit/base/error.hpp"

namespace tallfit::design {

namespace {

/// Rows are solved for in panels that begin at multiples of this, so that a row's place in its panel, on
/// which the order of summation may depend, is always the same.
constexpr Index panel_rows = 64;

}  // namespace

KernelSource::KernelSource(RowSource& source, std::shared_ptr<const KernelBasis> basis)
    : source_(source),
      basis_(std::move(basis)),
      info_(source.info()),
      inverse_length_(basis_->kernel.length_scale.cwiseInverse()),
      descriptors_(info_.n_cols, panel_rows),
      panel_(basis_->size(), panel_rows) {
  require(info_.column_names == basis_->column_names, ErrorKind::input,
          "{} has {} columns ('{}', ...), but the kernel is one of {} ('{}', ...): give rows of the same "
          "descriptors",
          info_.name, info_.n_cols, info_.column_names.front(), basis_->column_names.size(),
          basis_->column_names.front());
  info_.n_cols = basis_->size() + 1;
  info_.column_names.clear();
  for (Index j = 0; j < basis_->size(); ++j) info_.column_names.push_back(fmt::format("kernel_{}", j));
  info_.column_names.emplace_back("outside");
  info_.snap.reset();
  info_.n_entries.reset();
}

void KernelSource::read_labels(Index begin, Index count, RowLabels& labels) {
  source_.read_labels(begin, count, labels);
}

void KernelSource::read_features(Index begin, Index count, double* features) {
  const Index size = basis_->size();
  for (Index row = begin; row < begin + count;) {
    const Index first = row % panel_rows;
    const Index some = std::min(panel_rows - first, begin + count - row);
    source_.read_features(row, some, descriptors_.col(first).data());
    panel_.setZero();
    for (Index i = first; i < first + some; ++i) {
      descriptors_.col(i).array() *= inverse_length_.array();
      kernel_values(basis_->kernel, basis_->points, descriptors_.col(i).data(), panel_.col(i));
    }
    basis_->factor.triangularView<Eigen::Lower>().solveInPlace(panel_);
    for (Index i = first; i < first + some; ++i, ++row) {
      double* const to = features + (row - begin) * (size + 1);
      double left = kernel_variance(basis_->kernel, descriptors_.col(i).data());
      for (Index j = 0; j < size; ++j) {
        to[j] = panel_(j, i);
        left -= to[j] * to[j];
      }
      to[size] = left > 0.0 ? std::sqrt(left) : (std::isnan(left) ? left : 0.0);
    }
  }
}

}  // namespace tallfit::design
