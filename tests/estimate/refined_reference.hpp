/// Solutions in extended precision, by ways that share nothing with the product.
#pragma once

#include <Eigen/Dense>

#include "tallfit/base/numeric.hpp"

namespace tallfit::test {

using ExtendedMatrix = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
using ExtendedVector = Eigen::Matrix<long double, Eigen::Dynamic, 1>;

/// The solution of minimum norm of A of known rank: pivoted QR of the scaled columns, the null space of the
/// pivoted factor, and its projection out of the basic solution.
inline Eigen::VectorXd minimum_norm(const Eigen::MatrixXd& a, const Eigen::VectorXd& b, Index rank) {
  const Index k = a.cols();
  ExtendedMatrix scaled = a.cast<long double>();
  ExtendedVector scale = ExtendedVector::Ones(k);
  for (Index j = 0; j < k; ++j) {
    if (a.col(j).norm() > 0.0) scale(j) = 1.0L / scaled.col(j).norm();
    scaled.col(j) *= scale(j);
  }
  const Eigen::ColPivHouseholderQR<ExtendedMatrix> qr(scaled);
  const ExtendedMatrix r = qr.matrixQR().topRows(rank).triangularView<Eigen::Upper>();
  const auto r11 = r.leftCols(rank).triangularView<Eigen::Upper>();
  ExtendedVector basic = ExtendedVector::Zero(k);
  ExtendedVector rotated = b.cast<long double>();
  rotated.applyOnTheLeft(qr.householderQ().setLength(qr.nonzeroPivots()).adjoint());
  basic.head(rank) = r11.solve(rotated.head(rank));
  ExtendedVector x = scale.cwiseProduct(qr.colsPermutation() * basic);
  if (rank == k) return x.cast<double>();
  ExtendedMatrix null(k, k - rank);
  null.topRows(rank) = -r11.solve(r.rightCols(k - rank));
  null.bottomRows(k - rank).setIdentity();
  null = scale.asDiagonal() * (qr.colsPermutation() * null);
  const ExtendedMatrix q =
      Eigen::HouseholderQR<ExtendedMatrix>(null).householderQ() * ExtendedMatrix::Identity(k, k - rank);
  for (int pass = 0; pass < 2; ++pass) x -= q * (q.transpose() * x);
  return x.cast<double>();
}

/// Least squares by Householder QR in double, refined with residuals and gradients in 80 bits until the
/// corrections are below 1e-14: good to ε times the condition of the equilibrated columns at 64 bits.
inline Eigen::VectorXd refined_solution(const Eigen::MatrixXd& a, const Eigen::VectorXd& b,
                                        const Eigen::VectorXd& scale) {
  const Eigen::MatrixXd scaled = a * scale.asDiagonal();
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(scaled);
  const Eigen::MatrixXd r = qr.matrixQR().topRows(a.cols()).triangularView<Eigen::Upper>();
  const auto upper = r.triangularView<Eigen::Upper>();
  const auto lower = r.transpose().triangularView<Eigen::Lower>();
  ExtendedVector y = ExtendedVector::Zero(a.cols());
  for (int pass = 0; pass < 12; ++pass) {
    ExtendedVector residual = b.cast<long double>();
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

}  // namespace tallfit::test
