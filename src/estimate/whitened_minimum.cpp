#include "whitened_minimum.hpp"

#include "tallfit/linalg/cholesky.hpp"
#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/transfer.hpp"
#include "tallfit/linalg/triangular.hpp"

namespace tallfit::estimate {

WhitenedMinimum::WhitenedMinimum(const Eigen::MatrixXd& sum, std::string_view what)
    : root_(linalg::distribute(linalg::ProcessGrid::serial(),
                               sum.topLeftCorner(sum.rows() - 1, sum.rows() - 1))) {
  linalg::cholesky_in_place(root_, what);
  const double reciprocal = linalg::reciprocal_condition(root_);
  condition_ = 1.0 / (reciprocal * reciprocal);
  const Index r = sum.rows() - 1;
  const Eigen::VectorXd side = sum.col(r).head(r);
  augmented_.resize(r + 1);
  augmented_ << -solve(side), 1.0;
  value_ = sum(r, r) + side.dot(augmented_.head(r));
}

Eigen::VectorXd WhitenedMinimum::solve(const Eigen::VectorXd& g) const {
  return linalg::solve_upper(root_, linalg::solve_upper(root_, g, linalg::Op::transpose)).col(0);
}

Eigen::MatrixXd WhitenedMinimum::inverse() const { return linalg::inverse_gram(root_).local(); }

double WhitenedMinimum::log_determinant() const {
  return 2.0 * linalg::diagonal(root_).cwiseAbs().array().log().sum();
}

}  // namespace tallfit::estimate
