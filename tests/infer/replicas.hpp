/// Tables to draw replicas from, and what a replica is by another way than the program's.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "support/oracle.hpp"
#include "support/table_source.hpp"

#include "tallfit/infer/resampling.hpp"

namespace tallfit::test {

using support::TableSource;

/// A table of some configurations with test rows and rows of weight 0 among them.
struct SomeTable : TableSource {
  SomeTable(Index n_rows, Index n_cols, unsigned seed) : TableSource(n_rows, n_cols, 3) {
    support::fill_randomly(*this, seed);
    for (Index i = 0; i < n_rows; ++i) change(static_cast<std::size_t>(i));
  }

private:
  void change(std::size_t i) {
    const auto row = static_cast<Index>(i);
    labels.scale[i] = labels.configuration[i] % 11 == 5 ? 0.0 : 0.5 + 0.1 * static_cast<double>(i % 7);
    labels.testing[i] = labels.configuration[i] % 13 == 4 ? 1 : 0;
    features(row, 0) *= 1e3;
    features(row, 1) += features(row, 0);
  }
};

/// The unit of every row, -1 where it is not fitted: counted here by another way than the program's.
inline std::vector<Index> units_of(const TableSource& table, infer::Unit unit) {
  std::vector<Index> units;
  std::map<std::uint64_t, Index> seen;
  Index n_rows = 0;
  for (std::size_t i = 0; i < table.labels.target.size(); ++i) {
    if (table.labels.scale[i] == 0.0 || table.labels.testing[i] == 1) {
      units.push_back(-1);
      continue;
    }
    const auto next = static_cast<Index>(seen.size());
    units.push_back(unit == infer::Unit::row ? n_rows
                    : unit == infer::Unit::group
                        ? static_cast<Index>(table.labels.group[i])
                        : seen.try_emplace(table.labels.configuration[i], next).first->second);
    ++n_rows;
  }
  return units;
}

/// Rows times the root of their weights in a replica.
struct WeightedRows {
  support::LongMatrix a;  ///< with a column of the intercept, where there is one
  support::LongVector b;
};

inline WeightedRows weighted_rows(const TableSource& table, const std::vector<Index>& units,
                                  const Eigen::VectorXf& weights, bool intercept) {
  const Index k = table.info().n_cols;
  WeightedRows rows{.a = support::LongMatrix::Zero(table.info().n_rows, k + (intercept ? 1 : 0)),
                    .b = support::LongVector::Zero(table.info().n_rows)};
  for (Index i = 0; i < rows.a.rows(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (units[at] < 0) continue;
    const long double w = std::sqrt(static_cast<long double>(weights(units[at]))) * table.labels.scale[at];
    for (Index j = 0; j < k; ++j) rows.a(i, j) = w * table.features(i, j);
    if (intercept) rows.a(i, k) = w;
    rows.b(i) = w * table.labels.target[at];
  }
  return rows;
}

/// Their fit, by QR in extended precision: θ, and the intercept or 0.
inline Eigen::VectorXd fit_of_weighted(const TableSource& table, const std::vector<Index>& units,
                                       const Eigen::VectorXf& weights, bool intercept) {
  const WeightedRows rows = weighted_rows(table, units, weights, intercept);
  Eigen::VectorXd model = Eigen::VectorXd::Zero(table.info().n_cols + 1);
  model.head(rows.a.cols()) = support::least_squares(rows.a, rows.b).cast<double>();
  return model;
}

/// How many units there are.
inline infer::UnitRange all_units(const std::vector<Index>& units) {
  const Index n = *std::max_element(units.begin(), units.end()) + 1;
  return {.first = 0, .count = n, .total = n};
}

}  // namespace tallfit::test
