#include "model_options.hpp"

#include <fmt/ranges.h>

#include "tallfit/base/error.hpp"
#include "tallfit/io/fit_file.hpp"
#include "tallfit/io/matrix_reader.hpp"

namespace tallfit::app {

namespace {

bool has_prior(const Config::Fit& fit) {
  return !fit.column_lambda.empty() || !fit.smooth.empty() || !fit.prior_mean.empty() ||
         !fit.prior_matrix.empty();
}

/// Columns differ in their penalties.
bool tells_columns_apart(const Config::Fit& fit) { return has_prior(fit) || !fit.unpenalised.empty(); }

estimate::Prior::Rows read_prior_rows(const std::string& path, Index n_cols) {
  const std::unique_ptr<io::MatrixReader> reader = io::open_matrix(path);
  require(reader->n_cols() == n_cols, ErrorKind::input,
          "fit.prior_matrix: {} has {} columns, and the design has {}", reader->describe(), reader->n_cols(),
          n_cols);
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows(reader->n_rows(), n_cols);
  reader->read_rows(0, rows.rows(), rows.data());
  require(rows.allFinite(), ErrorKind::input, "fit.prior_matrix: {} holds NaN or infinity",
          reader->describe());
  return rows.sparseView();
}

estimate::Prior read_prior(const Config::Fit& fit, const std::vector<std::string>& column_names) {
  estimate::PriorWishes wishes{.column_lambda = fit.column_lambda, .smooth = fit.smooth, .mean = {}};
  if (!fit.prior_mean.empty()) {
    const io::FittedModel model = io::read_fit_file(fit.prior_mean);
    for (std::size_t j = 0; j < model.column_names.size(); ++j)
      wishes.mean[model.column_names[j]] = model.coefficients(static_cast<Index>(j));
  }
  estimate::Prior prior = estimate::make_prior(column_names, wishes);
  if (!fit.prior_matrix.empty())
    prior.rows = read_prior_rows(fit.prior_matrix, static_cast<Index>(column_names.size()));
  return prior;
}

estimate::KnownPrecisions precisions_of(const std::string& earlier_fit) {
  const io::FittedModel model = io::read_fit_file(earlier_fit);
  require(
      model.column_precisions.size() > 0, ErrorKind::input,
      "fit.start = '{}': that fit found no precisions of columns; fit.estimator = \"ard\" or \"bcs\" does",
      earlier_fit);
  return {.of_columns = model.column_precisions, .of_noise = 1.0 / model.noise_variance};
}

/// Steps that only a penalty known before the fit allows.
void check_steps(const Config& config, const estimate::Estimator& estimator) {
  const Config::Solver& solver = config.solver;
  const auto check = [&](const std::string& step) {
    require(!tells_columns_apart(config.fit), ErrorKind::input,
            "{} is not for fit.unpenalised, fit.column_lambda, fit.smooth, fit.prior_mean or "
            "fit.prior_matrix: leave it out",
            step);
    estimate::require_quadratic(estimator, step);
  };
  if (solver.refine) check("solver.refine");
  if (solver.engine == "iterative") check("solver.engine = \"iterative\"");
  if (solver.algorithm == "cholesky" || solver.algorithm == "lsqr")
    check("solver.algorithm = \"" + solver.algorithm + "\"");
}

}  // namespace

void check_prior(const Config::Fit& fit) {
  require(
      !has_prior(fit) || fit.estimator == "ridge", ErrorKind::input,
      "fit.column_lambda, fit.smooth, fit.prior_mean and fit.prior_matrix are for fit.estimator = \"ridge\", "
      "not {}",
      fit.estimator);
  require(!has_prior(fit) || fit.unpenalised.empty(), ErrorKind::input,
          "fit.unpenalised does not go with fit.column_lambda, fit.smooth, fit.prior_mean and "
          "fit.prior_matrix, which say the penalty of every column: set fit.column_lambda to 0 for [{}]",
          fmt::join(fit.unpenalised, ", "));
  require(!tells_columns_apart(fit) || fit.optimize_weights == "none", ErrorKind::input,
          "fit.optimize_weights = \"{}\" knows the penalty of the norm alone: leave out fit.unpenalised, "
          "fit.column_lambda, fit.smooth, fit.prior_mean and fit.prior_matrix",
          fit.optimize_weights);
  require(!has_prior(fit) || fit.select == "none" || fit.select == "cv", ErrorKind::input,
          "fit.select = \"{}\" knows the penalty of the norm alone: leave out fit.column_lambda, fit.smooth, "
          "fit.prior_mean and fit.prior_matrix, or set fit.select = \"cv\"",
          fit.select);
  require(fit.prior_matrix.empty() || (fit.column_lambda.empty() && fit.smooth.empty()), ErrorKind::input,
          "fit.prior_matrix = {} says the whole penalty: leave out fit.column_lambda and fit.smooth",
          fit.prior_matrix);
}

estimate::EstimatorOptions estimator_options(const Config& config) {
  estimate::EstimatorOptions options;
  options.lambda = config.fit.lambda;
  options.lambdas = config.fit.lambdas;
  options.criterion = config.fit.criterion;
  if (config.fit.evidence_rows == "weights") options.evidence_rows = estimate::EvidenceRows::weights;
  options.tol = config.fit.tol;
  options.max_iter = config.fit.max_iter;
  options.l1_ratio = config.fit.l1_ratio;
  options.n_lambdas = config.fit.n_lambdas;
  options.eps = config.fit.eps;
  options.gamma = config.fit.gamma;
  options.initial_lambda = config.fit.initial_lambda;
  options.n_nonzero_coefs = config.fit.n_nonzero_coefs;
  options.max_residual = config.fit.max_residual;
  options.normalize = config.fit.normalize;
  options.n_features_to_select = config.fit.n_features_to_select;
  options.step = config.fit.step;
  options.noise_dof =
      config.fit.noise_dof == "n-k" ? estimate::NoiseDof::n_minus_k : estimate::NoiseDof::n_minus_k_minus_2;
  if (config.fit.alpha > 0.0) options.alpha = config.fit.alpha;
  options.threshold_lambda = config.fit.threshold_lambda;
  if (config.fit.ard_method == "mackay") options.ard_method = estimate::ArdMethod::mackay;
  if (config.fit.ard_method == "fast") options.ard_method = estimate::ArdMethod::fast;
  if (config.fit.laplace_rate > 0.0) options.laplace_rate = config.fit.laplace_rate;
  options.prior_variance = config.kernel.variance;
  options.finds_variances = config.kernel.optimize != "none";
  options.solver.rcond = config.solver.rcond;
  if (config.solver.algorithm == "qr") options.solver.algorithm = estimate::Algorithm::qr;
  if (config.solver.algorithm == "svd") options.solver.algorithm = estimate::Algorithm::svd;
  return options;
}

bool needs_rows(const Config& config) {
  return estimate::is_robust(config.fit.estimator) || config.fit.estimator == model_error_name;
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

estimate::EstimatorOptions estimator_options(const Config& config,
                                             const std::vector<std::string>& column_names) {
  estimate::EstimatorOptions options = estimator_options(config);
  if (has_prior(config.fit))
    options.prior = std::make_shared<const estimate::Prior>(read_prior(config.fit, column_names));
  if (!config.fit.unpenalised.empty())
    options.free = estimate::free_columns(column_names, config.fit.unpenalised);
  if (!config.fit.start.empty()) options.start = precisions_of(config.fit.start);
  return options;
}

estimate::Intercept intercept_of(const Config& config) {
  return config.fit.fit_intercept ? estimate::Intercept::fitted : estimate::Intercept::none;
}

std::unique_ptr<estimate::Estimator> make_estimator(const Config& config) {
  auto estimator = estimate::make_estimator(config.fit.estimator, estimator_options(config));
  check_steps(config, *estimator);
  return estimator;
}

std::unique_ptr<estimate::Estimator> make_estimator(const Config& config,
                                                    const std::vector<std::string>& column_names) {
  return estimate::make_estimator(config.fit.estimator, estimator_options(config, column_names));
}

bool is_quadratic(const Config& config) {
  return !tells_columns_apart(config.fit) && make_estimator(config)->penalty().has_value();
}

}  // namespace tallfit::app
