/// Rows of several groups and row types whose noise differs, for searches of weights.
#pragma once

#include "support/fit_rows.hpp"
#include "support/memory_source.hpp"

namespace tallfit::test {

/// Configurations of one energy row and three force rows, alternating between two groups, of which the second
/// has twice the noise; row scales differ by row type. The noise has the given sizes before it is divided by
/// the scales.
inline Rows noisy_rows(Index n_configurations, Index n_cols, double energy_noise, double force_noise) {
  Rows rows;
  const Index n = 4 * n_configurations;
  rows.a.resize(n, n_cols);
  rows.b.resize(n);
  rows.w.resize(n);
  rows.n_groups = 2;
  for (Index i = 0; i < n; ++i) {
    const bool energy = i % 4 == 0;
    const int group = static_cast<int>(i / 4 % 2);
    rows.type.push_back(energy ? design::RowType::energy : design::RowType::force);
    rows.group.push_back(group);
    rows.configuration.push_back(static_cast<std::uint64_t>(i / 4));
    rows.w(i) = energy ? 2.0 : 0.5;
    double target = 0.0;
    for (Index j = 0; j < n_cols; ++j) {
      // Columns that grow and lean on one another.
      rows.a(i, j) = (1.0 + 3.0 * static_cast<double>(j)) * random_entry(5, i, j) +
                     0.9 * (j > 0 ? rows.a(i, j - 1) : 1.0) + (energy ? 0.5 : 0.0);
      target += rows.a(i, j) * (j % 2 == 0 ? 1.0 : -0.4);
    }
    const double noise = (energy ? energy_noise : force_noise) * (group == 0 ? 1.0 : 2.0);
    rows.b(i) = target + std::sqrt(3.0) * noise * random_entry(6, i, 0) / rows.w(i);
  }
  return rows;
}

}  // namespace tallfit::test
