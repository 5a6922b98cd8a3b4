#include "tallfit/estimate/information_criterion.hpp"

#include <cmath>
#include <numbers>

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/linalg/matrix_ops.hpp"

namespace tallfit::estimate {

InformationCriterion::InformationCriterion(const LeastSquaresSystem& system, const EstimatorOptions& options)
    : n_(static_cast<double>(system.n_rows)), factor_(options.criterion == "aic" ? 2.0 : std::log(n_)) {
  const TriangularSolver all(system, options.solver);
  const double left = n_ - static_cast<double>(all.rank() + system.n_taken_out());
  double residual = system.rho;
  if (all.rank() < system.n_coeffs())
    residual =
        std::hypot(residual, (linalg::multiply(system.r, all.coefficients()).col(0) - system.z).norm());
  comm::require_replicated(
      system.r.grid().comm(), left > 0.0 && residual > 0.0, ErrorKind::input,
      "fit.criterion needs the noise, which least squares on all columns does not tell: {} "
      "rows, rank {}, residual norm {}. Give fit.lambda of fit.estimator = \"lasso\" instead",
      system.n_rows, all.rank(), residual);
  noise_variance_ = residual * residual / left;
}

double InformationCriterion::value(double residual_norm, double degrees_of_freedom) const {
  return n_ * std::log(2.0 * std::numbers::pi * noise_variance_) +
         residual_norm * residual_norm / noise_variance_ + factor_ * degrees_of_freedom;
}

}  // namespace tallfit::estimate
