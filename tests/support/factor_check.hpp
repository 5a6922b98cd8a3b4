/// Factors of rows, and those that live on one rank only.
#pragma once

#include <Eigen/Core>

#include <vector>

#include "support/oracle.hpp"

#include "tallfit/comm/exchange.hpp"
#include "tallfit/compress/factor.hpp"

namespace tallfit::support {

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
