/// What a factor of rows must satisfy, and where factors come from that live on one rank only.
#pragma once

#include <Eigen/Dense>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "tallfit/comm/exchange.hpp"
#include "tallfit/compress/factor.hpp"

namespace tallfit::support {

/// Expects RᵀR = AᵀA column by column, against an oracle in long double.
///
/// Householder QR has |dA_j| <= gamma |A_j| for each column j with gamma = c n eps (Higham 2002,
/// theorem 19.4), hence |RᵀR - AᵀA|_ij <= 2 gamma |A_i| |A_j|; c = 4 as in tests/linalg/test_fold.cpp.
/// Factors of factors add up:
/// @param stages  how many factorisations lie between the rows and the factor
inline void expect_factor_of(const Eigen::MatrixXd& factor, const Eigen::MatrixXd& rows, double stages) {
  using LongMatrix = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
  ASSERT_EQ(factor.cols(), rows.cols());
  const double gamma =
      4.0 * stages * static_cast<double>(rows.cols() + 8) * std::numeric_limits<double>::epsilon();
  const LongMatrix a = rows.cast<long double>();
  const LongMatrix r = factor.cast<long double>();
  const LongMatrix difference = r.transpose() * r - a.transpose() * a;
  for (Index j = 0; j < rows.cols(); ++j) {
    for (Index i = 0; i <= j; ++i) {
      ASSERT_LE(std::abs(difference(i, j)), 2.0L * gamma * a.col(i).norm() * a.col(j).norm())
          << "entry " << i << ", " << j << " for " << rows.rows() << " x " << rows.cols();
    }
  }
}

inline compress::Factor factor_rows(const Eigen::MatrixXd& rows) {
  const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> row_major = rows;
  return compress::Factor::of_rows(
      rows.cols(), std::vector<double>(row_major.data(), row_major.data() + row_major.size()));
}

/// The factor that reduced() makes of some rows.
inline compress::Factor factor_of(const Eigen::MatrixXd& rows) {
  return compress::reduced(factor_rows(rows));
}

/// The factor of one rank on all. @collective
inline compress::Factor everywhere(const comm::Communicator& comm, const compress::Factor& factor, int home) {
  std::vector<Index> shape = {factor.is_triangular() ? 1 : 0, factor.n_cols()};
  std::vector<double> values = *factor.values();
  comm::broadcast(comm, shape, home);
  comm::broadcast(comm, values, home);
  return shape[0] == 1 ? compress::Factor::of_triangle(shape[1], std::move(values))
                       : compress::Factor::of_rows(shape[1], std::move(values));
}

/// Same shape and same bits.
inline bool same_bits(const compress::Factor& a, const compress::Factor& b) {
  return a.n_rows() == b.n_rows() && a.n_cols() == b.n_cols() && a.is_triangular() == b.is_triangular() &&
         *a.values() == *b.values();
}

}  // namespace tallfit::support
