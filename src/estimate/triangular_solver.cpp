#include "tallfit/estimate/triangular_solver.hpp"

#include <Eigen/QR>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tallfit/base/error.hpp"
#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/qr.hpp"
#include "tallfit/linalg/svd.hpp"
#include "tallfit/linalg/transfer.hpp"
#include "tallfit/linalg/triangular.hpp"

namespace tallfit::estimate {

namespace {

/// Takes out of every column of x its part in the span of orthonormal q; twice is enough.
void project_out_in_place(Eigen::Ref<Eigen::MatrixXd> x, const Eigen::MatrixXd& q) {
  for (int pass = 0; pass < 2; ++pass) x -= q * (q.transpose() * x).eval();
}
void project_out_in_place(linalg::BlockCyclicMatrix& x, const Eigen::MatrixXd& q) {
  for (int pass = 0; pass < 2; ++pass)
    linalg::subtract_product_in_place(x, q, linalg::multiply(x, q, linalg::Op::transpose));
}

Eigen::MatrixXd orthonormal_basis(const Eigen::MatrixXd& columns) {
  const Eigen::ColPivHouseholderQR<Eigen::MatrixXd> qr(columns);
  return qr.householderQ() * Eigen::MatrixXd::Identity(columns.rows(), columns.cols());
}

}  // namespace

Eigen::VectorXd significant_column_norms(const LeastSquaresSystem& system, double rcond) {
  Eigen::VectorXd norms = linalg::column_norms(system.r);
  if (!system.intercept) return norms;
  const Eigen::VectorXd& constant = system.intercept->r12;
  for (Index j = 0; j < norms.size(); ++j) {
    if (norms(j) <= rcond * std::abs(constant(j))) norms(j) = 0.0;
  }
  return norms;
}

TriangularSolver::TriangularSolver(const LeastSquaresSystem& system, const Options& options)
    : equilibrated_(system.r), scale_(Eigen::VectorXd::Ones(system.n_coeffs())), rank_(system.n_coeffs()) {
  require(options.rcond > 0.0 && options.rcond < 1.0, ErrorKind::input,
          "solver.rcond = {}: expected a number between 0 and 1", options.rcond);
  const Eigen::VectorXd norms = significant_column_norms(system, options.rcond);
  scale_ = linalg::equilibration(norms);
  linalg::scale_columns_in_place(equilibrated_, (norms.array() > 0.0).select(scale_, 0.0));
  const double reciprocal = linalg::reciprocal_condition(equilibrated_);
  condition_ = reciprocal > 0.0 ? 1.0 / reciprocal : std::numeric_limits<double>::infinity();

  // The 2-norm condition is at most K times the 1-norm's, whose estimate is rarely low by more than 3.
  const double worst = 3.0 * static_cast<double>(system.n_coeffs()) * condition_;
  const bool suspicious = !(worst < 1.0 / options.rcond);
  if (options.algorithm == Algorithm::svd || reciprocal == 0.0 ||
      (options.algorithm == Algorithm::automatic && suspicious)) {
    reason_ = options.algorithm == Algorithm::svd
                  ? "asked for"
                  : fmt::format("the condition estimate {:.1e} leaves the rank in doubt", condition_);
    solve_by_svd(system, options);
    return;
  }
  reason_ = fmt::format("condition estimate {:.1e}{}", condition_,
                        suspicious ? "; qr was asked for" : ", full rank");
  coefficients_ = scale_.cwiseProduct(linalg::solve_upper(equilibrated_, system.z).col(0));
}

void TriangularSolver::solve_by_svd(const LeastSquaresSystem& system, const Options& options) {
  algorithm_ = "svd";
  const Index n = system.n_coeffs();
  const linalg::Svd svd = linalg::svd(equilibrated_, "the equilibrated factor");
  const double cutoff = options.rcond * svd.values(0);
  rank_ = (svd.values.array() > cutoff).count();
  condition_ =
      svd.values(n - 1) > 0.0 ? svd.values(0) / svd.values(n - 1) : std::numeric_limits<double>::infinity();
  const Eigen::VectorXd projected = linalg::multiply(svd.u, system.z, linalg::Op::transpose);
  if (rank_ == n) {
    const Eigen::VectorXd y = projected.cwiseQuotient(svd.values);
    coefficients_ = scale_.cwiseProduct(linalg::multiply(svd.vt, y, linalg::Op::transpose).col(0));
    return;
  }

  // The null vectors are few, and every rank has them; what is as large as E stays dealt.
  const Eigen::MatrixXd null_rows = linalg::replicate(linalg::sub_matrix(svd.vt, rank_, 0, n - rank_, n));
  const Eigen::MatrixXd null_space = orthonormal_basis(scale_.asDiagonal() * null_rows.transpose());
  const Eigen::VectorXd sizes = linalg::column_norms(equilibrated_);
  range_.emplace(linalg::transposed(linalg::leading_rows(svd.vt, rank_)));
  linalg::scale_columns_in_place(*range_, svd.values.head(rank_).cwiseInverse());
  linalg::scale_rows_in_place(*range_, scale_);
  project_out_in_place(*range_, null_space);
  // Exactly 0: a column of zeros tells nothing.
  linalg::scale_rows_in_place(*range_, (sizes.array() > 0.0).cast<double>());
  coefficients_ = linalg::multiply(*range_, projected.head(rank_)).col(0);
  project_out_in_place(coefficients_, null_space);
  coefficients_ = (sizes.array() > 0.0).select(coefficients_, 0.0).eval();
  const linalg::PivotedQr pivoted = linalg::pivoted_qr(equilibrated_);
  dependent_.assign(pivoted.columns.begin() + rank_, pivoted.columns.end());
  std::sort(dependent_.begin(), dependent_.end());
}

Eigen::VectorXd TriangularSolver::apply_root(const Eigen::VectorXd& y) const {
  if (range_) return linalg::multiply(*range_, y).col(0);
  return scale_.cwiseProduct(linalg::solve_upper(equilibrated_, y).col(0));
}

Eigen::VectorXd TriangularSolver::apply_root_transposed(const Eigen::VectorXd& g) const {
  if (range_) return linalg::multiply(*range_, g, linalg::Op::transpose).col(0);
  return linalg::solve_upper(equilibrated_, scale_.cwiseProduct(g), linalg::Op::transpose);
}

Eigen::VectorXd TriangularSolver::solve_normal(const Eigen::VectorXd& g) const {
  return apply_root(apply_root_transposed(g));
}

Eigen::VectorXd TriangularSolver::covariance_diagonal() const {
  if (range_) return linalg::squared_row_norms(*range_);
  return scale_.cwiseAbs2().cwiseProduct(linalg::inverse_gram_diagonal(equilibrated_));
}

double TriangularSolver::deviation_along(const Eigen::VectorXd& v) const {
  return apply_root_transposed(v).norm();
}

linalg::BlockCyclicMatrix TriangularSolver::covariance_factor() const {
  if (range_) return *range_;
  linalg::BlockCyclicMatrix factor = linalg::inverse_upper(equilibrated_);
  linalg::scale_rows_in_place(factor, scale_);
  return factor;
}

Eigen::VectorXd solve_normal(const TriangularSolver& solver, const std::optional<InterceptRow>& intercept,
                             const Eigen::VectorXd& g) {
  const Index n = g.size() - 1;
  Eigen::VectorXd delta = Eigen::VectorXd::Zero(n + 1);
  if (!intercept) {
    delta.head(n) = solver.solve_normal(g.head(n));
    return delta;
  }
  const double u = g(n) / intercept->r11;
  delta.head(n) = solver.solve_normal(g.head(n) - intercept->r12 * u);
  delta(n) = (u - intercept->r12.dot(delta.head(n))) / intercept->r11;
  return delta;
}

}  // namespace tallfit::estimate
