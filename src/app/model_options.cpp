#include "model_options.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/io/fit_file.hpp"

namespace tallfit::app {

estimate::EstimatorOptions estimator_options(const Config& config) {
  estimate::EstimatorOptions options;
  options.lambda = config.fit.lambda;
  options.tol = config.fit.tol;
  options.max_iter = config.fit.max_iter;
  options.noise_dof =
      config.fit.noise_dof == "n-k" ? estimate::NoiseDof::n_minus_k : estimate::NoiseDof::n_minus_k_minus_2;
  if (config.fit.evidence_rows == "weights") options.evidence_rows = estimate::EvidenceRows::weights;
  if (config.fit.alpha > 0.0) options.alpha = config.fit.alpha;
  options.threshold_lambda = config.fit.threshold_lambda;
  if (config.fit.ard_method == "mackay") options.ard_method = estimate::ArdMethod::mackay;
  if (config.fit.ard_method == "fast") options.ard_method = estimate::ArdMethod::fast;
  if (config.fit.laplace_rate > 0.0) options.laplace_rate = config.fit.laplace_rate;
  options.solver.rcond = config.solver.rcond;
  if (config.solver.algorithm == "qr") options.solver.algorithm = estimate::Algorithm::qr;
  if (config.solver.algorithm == "svd") options.solver.algorithm = estimate::Algorithm::svd;
  return options;
}

estimate::Intercept intercept_of(const Config& config) {
  return config.fit.fit_intercept ? estimate::Intercept::fitted : estimate::Intercept::none;
}

namespace {

estimate::KnownPrecisions precisions_of(const std::string& earlier_fit) {
  const io::FittedModel model = io::read_fit_file(earlier_fit);
  require(
      model.column_precisions.size() > 0, ErrorKind::input,
      "fit.start = '{}': that fit found no precisions of columns; fit.estimator = \"ard\" or \"bcs\" does",
      earlier_fit);
  return {.of_columns = model.column_precisions, .of_noise = 1.0 / model.noise_variance};
}

}  // namespace

std::unique_ptr<estimate::Estimator> make_estimator(const Config& config) {
  estimate::EstimatorOptions options = estimator_options(config);
  if (!config.fit.start.empty()) options.start = precisions_of(config.fit.start);
  auto estimator = estimate::make_estimator(config.fit.estimator, options);
  const Config::Solver& solver = config.solver;
  if (solver.refine) estimate::require_quadratic(*estimator, "solver.refine");
  if (solver.engine == "iterative") estimate::require_quadratic(*estimator, "solver.engine = \"iterative\"");
  if (solver.algorithm == "cholesky" || solver.algorithm == "lsqr")
    estimate::require_quadratic(*estimator, "solver.algorithm = \"" + solver.algorithm + "\"");
  return estimator;
}

bool is_quadratic(const Config& config) { return make_estimator(config)->penalty().has_value(); }

}  // namespace tallfit::app
