#include "tallfit/estimate/ridge_bidiagonal.hpp"

#include <cmath>
#include <utility>

namespace tallfit::estimate {

namespace {

/// y of least ‖B y - d‖² + λ ‖y‖².
///
/// A row of λ^½ is rotated into row i of B, which leaves a number in the next column; that is rotated into
/// the row of λ^½ there.
Eigen::VectorXd penalised_solution(const linalg::Bidiagonal& b, const Eigen::VectorXd& d, double lambda) {
  const Index n = d.size();
  const double root = std::sqrt(lambda);
  Eigen::VectorXd diagonal(n);
  Eigen::VectorXd above = Eigen::VectorXd::Zero(n);
  Eigen::VectorXd y(n);
  double penalty = root;  // the row that is rotated in, and its right-hand side
  double rhs = 0.0;
  for (Index i = 0; i < n; ++i) {
    diagonal(i) = std::hypot(b.diagonal()(i), penalty);
    const double cosine = b.diagonal()(i) / diagonal(i);
    const double sine = penalty / diagonal(i);
    y(i) = cosine * d(i) + sine * rhs;
    if (i + 1 == n) break;
    above(i) = cosine * b.above()(i);
    const double filled = -sine * b.above()(i);
    penalty = std::hypot(root, filled);
    rhs = filled / penalty * (cosine * rhs - sine * d(i));
  }
  for (Index i = n - 1; i >= 0; --i) y(i) = (y(i) - (i + 1 < n ? above(i) * y(i + 1) : 0.0)) / diagonal(i);
  return y;
}

}  // namespace

RidgeBidiagonal::RidgeBidiagonal(const LeastSquaresSystem& system)
    : reduced_(system.r, "the factor"),
      target_(reduced_.q_transposed_times(system.z)),
      values_(reduced_.singular_values()) {}

Eigen::MatrixXd RidgeBidiagonal::coefficients(const Eigen::VectorXd& lambdas) const {
  Eigen::MatrixXd y(target_.size(), lambdas.size());
  for (Index i = 0; i < lambdas.size(); ++i) y.col(i) = penalised_solution(reduced_, target_, lambdas(i));
  return reduced_.p_times(std::move(y));
}

}  // namespace tallfit::estimate
