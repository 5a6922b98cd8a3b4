/// A design in memory, made row by row by a test.
#pragma once

#include <Eigen/Core>
#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <string>

#include "tallfit/design/row_stream.hpp"

namespace tallfit::support {

class TableSource : public design::RowSource {
public:
  TableSource(Index n_rows, Index n_cols, Index n_groups) : features(n_rows, n_cols) {
    design_info.name = "table";
    design_info.n_rows = n_rows;
    design_info.n_cols = n_cols;
    design_info.bytes_per_row = n_cols * static_cast<Index>(sizeof(double));
    for (Index g = 0; g < n_groups; ++g) design_info.group_names.push_back(fmt::format("g{}", g));
    for (Index j = 0; j < n_cols; ++j) design_info.column_names.push_back(fmt::format("x{}", j));
    labels.resize(n_rows);
  }

  const design::DesignInfo& info() const override { return design_info; }

  void read_labels(Index begin, Index count, design::RowLabels& to) override {
    const auto slice = [&](const auto& from, auto& part) {
      part.assign(from.begin() + begin, from.begin() + begin + count);
    };
    slice(labels.type, to.type);
    slice(labels.configuration, to.configuration);
    slice(labels.group, to.group);
    slice(labels.testing, to.testing);
    slice(labels.target, to.target);
    slice(labels.scale, to.scale);
    to.ones.clear();
    if (!labels.ones.empty()) slice(labels.ones, to.ones);
  }

  void read_features(Index begin, Index count, double* to) override {
    ++feature_reads;
    std::copy_n(features.data() + begin * features.cols(), count * features.cols(), to);
  }

  /// w [a 1 b] of a row, or w [a ones b].
  Eigen::RowVectorXd augmented(Index row) const {
    Eigen::RowVectorXd all(features.cols() + 2);
    all << features.row(row), labels.one(static_cast<std::size_t>(row)),
        labels.target[static_cast<std::size_t>(row)];
    return all * labels.scale[static_cast<std::size_t>(row)];
  }

  design::DesignInfo design_info;
  design::RowLabels labels;
  design::RowMajorMatrix features;
  int feature_reads = 0;
};

/// Random rows in configurations of 1 to 13 rows, the first an energy, the others forces, the last of long
/// ones a stress; configurations take turns in the groups; scale 1. The generator is not the product's.
inline void fill_randomly(TableSource& table, unsigned seed, Index longest_configuration = 13) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> normal;
  const Index n_rows = table.features.rows();
  const auto n_groups = static_cast<Index>(table.design_info.group_names.size());
  std::uint64_t id = 100;
  for (Index row = 0; row < n_rows; ++id) {
    const Index length =
        std::min(1 + static_cast<Index>(generator() % static_cast<std::uint64_t>(longest_configuration)),
                 n_rows - row);
    for (Index i = 0; i < length; ++i, ++row) {
      const auto at = static_cast<std::size_t>(row);
      table.labels.type[at] = i == 0                     ? design::RowType::energy
                              : i > 8 && i == length - 1 ? design::RowType::stress
                                                         : design::RowType::force;
      table.labels.configuration[at] = id;
      table.labels.group[at] = static_cast<std::uint32_t>(id % static_cast<std::uint64_t>(n_groups));
      table.labels.testing[at] = 0;
      table.labels.scale[at] = 1.0;
      for (Index j = 0; j < table.features.cols(); ++j) table.features(row, j) = normal(generator);
      table.labels.target[at] = normal(generator);
    }
  }
}

}  // namespace tallfit::support
