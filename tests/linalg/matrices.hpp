/// Matrices with known properties, entry by entry, and the unit of the bounds of these tests.
#pragma once

#include <Eigen/Core>

#include <algorithm>
#include <limits>
#include <string>

#include "tallfit/base/numeric.hpp"
#include "tallfit/base/random.hpp"
#include "tallfit/linalg/process_grid.hpp"

namespace tallfit::test {

/// Rounding errors of one factorisation or solve of order n stay below rounding(n) times the norms involved:
/// the constants of the textbook bounds (Higham, ch. 8, 14, 19) are small multiples of n; 10 covers them.
inline double rounding(Index n) {
  return 10.0 * static_cast<double>(std::max<Index>(n, 1)) * std::numeric_limits<double>::epsilon();
}

/// Uniform in (-1, 1), a function of the place only.
inline double noise(Index i, Index j) {
  return 2.0 * random_uniform({.seed = 1}, static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(j)) -
         1.0;
}

/// Upper triangular; diagonally dominant by rows, so that its condition is small whatever the order.
inline double dominant_upper(Index i, Index j, Index order) {
  if (i > j) return 0.0;
  return i == j ? 1.5 + 0.4 * noise(i, i) : noise(i, j) / static_cast<double>(order);
}

/// A matrix given by its entries.
template <class Function>
Eigen::MatrixXd dense(Index rows, Index cols, const Function& value_at) {
  Eigen::MatrixXd a(rows, cols);
  for (Index j = 0; j < cols; ++j) {
    for (Index i = 0; i < rows; ++i) a(i, j) = value_at(i, j);
  }
  return a;
}

inline Eigen::MatrixXd dominant_upper(Index order) {
  return dense(order, order, [order](Index i, Index j) { return dominant_upper(i, j, order); });
}

inline std::string describe(const linalg::ProcessGrid& grid) {
  return "grid " + std::to_string(grid.rows()) + " x " + std::to_string(grid.cols());
}

}  // namespace tallfit::test
