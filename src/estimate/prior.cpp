#include "tallfit/estimate/prior.hpp"

#include <algorithm>
#include <cmath>

#include "tallfit/base/error.hpp"
#include "tallfit/estimate/column_patterns.hpp"

namespace tallfit::estimate {

namespace {

using Entries = std::vector<Eigen::Triplet<double>>;

/// Roots of the factors of λ, column by column.
Eigen::VectorXd roots_of_factors(const std::vector<std::string>& names,
                                 const std::map<std::string, double>& factors) {
  Eigen::VectorXd roots = Eigen::VectorXd::Ones(static_cast<Index>(names.size()));
  std::vector<std::string> patterns;
  patterns.reserve(factors.size());
  for (const auto& [pattern, factor] : factors) patterns.push_back(pattern);
  std::stable_sort(patterns.begin(), patterns.end(),
                   [](const std::string& a, const std::string& b) { return a.size() < b.size(); });
  for (const std::string& pattern : patterns)
    for (const Index column : columns_of(pattern, names, "fit.column_lambda"))
      roots(column) = std::sqrt(factors.at(pattern));
  return roots;
}

/// Adds the second differences of a sequence. @return the number of rows so far
Index add_differences(const std::vector<Index>& sequence, const Eigen::VectorXd& roots, Index row,
                      Entries& entries) {
  for (std::size_t k = 1; k + 1 < sequence.size(); ++k, ++row) {
    const double root = roots(sequence[k]);
    entries.emplace_back(row, sequence[k - 1], root);
    entries.emplace_back(row, sequence[k], -2.0 * root);
    entries.emplace_back(row, sequence[k + 1], root);
  }
  return row;
}

}  // namespace

Prior unit_prior(Index n) {
  Prior prior{.rows = Prior::Rows(n, n), .mean = Eigen::VectorXd::Zero(n)};
  prior.rows.setIdentity();
  return prior;
}

Prior make_prior(const std::vector<std::string>& names, const PriorWishes& wishes) {
  const auto n = static_cast<Index>(names.size());
  const Eigen::VectorXd roots = roots_of_factors(names, wishes.column_lambda);
  Entries entries;
  Index row = 0;
  std::vector<std::string> sequence_of(names.size());
  for (const std::string& pattern : wishes.smooth) {
    const std::vector<Index> sequence = columns_of(pattern, names, "fit.smooth");
    require(sequence.size() >= 3, ErrorKind::input,
            "fit.smooth: '{}' has {} columns; second differences need three", pattern, sequence.size());
    for (const Index column : sequence) {
      std::string& taken = sequence_of[static_cast<std::size_t>(column)];
      require(taken.empty(), ErrorKind::input, "fit.smooth: column '{}' is in both '{}' and '{}'",
              names[static_cast<std::size_t>(column)], taken, pattern);
      taken = pattern;
    }
    row = add_differences(sequence, roots, row, entries);
  }
  for (Index j = 0; j < n; ++j)
    if (sequence_of[static_cast<std::size_t>(j)].empty() && roots(j) > 0.0)
      entries.emplace_back(row++, j, roots(j));
  Prior prior{.rows = Prior::Rows(row, n), .mean = Eigen::VectorXd::Zero(n)};
  prior.rows.setFromTriplets(entries.begin(), entries.end());
  for (const auto& [name, value] : wishes.mean) {
    const auto found = std::find(names.begin(), names.end(), name);
    require(found != names.end(), ErrorKind::input,
            "fit.prior_mean has a coefficient of '{}', which is no column of the design", name);
    prior.mean(found - names.begin()) = value;
  }
  return prior;
}

}  // namespace tallfit::estimate
