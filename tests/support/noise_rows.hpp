/// Rows with everything in them that sequences of correlated errors must tell apart.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "support/memory_source.hpp"

#include "tallfit/design/row_stream.hpp"
#include "tallfit/design/whitened_source.hpp"

namespace tallfit::test {

/// Rows of configurations of up to seven rows of three types in no order, in runs of two groups; weights
/// between 0.1 and 10, some 0, and configurations for testing.
inline Rows labelled_rows(Index n) {
  Rows rows;
  rows.n_groups = 2;
  rows.a = Eigen::MatrixXd::NullaryExpr(n, 3, [](Index i, Index j) { return random_entry(5, i, j); });
  rows.b = Eigen::VectorXd::NullaryExpr(n, [](Index i) { return random_entry(5, i, 3); });
  rows.w = Eigen::VectorXd::NullaryExpr(n, [](Index i) { return std::pow(10.0, random_entry(5, i, 4)); });
  std::uint64_t configuration = 0;
  for (Index i = 0; i < n; ++configuration) {
    const auto length = static_cast<Index>(4.0 + 3.0 * random_entry(6, i, 0));
    for (Index k = 0; k < length && i < n; ++k, ++i) {
      rows.configuration.push_back(configuration * 3 + 1);
      rows.group.push_back(configuration / 9 % 2 == 0 ? 0 : 1);
      rows.testing.push_back(configuration % 7 == 3 ? 1 : 0);
      rows.type.push_back(static_cast<design::RowType>(static_cast<int>(1.5 + 1.5 * random_entry(6, i, 1))));
      if (i % 11 == 4) rows.w(i) = 0.0;
    }
  }
  return rows;
}

/// Increasing, in irregular steps; rows of a configuration have times of their own.
inline std::vector<double> irregular_times(Index n) {
  std::vector<double> times;
  double t = -3.0;
  for (Index i = 0; i < n; ++i) times.push_back(t += 0.6 + 0.5 * random_entry(8, i, 0));
  return times;
}

/// Positive definite blocks for the configurations, a row of eight numbers for each row.
inline std::vector<double> random_blocks(const Rows& rows) {
  constexpr Index width = 8;
  std::vector<double> table;
  for (Index i = 0; i < rows.size(); ++i) {
    const std::uint64_t id = rows.configuration[static_cast<std::size_t>(i)];
    const Eigen::MatrixXd b = Eigen::MatrixXd::NullaryExpr(
        width, width, [id](Index r, Index c) { return random_entry(100 + id, r, c); });
    const Eigen::MatrixXd block = b * b.transpose() + 0.5 * Eigen::MatrixXd::Identity(width, width);
    Index start = i;
    while (start > 0 && rows.configuration[static_cast<std::size_t>(start - 1)] == id) --start;
    for (Index j = 0; j < width; ++j) table.push_back(block(i - start, j));
  }
  return table;
}

inline design::NoiseTable numbers_of(const std::vector<double>& table, Index n_rows) {
  const Index width = std::max<Index>(1, static_cast<Index>(table.size()) / n_rows);
  return {
      .read = [&table, width](Index begin, Index count,
                              double* to) { std::copy_n(table.data() + begin * width, count * width, to); },
      .width = width};
}

/// Rows [begin, begin + count) as w [a ones b].
inline Eigen::MatrixXd read_weighted(design::RowSource& source, Index begin, Index count) {
  design::RowLabels labels;
  source.read_labels(begin, count, labels);
  design::RowMajorMatrix features(count, source.info().n_cols);
  source.read_features(begin, count, features.data());
  Eigen::MatrixXd all(count, features.cols() + 2);
  for (Index i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    all.row(i) << features.row(i), labels.one(at), labels.target[at];
    all.row(i) *= labels.scale[at];
  }
  return all;
}

}  // namespace tallfit::test
