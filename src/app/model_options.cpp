#include "model_options.hpp"

namespace tallfit::app {

estimate::EstimatorOptions estimator_options(const Config& config) {
  estimate::EstimatorOptions options;
  options.lambda = config.fit.lambda;
  options.tol = config.fit.tol;
  options.max_iter = config.fit.max_iter;
  options.noise_dof =
      config.fit.noise_dof == "n-k" ? estimate::NoiseDof::n_minus_k : estimate::NoiseDof::n_minus_k_minus_2;
  options.solver.rcond = config.solver.rcond;
  if (config.solver.algorithm == "qr") options.solver.algorithm = estimate::Algorithm::qr;
  if (config.solver.algorithm == "svd") options.solver.algorithm = estimate::Algorithm::svd;
  return options;
}

estimate::RobustOptions robust_options(const Config& config) {
  const estimate::EstimatorOptions common = estimator_options(config);
  return {.kind = estimate::robust_kind(config.fit.estimator),
          .epsilon = config.fit.epsilon,
          .nu = config.fit.nu,
          .lambda = config.fit.lambda,
          .scale = config.fit.scale,
          .tol = common.tol,
          .max_iter = common.max_iter,
          .noise_dof = common.noise_dof,
          .solver = common.solver};
}

estimate::Intercept intercept_of(const Config& config) {
  return config.fit.fit_intercept ? estimate::Intercept::fitted : estimate::Intercept::none;
}

std::unique_ptr<estimate::Estimator> make_estimator(const Config& config) {
  auto estimator = estimate::make_estimator(config.fit.estimator, estimator_options(config));
  const Config::Solver& solver = config.solver;
  if (solver.refine) estimate::require_quadratic(*estimator, "solver.refine");
  if (solver.engine == "iterative") estimate::require_quadratic(*estimator, "solver.engine = \"iterative\"");
  if (solver.algorithm == "cholesky" || solver.algorithm == "lsqr")
    estimate::require_quadratic(*estimator, "solver.algorithm = \"" + solver.algorithm + "\"");
  return estimator;
}

bool is_quadratic(const Config& config) { return make_estimator(config)->penalty().has_value(); }

}  // namespace tallfit::app
