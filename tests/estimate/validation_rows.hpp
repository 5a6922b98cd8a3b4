/// Rows to cross-validate, and what their held-out errors must be: refits in extended precision.
#pragma once

#include <cmath>
#include <cstring>
#include <map>
#include <utility>

#include "support/contract.hpp"
#include "support/oracle.hpp"

#include "tallfit/design/folds.hpp"
#include "tallfit/estimate/cross_validation.hpp"

namespace tallfit::test {

/// Three groups, two row types, tests among them, some rows without weight: all that may be forgotten.
inline Rows validation_rows() {
  Rows rows = contract_rows(0.3);
  for (Index i = 0; i < rows.size(); ++i) {
    rows.testing.push_back(i / 4 % 7 == 0 ? 1 : 0);
    if (i % 97 == 0) rows.w(i) = 0.0;
  }
  return rows;
}

inline Rows reweighted(const Rows& rows, const design::GroupMultipliers& multipliers) {
  Rows weighted = rows;
  for (Index i = 0; i < rows.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    weighted.w(i) *=
        multipliers[static_cast<std::size_t>(rows.group[at])][static_cast<std::size_t>(rows.type[at])];
  }
  return weighted;
}

/// The fold of each row, -1 for test rows: ordinals count the training configurations of a group.
inline std::vector<int> folds_of(const Rows& rows, int n_folds) {
  std::vector<Index> ordinals(static_cast<std::size_t>(rows.n_groups), 0);
  std::vector<int> folds;
  int fold = -1;
  for (std::size_t i = 0; i < rows.configuration.size(); ++i) {
    if (i == 0 || rows.configuration[i] != rows.configuration[i - 1]) {
      const auto group = static_cast<std::uint32_t>(rows.group[i]);
      fold = rows.testing[i] != 0 ? -1 : design::fold_of(1, group, ordinals[group]++, n_folds);
    }
    folds.push_back(fold);
  }
  return folds;
}

/// The group of each row, -1 for test rows.
inline std::vector<int> groups_of(const Rows& rows) {
  std::vector<int> groups = rows.group;
  for (std::size_t i = 0; i < groups.size(); ++i)
    if (rows.testing[i] != 0) groups[i] = -1;
  return groups;
}

/// Rows whose part is fitted and that have weight.
inline std::vector<Index> rows_in(const Rows& rows, const std::vector<int>& part_of,
                                  const std::function<bool(int)>& takes) {
  std::vector<Index> list;
  for (Index i = 0; i < rows.size(); ++i) {
    const int part = part_of[static_cast<std::size_t>(i)];
    if (part >= 0 && rows.w(i) > 0.0 && takes(part)) list.push_back(i);
  }
  return list;
}

/// [θ; c] of ridge regression, 80 bits, without anything of the product.
inline support::LongVector ridge_oracle(const Rows& rows, double lambda, bool intercept) {
  const Index k = rows.a.cols();
  const Index n = rows.size();
  support::LongMatrix a = support::LongMatrix::Zero(n + k, k + (intercept ? 1 : 0));
  support::LongVector b = support::LongVector::Zero(n + k);
  for (Index i = 0; i < n; ++i) {
    const long double w = rows.w(i);
    for (Index j = 0; j < k; ++j) a(i, j) = w * static_cast<long double>(rows.a(i, j));
    if (intercept) a(i, k) = w;
    b(i) = w * static_cast<long double>(rows.b(i));
  }
  for (Index j = 0; j < k; ++j) a(n + j, j) = std::sqrt(static_cast<long double>(lambda));
  support::LongVector solution = support::LongVector::Zero(k + 1);
  solution.head(a.cols()) = support::least_squares(a, b);
  return solution;
}

/// Σ (w (b - a θ - c))² of rows by (group, row type).
inline std::map<std::pair<int, int>, double> squares_by_cell(const Rows& rows,
                                                             const support::LongVector& model) {
  std::map<std::pair<int, int>, double> squares;
  for (Index i = 0; i < rows.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    long double error = static_cast<long double>(rows.b(i)) - model(model.size() - 1);
    for (Index j = 0; j < rows.a.cols(); ++j) error -= static_cast<long double>(rows.a(i, j)) * model(j);
    error *= rows.w(i);
    squares[{rows.group[at], static_cast<int>(rows.type[at])}] += static_cast<double>(error * error);
  }
  return squares;
}

/// All numbers of a cross-validation, for comparing bits.
inline std::vector<double> numbers_of(const estimate::CrossValidation& validation) {
  std::vector<double> numbers(validation.parts.begin(), validation.parts.end());
  for (const auto& parts : validation.errors)
    for (const estimate::ErrorTable& part : parts)
      for (const auto& [key, sums] : part)
        numbers.insert(numbers.end(), {static_cast<double>(key.group), static_cast<double>(key.row_type),
                                       static_cast<double>(sums.targets.count), sums.weighted_squares});
  numbers.insert(numbers.end(), validation.effective_dof.reshaped().begin(),
                 validation.effective_dof.reshaped().end());
  return numbers;
}

inline bool same_bits(const std::vector<double>& x, const std::vector<double>& y) {
  return x.size() == y.size() && std::memcmp(x.data(), y.data(), x.size() * sizeof(double)) == 0;
}

}  // namespace tallfit::test
