#include "tallfit/estimate/support_fit.hpp"

#include <cmath>

#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/linalg/matrix_ops.hpp"

namespace tallfit::estimate {

namespace {

/// The fit of a constant, or of nothing.
LinearFit fit_of_no_column(const LeastSquaresSystem& system, const EstimatorOptions& options) {
  LinearFit fit;
  fit.coefficients = Eigen::VectorXd::Zero(system.n_coeffs());
  fit.covariance_diagonal = fit.coefficients;
  fit.intercept_row = system.intercept;
  fit.intercept = best_intercept(system, fit.coefficients);
  fit.residual_norm = std::hypot(system.rho, system.z.norm());
  fit.effective_dof = static_cast<double>(system.n_taken_out());
  fit.algorithm = "qr";
  fit.reason = "no column was chosen";
  set_noise(fit, system, options);
  fit.standard_errors = fit.coefficients;
  if (system.intercept)
    fit.intercept_standard_error = std::sqrt(fit.noise_variance) / std::abs(system.intercept->r11);
  return fit;
}

}  // namespace

LinearFit fit_support(const LeastSquaresSystem& system, const Support& support,
                      const EstimatorOptions& options) {
  if (support.columns.empty()) return fit_of_no_column(system, options);
  const LeastSquaresSystem part = select_columns(system, support.columns);
  LinearFit fit = fit_quadratic(part, support.square, options);
  if (support.gradient.size() > 0) {
    fit.coefficients -= fit.solver->solve_normal(support.gradient);
    fit.intercept = best_intercept(part, fit.coefficients);
    const Eigen::VectorXd misfit = linalg::multiply(part.r, fit.coefficients).col(0) - part.z;
    fit.residual_norm = std::hypot(part.rho, misfit.norm());
    set_uncertainty(fit, part, options);
  }
  return expanded(std::move(fit), support.columns, system.n_coeffs());
}

}  // namespace tallfit::estimate
