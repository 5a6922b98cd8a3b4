#include "tallfit/linalg/dense_products.hpp"

#include <limits>
#include <vector>

#include "lapack.hpp"

#include "tallfit/base/error.hpp"

namespace tallfit::linalg {

namespace {

int blas_size(Index size) {
  require(size <= std::numeric_limits<int>::max(), ErrorKind::resource,
          "a matrix dimension of {} is more than BLAS counts", size);
  return static_cast<int>(size);
}

}  // namespace

void add_product(const Eigen::Ref<const Eigen::MatrixXd>& a, Op op,
                 const Eigen::Ref<const Eigen::MatrixXd>& b, Eigen::Ref<Eigen::MatrixXd> c) {
  const int m = blas_size(c.rows());
  const int n = blas_size(c.cols());
  const int k = blas_size(b.rows());
  if (m == 0 || n == 0 || k == 0) return;
  const int lda = blas_size(a.outerStride());
  const int ldb = blas_size(b.outerStride());
  const int ldc = blas_size(c.outerStride());
  const double one = 1.0;
  const char trans_a = static_cast<char>(op);
  dgemm_(&trans_a, "N", &m, &n, &k, &one, a.data(), &lda, b.data(), &ldb, &one, c.data(), &ldc, 1, 1);
}

Eigen::MatrixXd product(const Eigen::Ref<const Eigen::MatrixXd>& a,
                        const Eigen::Ref<const Eigen::MatrixXd>& b, Op op) {
  const Index rows = op == Op::none ? a.rows() : a.cols();
  const Index inner = op == Op::none ? a.cols() : a.rows();
  require(inner == b.rows(), ErrorKind::bug, "a product of {} columns by {} rows", inner, b.rows());
  Eigen::MatrixXd c = Eigen::MatrixXd::Zero(rows, b.cols());
  add_product(a, op, b, c);
  return c;
}

void multiply_by_transposed_upper(const Eigen::Ref<const Eigen::MatrixXd>& u, Eigen::Ref<Eigen::MatrixXd> x) {
  const int m = blas_size(x.rows());
  const int n = blas_size(x.cols());
  if (m == 0 || n == 0) return;
  const int ldu = blas_size(u.outerStride());
  const int ldx = blas_size(x.outerStride());
  const double one = 1.0;
  dtrmm_("L", "U", "T", "N", &m, &n, &one, u.data(), &ldu, x.data(), &ldx, 1, 1, 1, 1);
}

void packed_gram(const Eigen::Ref<const Eigen::MatrixXd>& x, double* packed) {
  const int n = blas_size(x.rows());
  const int k = blas_size(x.cols());
  const int ldx = blas_size(x.outerStride());
  const double one = 1.0;
  const double zero = 0.0;
  dsfrk_("N", "U", "N", &n, &k, &one, x.data(), &ldx, &zero, packed, 1, 1, 1);
}

std::optional<Eigen::MatrixXd> packed_cholesky(Index n, const double* packed) {
  Eigen::MatrixXd full = Eigen::MatrixXd::Zero(n, n);
  const int order = blas_size(n);
  int info = 0;
  dtfttr_("N", "U", &order, packed, full.data(), &order, &info, 1, 1);
  require(info == 0, ErrorKind::bug, "dtfttr says {}", info);
  dpotrf_("U", &order, full.data(), &order, &info, 1);
  require(info >= 0, ErrorKind::bug, "dpotrf says {}", info);
  if (info > 0) return std::nullopt;
  return full;
}

double upper_reciprocal_condition(const Eigen::MatrixXd& u) {
  const int n = blas_size(u.rows());
  std::vector<double> work(3 * static_cast<std::size_t>(n));
  std::vector<int> signs(static_cast<std::size_t>(n));
  double reciprocal = 0.0;
  int info = 0;
  dtrcon_("1", "U", "N", &n, u.data(), &n, &reciprocal, work.data(), signs.data(), &info, 1, 1, 1);
  require(info == 0, ErrorKind::bug, "dtrcon says {}", info);
  return reciprocal;
}

}  // namespace tallfit::linalg
