#include "support/oracle.hpp"

#include <Eigen/Dense>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace tallfit::support {

namespace {

template <class Matrix>
Matrix triangle(const Matrix& a) {
  const Index n = std::min(a.rows(), a.cols());
  return Eigen::HouseholderQR<Matrix>(a).matrixQR().topRows(n).template triangularView<Eigen::Upper>();
}

}  // namespace

Eigen::MatrixXd triangle_of(const Eigen::MatrixXd& a) { return triangle(a); }

LongMatrix triangle_of(const LongMatrix& a) { return triangle(a); }

Eigen::VectorXd singular_values(const Eigen::MatrixXd& a) {
  return Eigen::JacobiSVD<Eigen::MatrixXd>(a).singularValues();
}

Eigen::VectorXd symmetric_eigenvalues(const Eigen::MatrixXd& a) {
  return Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(a, Eigen::EigenvaluesOnly).eigenvalues();
}

Eigen::MatrixXd solve_upper(const Eigen::MatrixXd& r, const Eigen::MatrixXd& b) {
  return r.triangularView<Eigen::Upper>().solve(b);
}

Eigen::MatrixXd inverse_of(const Eigen::MatrixXd& a) { return a.inverse(); }

double determinant_of(const Eigen::MatrixXd& a) { return a.determinant(); }

LongVector least_squares(const LongMatrix& a, const LongVector& b) {
  return a.colPivHouseholderQr().solve(b);
}

Eigen::VectorXd minimum_norm(const Eigen::MatrixXd& a, const Eigen::VectorXd& b, Index rank) {
  const Index k = a.cols();
  LongMatrix scaled = a.cast<long double>();
  LongVector scale = LongVector::Ones(k);
  for (Index j = 0; j < k; ++j) {
    if (a.col(j).norm() > 0.0) scale(j) = 1.0L / scaled.col(j).norm();
    scaled.col(j) *= scale(j);
  }
  const Eigen::ColPivHouseholderQR<LongMatrix> qr(scaled);
  const LongMatrix r = qr.matrixQR().topRows(rank).triangularView<Eigen::Upper>();
  const auto r11 = r.leftCols(rank).triangularView<Eigen::Upper>();
  LongVector basic = LongVector::Zero(k);
  LongVector rotated = b.cast<long double>();
  rotated.applyOnTheLeft(qr.householderQ().setLength(qr.nonzeroPivots()).adjoint());
  basic.head(rank) = r11.solve(rotated.head(rank));
  LongVector x = scale.cwiseProduct(qr.colsPermutation() * basic);
  if (rank == k) return x.cast<double>();
  LongMatrix null(k, k - rank);
  null.topRows(rank) = -r11.solve(r.rightCols(k - rank));
  null.bottomRows(k - rank).setIdentity();
  null = scale.asDiagonal() * (qr.colsPermutation() * null);
  const LongMatrix q =
      Eigen::HouseholderQR<LongMatrix>(null).householderQ() * LongMatrix::Identity(k, k - rank);
  for (int pass = 0; pass < 2; ++pass) x -= q * (q.transpose() * x);
  return x.cast<double>();
}

Eigen::VectorXd refined_solution(const Eigen::MatrixXd& a, const Eigen::VectorXd& b,
                                 const Eigen::VectorXd& scale) {
  const Eigen::MatrixXd scaled = a * scale.asDiagonal();
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(scaled);
  const Eigen::MatrixXd r = qr.matrixQR().topRows(a.cols()).triangularView<Eigen::Upper>();
  const auto upper = r.triangularView<Eigen::Upper>();
  const auto lower = r.transpose().triangularView<Eigen::Lower>();
  LongVector y = LongVector::Zero(a.cols());
  for (int pass = 0; pass < 12; ++pass) {
    LongVector residual = b.cast<long double>();
    for (Index j = 0; j < a.cols(); ++j) residual -= y(j) * scaled.col(j).cast<long double>();
    Eigen::VectorXd g(a.cols());
    for (Index j = 0; j < a.cols(); ++j)
      g(j) = static_cast<double>(scaled.col(j).cast<long double>().dot(residual));
    const Eigen::VectorXd step = upper.solve(lower.solve(g));
    y += step.cast<long double>();
    if (step.norm() <= 1e-15 * y.cast<double>().norm()) break;
  }
  return scale.cwiseProduct(y.cast<double>());
}

void expect_factor_of(const Eigen::MatrixXd& factor, const Eigen::MatrixXd& rows, double stages) {
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

void expect_rows_of_triangle(const Eigen::MatrixXd& factor, const Eigen::MatrixXd& rows, double bound) {
  const LongMatrix expected = triangle_of(LongMatrix(rows.cast<long double>()));
  ASSERT_EQ(factor.rows(), expected.rows());
  for (Index i = 0; i < factor.rows(); ++i) {
    const long double sign = (expected(i, i) < 0.0L) == (factor(i, i) < 0.0) ? 1.0L : -1.0L;
    const long double error = (sign * expected.row(i) - factor.row(i).cast<long double>()).norm();
    EXPECT_LE(error, static_cast<long double>(bound) * expected.row(i).norm()) << "row " << i;
  }
}

double log_normal_density(const Eigen::VectorXd& y, const Eigen::MatrixXd& c) {
  const Eigen::LLT<Eigen::MatrixXd> cholesky(c);
  const double log_root = Eigen::MatrixXd(cholesky.matrixL()).diagonal().array().log().sum();
  const double ln_two_pi = std::log(2.0 * std::acos(-1.0));
  return -0.5 * (cholesky.matrixL().solve(y).squaredNorm() + static_cast<double>(y.size()) * ln_two_pi) -
         log_root;
}

}  // namespace tallfit::support
