/// Rows in memory as a row source.
#pragma once

#include <Eigen/Core>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "tallfit/base/random.hpp"
#include "tallfit/design/row_source.hpp"

namespace tallfit::test {

/// A design in memory. Labels that are left empty have defaults: one group, type force, a configuration of
/// its own for each row, nothing for testing, w = 1.
struct Rows {
  Eigen::MatrixXd a;
  Eigen::VectorXd b;
  Eigen::VectorXd w;
  std::vector<int> group;
  std::vector<design::RowType> type;
  std::vector<std::uint64_t> configuration;
  std::vector<std::uint8_t> testing;
  int n_groups = 1;

  Index size() const { return a.rows(); }

  /// w [A b], stacked: what oracles solve.
  Eigen::MatrixXd weighted_a() const { return w.size() > 0 ? Eigen::MatrixXd(w.asDiagonal() * a) : a; }
  Eigen::VectorXd weighted_b() const { return w.size() > 0 ? Eigen::VectorXd(w.cwiseProduct(b)) : b; }

  /// The rows of a list, in its order. Labels go along.
  Rows picked(const std::vector<Index>& rows) const {
    Rows result;
    result.n_groups = n_groups;
    const auto n = static_cast<Index>(rows.size());
    result.a.resize(n, a.cols());
    result.b.resize(n);
    if (w.size() > 0) result.w.resize(n);
    for (Index i = 0; i < n; ++i) {
      const Index from = rows[static_cast<std::size_t>(i)];
      const auto at = static_cast<std::size_t>(from);
      result.a.row(i) = a.row(from);
      result.b(i) = b(from);
      if (w.size() > 0) result.w(i) = w(from);
      if (!group.empty()) result.group.push_back(group[at]);
      if (!type.empty()) result.type.push_back(type[at]);
      if (!configuration.empty()) result.configuration.push_back(configuration[at]);
      if (!testing.empty()) result.testing.push_back(testing[at]);
    }
    return result;
  }
};

/// The rows of a design in memory; the design must outlive it.
class MemorySource final : public design::RowSource {
public:
  explicit MemorySource(const Rows& rows) : rows_(rows) {
    info_.name = "rows in memory";
    info_.n_rows = rows.a.rows();
    info_.n_cols = rows.a.cols();
    info_.bytes_per_row = rows.a.cols() * static_cast<Index>(sizeof(double));
    for (int g = 0; g < rows.n_groups; ++g) info_.group_names.push_back(fmt::format("group_{}", g));
    for (Index j = 0; j < rows.a.cols(); ++j) info_.column_names.push_back(fmt::format("x{}", j));
  }

  const design::DesignInfo& info() const override { return info_; }

  void read_labels(Index begin, Index count, design::RowLabels& labels) override {
    labels.resize(count);
    for (Index i = 0; i < count; ++i) {
      const auto from = static_cast<std::size_t>(begin + i);
      const auto to = static_cast<std::size_t>(i);
      labels.type[to] = rows_.type.empty() ? design::RowType::force : rows_.type[from];
      labels.configuration[to] = rows_.configuration.empty() ? from : rows_.configuration[from];
      labels.group[to] = rows_.group.empty() ? 0U : static_cast<std::uint32_t>(rows_.group[from]);
      labels.testing[to] = rows_.testing.empty() ? std::uint8_t{0} : rows_.testing[from];
      labels.target[to] = rows_.b(begin + i);
      labels.scale[to] = rows_.w.size() == 0 ? 1.0 : rows_.w(begin + i);
    }
  }

  void read_features(Index begin, Index count, double* features) override {
    Eigen::Map<Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
        features, count, rows_.a.cols()) = rows_.a.middleRows(begin, count);
  }

private:
  const Rows& rows_;
  design::DesignInfo info_;
};

/// All rows of a source.
inline Rows read_all(design::RowSource& source) {
  const design::DesignInfo& info = source.info();
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> features(info.n_rows, info.n_cols);
  source.read_features(0, info.n_rows, features.data());
  design::RowLabels labels;
  source.read_labels(0, info.n_rows, labels);
  Rows rows;
  rows.a = features;
  rows.b = Eigen::Map<const Eigen::VectorXd>(labels.target.data(), info.n_rows);
  rows.w = Eigen::Map<const Eigen::VectorXd>(labels.scale.data(), info.n_rows);
  rows.type = labels.type;
  rows.configuration = labels.configuration;
  rows.testing = labels.testing;
  for (const std::uint32_t g : labels.group) rows.group.push_back(static_cast<int>(g));
  rows.n_groups = static_cast<int>(info.group_names.size());
  return rows;
}

/// Uniform in (-1, 1): word `part` of item `item` of a stream.
inline double random_entry(std::uint64_t seed, Index item, Index part) {
  return 2.0 * random_uniform({.seed = seed, .purpose = 17}, static_cast<std::uint64_t>(item),
                              static_cast<std::uint64_t>(part)) -
         1.0;
}

/// A random order of n things (Fisher and Yates).
inline std::vector<Index> random_order(Index n, std::uint64_t seed) {
  std::vector<Index> order(static_cast<std::size_t>(n));
  for (Index i = 0; i < n; ++i) order[static_cast<std::size_t>(i)] = i;
  for (Index i = n - 1; i > 0; --i) {
    const double u = 0.5 * (random_entry(seed, i, 1) + 1.0);
    const auto j = std::min(i, static_cast<Index>(u * static_cast<double>(i + 1)));
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(j)]);
  }
  return order;
}

}  // namespace tallfit::test
