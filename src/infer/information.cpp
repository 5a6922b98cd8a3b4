#include "tallfit/infer/information.hpp"

#include <cmath>
#include <vector>

#include "tallfit/base/error.hpp"
#include "tallfit/linalg/dense_products.hpp"
#include "tallfit/linalg/fold.hpp"

namespace tallfit::infer {

namespace {

Eigen::MatrixXd inverse_of_upper(const Eigen::MatrixXd& u) {
  return u.triangularView<Eigen::Upper>().solve(Eigen::MatrixXd::Identity(u.rows(), u.cols()));
}

/// One block of rows above another, the heavier one on top: QR is backward stable row by row that way.
Eigen::MatrixXd heavier_first(const Eigen::MatrixXd& one, const Eigen::MatrixXd& other) {
  const bool swaps = other.norm() > one.norm();
  Eigen::MatrixXd stacked(one.rows() + other.rows(), one.cols());
  stacked << (swaps ? other : one), (swaps ? one : other);
  return stacked;
}

/// Columns that hold something.
std::vector<Index> nonzero_columns(const Eigen::MatrixXd& m) {
  std::vector<Index> columns;
  for (Index j = 0; j < m.cols(); ++j)
    if ((m.col(j).array() != 0.0).any()) columns.push_back(j);
  return columns;
}

Whitening of_root(Eigen::MatrixXd root) {
  Whitening start;
  start.coefficients = Eigen::VectorXd::Zero(root.rows() - 1);
  start.root = std::move(root);
  return start;
}

}  // namespace

Whitening information_of_covariance(const Eigen::MatrixXd& covariance_factor, double noise_variance) {
  require(
      noise_variance > 0.0 && std::isfinite(noise_variance), ErrorKind::input,
      "the noise variance of the weighted rows is {}, but the worth of a label is counted in units of it: "
      "it must be above 0",
      noise_variance);
  const std::vector<Index> columns = nonzero_columns(covariance_factor);
  require(!columns.empty(), ErrorKind::input,
          "there is no covariance of the coefficients, so nothing says what the model does not know yet");
  Eigen::MatrixXd root = covariance_factor(Eigen::all, columns) / std::sqrt(noise_variance);
  if (root.cols() > root.rows()) {
    const Eigen::MatrixXd reduced = linalg::triangularise(Eigen::MatrixXd(root.transpose())).transpose();
    root = reduced(Eigen::all, nonzero_columns(reduced));
  }
  return of_root(std::move(root));
}

Whitening information_of_rows(const Eigen::MatrixXd& rows, const Eigen::VectorXd& penalties, double rcond) {
  const Index p = rows.cols();
  Eigen::MatrixXd all = Eigen::MatrixXd::Zero(rows.rows() + p, p);
  all.topRows(rows.rows()) = rows;
  all.bottomRows(p).diagonal() = penalties.cwiseSqrt();
  const std::vector<Index> columns = nonzero_columns(all);
  require(!columns.empty(), ErrorKind::input, "all columns are 0, so there is nothing to learn");
  const auto n = static_cast<Index>(columns.size());
  Eigen::MatrixXd used = all(Eigen::all, columns);
  // powers of two, so that the condition is not that of the columns' units
  const Eigen::VectorXd scale = linalg::equilibration(used.colwise().norm().transpose());
  used = used * scale.asDiagonal();
  const Eigen::MatrixXd u = linalg::triangularise(used);
  const double condition = u.rows() == n ? linalg::upper_reciprocal_condition(u) : 0.0;
  require(
      condition > rcond, ErrorKind::input,
      "the columns of the start depend on each other (reciprocal condition {:.2g} of {} columns): some "
      "directions are not determined at all. Leave columns out or, where there is no criterion maxvol, set "
      "select.lambda > 0, as 1e-8",
      condition, n);
  Eigen::MatrixXd root = Eigen::MatrixXd::Zero(p, n);
  root(columns, Eigen::all) = scale.asDiagonal() * inverse_of_upper(u);
  Whitening start = of_root(std::move(root));
  start.is_triangular = n == p - 1 && columns.back() == p - 2;
  return start;
}

Information::Information(Index n)
    : factor_(Eigen::MatrixXd::Identity(n, n)), inverse_(Eigen::MatrixXd::Identity(n, n)) {}

void Information::add(const Eigen::MatrixXd& block) {
  factor_ = linalg::triangularise(heavier_first(factor_, block.transpose()));
  inverse_ = inverse_of_upper(factor_);
}

Eigen::MatrixXd Information::whitened(const Eigen::MatrixXd& block) const {
  Eigen::MatrixXd x = block;
  linalg::multiply_by_transposed_upper(inverse_, x);
  return x;
}

Eigen::MatrixXd Information::functionals(const Eigen::MatrixXd& rows) const {
  return linalg::product(rows, inverse_);
}

double Information::log_det() const { return 2.0 * factor_.diagonal().array().abs().log().sum(); }

}  // namespace tallfit::infer
