#include "tallfit/estimate/gaussian_process.hpp"

#include <cmath>
#include <numbers>

#include "entries.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/estimate/evidence.hpp"
#include "tallfit/estimate/noise_likelihood.hpp"
#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/linalg/matrix_ops.hpp"

namespace tallfit::estimate {

namespace {

/// Kernel rows apart from what is outside of their basis.
struct KernelSystem {
  LeastSquaresSystem inside;  ///< the last column is 0
  double outside = 0.0;       ///< T
};

/// The last column of a triangle is apart as it is: no rotation is needed.
KernelSystem take_apart(const LeastSquaresSystem& system) {
  KernelSystem parts{.inside = system, .outside = 0.0};
  LeastSquaresSystem& inside = parts.inside;
  const Index last = system.n_coeffs() - 1;
  parts.outside = std::pow(linalg::column_norms(system.r)(last), 2);
  for (Index j = 0; j < inside.r.local_cols(); ++j)
    if (inside.r.global_col(j) == last) inside.r.local().col(j).setZero();
  inside.rho = std::hypot(system.rho, system.z(last));
  inside.z(last) = 0.0;
  if (inside.intercept) {
    parts.outside += std::pow(inside.intercept->r12(last), 2);
    inside.intercept->r12(last) = 0.0;
  }
  return parts;
}

/// Q and Σ ln(1 + s e / σ²), the halves of an evidence.
struct Volumes {
  double square = 0.0;
  double log_determinant = 0.0;
};

ProcessEvidence evidence_of(const Volumes& volumes, double outside, double n, double variance,
                            double noise_level) {
  ProcessEvidence evidence{
      .variance = variance, .noise_level = noise_level, .log_evidence = 0.0, .bound = 0.0};
  evidence.log_evidence = -0.5 * (n * std::log(2.0 * std::numbers::pi * noise_level) +
                                  volumes.log_determinant + volumes.square / noise_level);
  evidence.bound = evidence.log_evidence - 0.5 * variance * outside / noise_level;
  return evidence;
}

ProcessEvidence search(const KernelSystem& system, const EstimatorOptions& options) {
  const RidgeSpectrum spectrum = ridge_spectrum(system.inside);
  const double n = n_observations(system.inside, options);
  const Eigen::ArrayXd e = spectrum.values.array().square();
  const Eigen::ArrayXd u2 = spectrum.projected.array().square();
  const auto at = [&](double log_lambda) {
    const double lambda = std::exp(log_lambda);
    const Volumes volumes{.square = spectrum.rho * spectrum.rho + (u2 * lambda / (e + lambda)).sum(),
                          .log_determinant = (e / lambda).log1p().sum()};
    // At the best σ² = Q / N both Q / σ² and N are N.
    const double noise_level = volumes.square / n;
    return evidence_of(volumes, system.outside, n, noise_level / lambda, noise_level);
  };
  const double largest = std::max(e(0), system.outside / n);
  require(largest > 0.0 && spectrum.rho * spectrum.rho + u2.sum() > 0.0, ErrorKind::numerical,
          "the kernel, or every target, is 0 in all training rows: there are no variances to find");
  const double low = std::log(largest) - 37.0;  // ε of the largest
  const double high = std::log(largest) + 10.0;
  const double best = minimise([&](double log_lambda) { return -at(log_lambda).bound; },
                               {.low = low, .high = high, .points = 189, .tolerance = 1e-9});
  require(
      best > low + 0.5, ErrorKind::numerical,
      "the evidence grows as the noise goes to 0: targets without noise to speak of have no best variances. "
      "Set kernel.optimize = \"none\", kernel.variance and fit.lambda");
  return at(best);
}

/// Fits kernel rows with known variances.
class GaussianProcess final : public Estimator {
public:
  explicit GaussianProcess(const EstimatorOptions& options) : options_(checked(options)) {
    require(options.lambda > 0.0 && std::isfinite(options.lambda), ErrorKind::input,
            "fit.lambda = {}: the variance of the noise is a finite number > 0", options.lambda);
    require(options.prior_variance > 0.0 && std::isfinite(options.prior_variance), ErrorKind::input,
            "kernel.variance = {}: expected a finite number > 0", options.prior_variance);
  }

  LinearFit fit(const LeastSquaresSystem& system) const override {
    const KernelSystem parts = take_apart(system);
    ProcessEvidence evidence{.variance = options_.prior_variance,
                             .noise_level = options_.lambda,
                             .log_evidence = 0.0,
                             .bound = 0.0};
    if (options_.finds_variances)
      evidence = search(parts, options_);
    else
      evidence = evidence_of(volumes(parts.inside), parts.outside, n_observations(system, options_),
                             options_.prior_variance, options_.lambda);
    LinearFit fit = fit_quadratic(parts.inside, evidence.noise_level / evidence.variance, options_);
    fit.noise_variance = evidence.noise_level;  // known, not what is left of the residual
    fit.noise_is_known = true;
    set_standard_errors(fit);
    fit.log_evidence = evidence.log_evidence;
    fit.hyperparameters = {{"variance", evidence.variance},
                           {"noise_level", evidence.noise_level},
                           {"evidence_bound", evidence.bound}};
    fit.objective = objective();
    return fit;
  }
  bool has_evidence() const override { return true; }
  std::string objective() const override {
    return "||W (f + c - b)||^2 + noise ||f||^2 in the norm of the kernel";
  }

private:
  Volumes volumes(const LeastSquaresSystem& inside) const {
    const double lambda = options_.lambda / options_.prior_variance;
    const LeastSquaresSystem penalised = augmented(inside, lambda);
    const Eigen::ArrayXd pivots = linalg::diagonal(penalised.r).array().abs();
    return {.square = penalised.rho * penalised.rho,
            .log_determinant = 2.0 * (pivots / std::sqrt(lambda)).log().sum()};
  }

  EstimatorOptions options_;
};

}  // namespace

ProcessEvidence best_variances(const LeastSquaresSystem& system, const EstimatorOptions& options) {
  return search(take_apart(system), options);
}

std::unique_ptr<Estimator> make_gaussian_process(const EstimatorOptions& options) {
  return std::make_unique<GaussianProcess>(options);
}

}  // namespace tallfit::estimate
