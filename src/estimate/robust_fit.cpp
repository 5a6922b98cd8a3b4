#include "tallfit/estimate/robust_fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "robust_iteration.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/estimate/quadratic_fit.hpp"

namespace tallfit::estimate {

namespace {

/// Least squares, and the root of the mean square of what it leaves; from rank 0.
RobustStart start_of(const LinearFit& fit, const LeastSquaresSystem* system, const RobustOptions& options,
                     const RobustRows& rows) {
  std::vector<double> numbers;
  if (rows.comm.is_root()) {
    numbers.assign(fit.coefficients.begin(), fit.coefficients.end());
    numbers.push_back(fit.intercept);
    numbers.push_back(fit.residual_norm / std::sqrt(system->sum_of_weights));
    // where nothing is left, a scale that stands for rounding
    const double rounding = std::numeric_limits<double>::epsilon() * system->z.norm();
    numbers.back() = std::max({numbers.back(), rounding, std::numeric_limits<double>::min()});
    numbers.insert(numbers.end(), {static_cast<double>(fit.rank), fit.condition});
  }
  comm::broadcast(rows.comm, numbers, 0);
  const Index n = rows.layout.n_cols + 1;
  const double* rest = numbers.data() + n;
  RobustStart start{.at = {.x = Eigen::Map<const Eigen::VectorXd>(numbers.data(), n), .scale = rest[0]},
                    .rank = static_cast<Index>(rest[1]),
                    .condition = rest[2]};
  if (options.kind != RobustKind::laplace && options.scale > 0.0) start.at.scale = options.scale;
  return start;
}

/// Huber's asymptotic covariance, as a variance that multiplies that of least squares.
void set_robust_uncertainty(LinearFit& fit, const LeastSquaresSystem& system, const RobustSums& sums,
                            const RobustOptions& options) {
  const double total = system.sum_of_weights;
  const double mean = sums.curvatures / total;
  const double penalty = mean > 0.0 ? 2.0 * options.penalty() / mean : 0.0;
  LinearFit as = fit_quadratic(system, penalty, options.uncertainty());
  const auto rows = static_cast<double>(system.n_rows);
  const double spread = std::max(0.0, sums.squared_curvatures / total - mean * mean);
  const double correction = 1.0 + as.effective_dof / rows * spread / (mean * mean);
  // The squares whose mean per degree of freedom is the variance that Huber's formula has in place of σ².
  as.residual_norm = correction / mean * std::sqrt(sums.squared_slopes);
  set_uncertainty(as, system, options.uncertainty());
  fit = std::move(as);
  fit.noise_is_gaussian = false;
}

}  // namespace

void require_valid(const RobustOptions& options) {
  require(options.epsilon > 1.0 && std::isfinite(options.epsilon), ErrorKind::input,
          "fit.epsilon = {}: expected a finite number above 1", options.epsilon);
  require(options.nu > 0.0 && std::isfinite(options.nu), ErrorKind::input,
          "fit.nu = {}: expected a finite number above 0", options.nu);
  require(options.lambda >= 0.0 && std::isfinite(options.lambda), ErrorKind::input,
          "fit.lambda = {}: expected a finite number of at least 0", options.lambda);
  require(options.scale >= 0.0 && std::isfinite(options.scale), ErrorKind::input,
          "fit.scale = {}: expected a finite number above 0, or 0 where it is to be estimated",
          options.scale);
  require(options.kind != RobustKind::laplace || options.scale == 0.0, ErrorKind::input,
          "fit.scale = {}: fit.estimator = \"laplace\" has no scale. Leave it out", options.scale);
  require(options.tol > 0.0 && options.tol < 1.0, ErrorKind::input,
          "fit.tol = {}: expected a number between 0 and 1", options.tol);
}

std::string objective(const RobustOptions& options) {
  const std::string scale = options.scale > 0.0 ? fmt::format("s = {}", options.scale) : "s free";
  switch (options.kind) {
    case RobustKind::huber:
      return fmt::format(
          "sum w^2 (s + H(r / s) s) + {} ||theta||^2, H(z) = z^2 for |z| < {}, else 2 {} |z| - {}^2; {}",
          options.lambda, options.epsilon, options.epsilon, options.epsilon, scale);
    case RobustKind::student_t:
      return fmt::format("sum w^2 (({} + 1)/2 ln(1 + r^2 / ({} s^2)) + ln s); {}", options.nu, options.nu,
                         scale);
    case RobustKind::laplace:
      break;
  }
  return "sum w^2 |r|";
}

LinearFit fit_robust(const RobustRows& rows, const LeastSquaresSystem* system, Intercept intercept,
                     const RobustOptions& options) {
  comm::all_or_none(rows.comm, [&] { require_valid(options); });
  LinearFit fit;
  comm::all_or_none(rows.comm, [&] {
    if (system != nullptr) fit = fit_quadratic(*system, options.penalty(), options.uncertainty());
  });
  RobustIteration iteration(rows, intercept, options, start_of(fit, system, options, rows));
  fit.solver = nullptr;  // room for the factors of the passes
  iteration.run();

  const RobustPoint& at = iteration.at();
  const RobustSums& sums = iteration.sums();
  const Index n = rows.layout.n_cols;
  const bool is_laplace = options.kind == RobustKind::laplace;
  double scale = at.scale;
  comm::all_or_none(rows.comm, [&] {
    if (system == nullptr) return;
    if (is_laplace) {
      scale = sums.absolute / system->sum_of_weights;
      constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
      fit.noise_variance = unknown;
      fit.standard_errors = Eigen::VectorXd::Constant(n, unknown);
      fit.intercept_standard_error = unknown;
    } else {
      set_robust_uncertainty(fit, *system, sums, options);
    }
  });
  comm::broadcast(rows.comm, std::span(&scale, 1), 0);
  fit.coefficients = at.x.head(n);
  fit.intercept = at.x(n);
  fit.iterations = iteration.passes();
  fit.converged = iteration.converged();
  fit.convergence = iteration.how();
  fit.objective = objective(options);
  fit.residual_norm = std::sqrt(sums.squares);
  fit.algorithm = "newton";
  fit.reason = "QR of the weighted rows in each pass";
  fit.hyperparameters = {{"scale", scale}, {"objective", iteration.objective()}};
  if (is_laplace) fit.hyperparameters.emplace_back("duality_gap", iteration.duality_gap());
  if (options.kind == RobustKind::huber && options.estimates_scale())
    fit.hyperparameters.emplace_back("noise_scale", scale / huber_scale_of_gaussian(options.epsilon));
  return fit;
}

}  // namespace tallfit::estimate
