/// Least squares as LAPACK does it, through its Fortran interface: what the product is compared with.
#pragma once

#include <Eigen/Core>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <vector>

#include "tallfit/base/numeric.hpp"

extern "C" {
void dgels_(const char* trans, const int* m, const int* n, const int* n_rhs, double* a, const int* lda,
            double* b, const int* ldb, double* work, const int* lwork, int* info, std::size_t);
void dgelss_(const int* m, const int* n, const int* n_rhs, double* a, const int* lda, double* b,
             const int* ldb, double* s, const double* rcond, int* rank, double* work, const int* lwork,
             int* info);
void dgelsd_(const int* m, const int* n, const int* n_rhs, double* a, const int* lda, double* b,
             const int* ldb, double* s, const double* rcond, int* rank, double* work, const int* lwork,
             int* iwork, int* info);
void dpotrf_(const char* uplo, const int* n, double* a, const int* lda, int* info, std::size_t);
}

namespace tallfit::test {

namespace detail {
inline void expect_success(int info) {
  if (info != 0) throw std::runtime_error("LAPACK info " + std::to_string(info));
}
}  // namespace detail

/// Powers of two that bring the columns' norms into [1/2, 1).
inline Eigen::VectorXd powers_of_two(const Eigen::MatrixXd& a) {
  Eigen::VectorXd scale(a.cols());
  for (Index j = 0; j < a.cols(); ++j) {
    int exponent = 0;
    std::frexp(a.col(j).norm(), &exponent);
    scale(j) = a.col(j).norm() > 0.0 ? std::ldexp(1.0, -exponent) : 1.0;
  }
  return scale;
}

/// dgels: Householder QR without pivoting.
inline Eigen::VectorXd lapack_qr(Eigen::MatrixXd a, Eigen::VectorXd b) {
  const int m = static_cast<int>(a.rows());
  const int n = static_cast<int>(a.cols());
  const int one = 1;
  const int lwork = 64 * (n + 1);
  std::vector<double> work(static_cast<std::size_t>(lwork));
  int info = 0;
  dgels_("N", &m, &n, &one, a.data(), &m, b.data(), &m, work.data(), &lwork, &info, 1);
  detail::expect_success(info);
  return b.head(n);
}

/// The same on columns equilibrated by powers of two.
inline Eigen::VectorXd lapack_qr_equilibrated(const Eigen::MatrixXd& a, const Eigen::VectorXd& b) {
  const Eigen::VectorXd scale = powers_of_two(a);
  return scale.cwiseProduct(lapack_qr(a * scale.asDiagonal(), b));
}

/// dgelss: SVD, the solution of minimum norm. @return also the singular values and the rank
struct SvdSolution {
  Eigen::VectorXd x;
  Eigen::VectorXd values;
  int rank = 0;
};

inline SvdSolution lapack_svd(Eigen::MatrixXd a, Eigen::VectorXd b, double rcond) {
  const int m = static_cast<int>(a.rows());
  const int n = static_cast<int>(a.cols());
  const int one = 1;
  const int ldb = std::max(m, n);
  b.conservativeResizeLike(Eigen::VectorXd::Zero(ldb));
  SvdSolution result;
  result.values.resize(std::min(m, n));
  int lwork = -1;
  int info = 0;
  double best = 0.0;
  dgelss_(&m, &n, &one, a.data(), &m, b.data(), &ldb, result.values.data(), &rcond, &result.rank, &best,
          &lwork, &info);
  lwork = static_cast<int>(best);
  std::vector<double> work(static_cast<std::size_t>(lwork));
  dgelss_(&m, &n, &one, a.data(), &m, b.data(), &ldb, result.values.data(), &rcond, &result.rank, work.data(),
          &lwork, &info);
  detail::expect_success(info);
  result.x = b.head(n);
  return result;
}

/// dgelsd: SVD by divide and conquer.
inline SvdSolution lapack_svd_fast(Eigen::MatrixXd a, Eigen::VectorXd b, double rcond) {
  const int m = static_cast<int>(a.rows());
  const int n = static_cast<int>(a.cols());
  const int one = 1;
  const int ldb = std::max(m, n);
  b.conservativeResizeLike(Eigen::VectorXd::Zero(ldb));
  SvdSolution result;
  result.values.resize(std::min(m, n));
  int lwork = -1;
  int info = 0;
  int integers = 0;
  double best = 0.0;
  dgelsd_(&m, &n, &one, a.data(), &m, b.data(), &ldb, result.values.data(), &rcond, &result.rank, &best,
          &lwork, &integers, &info);
  lwork = static_cast<int>(best);
  std::vector<double> work(static_cast<std::size_t>(lwork));
  std::vector<int> iwork(static_cast<std::size_t>(std::max(integers, 1)));
  dgelsd_(&m, &n, &one, a.data(), &m, b.data(), &ldb, result.values.data(), &rcond, &result.rank, work.data(),
          &lwork, iwork.data(), &info);
  detail::expect_success(info);
  result.x = b.head(n);
  return result;
}

/// The upper Cholesky factor of a Gram matrix. @return the order of the first block that is not positive
/// definite, 0 where all are
inline int lapack_cholesky_in_place(Eigen::MatrixXd& gram) {
  const int n = static_cast<int>(gram.rows());
  int info = 0;
  dpotrf_("U", &n, gram.data(), &n, &info, 1);
  return info;
}

}  // namespace tallfit::test
