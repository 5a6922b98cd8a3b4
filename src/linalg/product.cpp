#include "tallfit/linalg/product.hpp"

#include <algorithm>

#include "lapack.hpp"

#include "tallfit/base/error.hpp"

namespace tallfit::linalg {

namespace {

int blas_size(Index n) {
  require(n <= 2147483647, ErrorKind::resource, "a matrix of {} rows or columns is too large for BLAS", n);
  return static_cast<int>(n);
}

}  // namespace

Eigen::MatrixXd product(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b, Op op) {
  const bool plain = op == Op::none;
  const int m = blas_size(plain ? a.rows() : a.cols());
  const int k = blas_size(plain ? a.cols() : a.rows());
  const int n = blas_size(b.cols());
  require(b.rows() == k, ErrorKind::bug, "a product of {} columns by {} rows", k, b.rows());
  Eigen::MatrixXd c = Eigen::MatrixXd::Zero(m, n);
  if (c.size() == 0 || k == 0) return c;
  const double one = 1.0;
  const double zero = 0.0;
  const int lda = std::max(blas_size(a.rows()), 1);
  dgemm_(plain ? "N" : "T", "N", &m, &n, &k, &one, a.data(), &lda, b.data(), &k, &zero, c.data(), &m, 1, 1);
  return c;
}

}  // namespace tallfit::linalg
