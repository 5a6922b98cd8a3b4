#include "tallfit/estimate/ridge_spectrum.hpp"

#include <cmath>
#include <limits>

#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/svd.hpp"

namespace tallfit::estimate {

namespace {

/// s / (s² + λ); a direction that the data do not see has no part in θ.
Eigen::ArrayXd shrunk_inverse(const Eigen::VectorXd& s, double lambda) {
  return (s.array() > 0.0).select(s.array() / (s.array().square() + lambda), 0.0);
}

/// λ / (s² + λ): what is left of each part of the target.
Eigen::ArrayXd unexplained(const Eigen::VectorXd& s, double lambda) {
  return 1.0 - s.array() * shrunk_inverse(s, lambda);
}

}  // namespace

double RidgeSpectrum::residual_square(double lambda) const {
  const Eigen::ArrayXd left =
      lambda > 0.0 ? Eigen::ArrayXd(lambda / (values.array().square() + lambda)) : unexplained(values, 0.0);
  return rho * rho + (left * projected.array()).square().sum();
}

double RidgeSpectrum::coefficient_square(double lambda) const {
  return (shrunk_inverse(values, lambda) * projected.array()).square().sum();
}

double RidgeSpectrum::effective_dof(double lambda) const {
  return (values.array() * shrunk_inverse(values, lambda)).sum() + static_cast<double>(n_taken_out);
}

Eigen::VectorXd RidgeSpectrum::coefficients(double lambda) const {
  return coefficients(Eigen::VectorXd(Eigen::VectorXd::Constant(1, lambda))).col(0);
}

Eigen::MatrixXd RidgeSpectrum::coefficients(const Eigen::VectorXd& lambdas) const {
  Eigen::MatrixXd y(values.size(), lambdas.size());
  for (Index i = 0; i < lambdas.size(); ++i)
    y.col(i) = shrunk_inverse(values, lambdas(i)) * projected.array();
  return linalg::multiply(vt, y, linalg::Op::transpose);
}

RidgeSpectrum ridge_spectrum(const LeastSquaresSystem& system) {
  linalg::Svd svd = linalg::svd(system.r, "the factor");
  Eigen::VectorXd projected = linalg::multiply(svd.u, system.z, linalg::Op::transpose).col(0);
  return {.values = std::move(svd.values),
          .projected = std::move(projected),
          .vt = std::move(svd.vt),
          .rho = system.rho,
          .n_rows = system.n_rows,
          .n_taken_out = system.n_taken_out()};
}

double generalized_cross_validation(const RidgeSpectrum& spectrum, double lambda) {
  const auto n = static_cast<double>(spectrum.n_rows);
  const double left = n - spectrum.effective_dof(lambda);
  if (!(left > 0.0)) return std::numeric_limits<double>::infinity();
  return n * spectrum.residual_square(lambda) / (left * left);
}

}  // namespace tallfit::estimate
