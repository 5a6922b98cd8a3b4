#include "tallfit/estimate/relevance_fit.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "tallfit/base/error.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/linalg/matrix_ops.hpp"

namespace tallfit::estimate {

namespace {

/// Precisions of the user's units in those of the search.
Relevance start_of(const ScaledSystem& system, const KnownPrecisions& known, double noise_precision) {
  const double square = system.target_size * system.target_size;
  Relevance start{.precisions = known.of_columns, .noise_precision = noise_precision};
  for (Index j = 0; j < start.precisions.size(); ++j) {
    const double norm = system.norms(j);
    start.precisions(j) =
        norm > 0.0 ? start.precisions(j) * square / (norm * norm) : std::numeric_limits<double>::infinity();
  }
  return start;
}

/// From where the user says, or the better of the starts that were asked for.
RelevanceOptimum best_optimum(const ScaledSystem& system, const RelevanceSearch& search,
                              const EstimatorOptions& options, double known_noise, SavedSearch& saved) {
  if (options.start) {
    const double square = system.target_size * system.target_size;
    const double noise = search.noise_is_known ? known_noise : options.start->of_noise * square;
    return ascend(system, start_of(system, *options.start, noise), search, saved);
  }
  std::optional<RelevanceOptimum> best;
  if (options.ard_method != ArdMethod::mackay)
    best = ascend(system, empty_start(system, search, known_noise), search, saved);
  if (options.ard_method == ArdMethod::fast) return std::move(*best);
  const Relevance start = fixed_point_start(system, search, known_noise, saved);
  RelevanceOptimum dense = ascend(system, start, search, saved);
  if (best && best->objective >= dense.objective) return std::move(*best);
  return dense;
}

/// Finds κ = 2 (m - 1) / Σ γ together with the rest.
RelevanceOptimum optimum_with_rate(const ScaledSystem& system, RelevanceSearch& search,
                                   const EstimatorOptions& options, double noise_precision,
                                   SavedSearch& saved) {
  RelevanceOptimum optimum = best_optimum(system, search, options, noise_precision, saved);
  for (Index i = 0; i < options.max_iter; ++i) {
    const auto m = static_cast<double>(optimum.posterior.active.size());
    const double variances = optimum.relevance.precisions.cwiseInverse().sum();
    const double rate = m > 1.0 ? 2.0 * (m - 1.0) / variances : 0.0;
    const double change = std::abs(rate - search.rate);
    search.rate = rate;
    RelevanceOptimum next = ascend(system, optimum.relevance, search, saved);
    next.iterations += optimum.iterations;
    next.history.insert(next.history.begin(), optimum.history.begin(), optimum.history.end());
    optimum = std::move(next);
    if (change <= 1e-8 * rate) return optimum;
  }
  optimum.converged = false;
  return optimum;
}

Path path_of(const LeastSquaresSystem& system, const ScaledSystem& units, const RelevanceOptimum& optimum) {
  const auto n = static_cast<Index>(optimum.history.size());
  Path path{.names = {"iteration", "log_evidence", "active", "alpha"},
            .figures = Eigen::MatrixXd(n, 4),
            .coefficients = Eigen::MatrixXd(system.n_coeffs(), n),
            .intercepts = Eigen::VectorXd(n)};
  const double size = units.target_size;
  for (Index i = 0; i < n; ++i) {
    const RelevanceStep& step = optimum.history[static_cast<std::size_t>(i)];
    path.figures.row(i) << static_cast<double>(i), step.log_evidence - units.n_observations * std::log(size),
        static_cast<double>(step.n_active), step.noise_precision / (size * size);
    path.coefficients.col(i) = step.coefficients;
    path.intercepts(i) = best_intercept(system, step.coefficients);
  }
  return path;
}

/// Coefficients, misfit and covariance for given precisions on the user's scale.
LinearFit fit_of_active(const LeastSquaresSystem& system, const std::vector<Index>& active,
                        const Eigen::VectorXd& precisions, double alpha, const EstimatorOptions& options) {
  LinearFit fit;
  fit.intercept_row = system.intercept;
  fit.noise_variance = 1.0 / alpha;
  fit.noise_is_known = options.alpha.has_value();
  if (active.empty()) {
    const Eigen::VectorXd none = Eigen::VectorXd::Zero(system.n_coeffs());
    fit.coefficients = fit.standard_errors = fit.covariance_diagonal = none;
    fit.residual_norm = std::hypot(system.rho, system.z.norm());
    fit.algorithm = "qr";
    fit.reason = "no column is relevant";
    fit.condition = 1.0;
    fit.intercept = best_intercept(system, none);
    if (system.intercept)
      fit.intercept_standard_error = std::sqrt(fit.noise_variance) / std::abs(system.intercept->r11);
    return fit;
  }
  const LeastSquaresSystem part = select_columns(system, active);
  Eigen::VectorXd penalties(static_cast<Index>(active.size()));
  for (std::size_t j = 0; j < active.size(); ++j)
    penalties(static_cast<Index>(j)) = precisions(active[j]) / alpha;
  auto solver = std::make_shared<const TriangularSolver>(augmented(part, penalties), options.solver);
  fit.intercept_row = part.intercept;
  fit.coefficients = solver->coefficients();
  fit.intercept = best_intercept(part, fit.coefficients);
  fit.residual_norm =
      std::hypot(part.rho, (linalg::multiply(part.r, fit.coefficients).col(0) - part.z).norm());
  fit.rank = solver->rank();
  fit.covariance_diagonal = solver->covariance_diagonal();
  fit.effective_dof = static_cast<double>(fit.rank) - penalties.dot(fit.covariance_diagonal);
  fit.condition = solver->condition();
  fit.algorithm = solver->algorithm();
  fit.reason = solver->reason();
  fit.solver = std::move(solver);
  set_standard_errors(fit);
  return expanded(std::move(fit), active, system.n_coeffs());
}

}  // namespace

LinearFit fit_relevant(const LeastSquaresSystem& system, const EstimatorOptions& options,
                       VariancePrior prior) {
  const double n = n_observations(system, options);
  const comm::Communicator& comm = system.r.grid().comm();
  comm::require_replicated(comm, n > 0.0, ErrorKind::input, "the evidence needs more than {} rows",
                           system.n_rows);
  const Index n_known = options.start ? options.start->of_columns.size() : system.n_coeffs();
  comm::require_replicated(
      comm, n_known == system.n_coeffs(), ErrorKind::input,
      "fit.start has precisions of {} columns, and the rows have {}: start from a fit of the "
      "same columns",
      n_known, system.n_coeffs());
  const ScaledSystem units = scaled(system, n, options.solver.rcond);
  const double square = units.target_size * units.target_size;
  RelevanceSearch search{.tol = options.tol,
                         .max_iter = options.max_iter,
                         .noise_is_known = options.alpha.has_value(),
                         .threshold = options.threshold_lambda};
  const double known = options.alpha.value_or(1.0) * square;
  const bool finds_rate = prior == VariancePrior::laplace && !options.laplace_rate;
  if (prior == VariancePrior::laplace) search.rate = options.laplace_rate.value_or(0.0);
  SavedSearch saved(options.checkpoint, system);
  const RelevanceOptimum optimum = finds_rate ? optimum_with_rate(units, search, options, known, saved)
                                              : best_optimum(units, search, options, known, saved);

  const double alpha = optimum.relevance.noise_precision / square;
  Eigen::VectorXd precisions = optimum.relevance.precisions / square;
  for (const Index j : optimum.posterior.active) precisions(j) *= units.norms(j) * units.norms(j);
  LinearFit fit = fit_of_active(system, optimum.posterior.active, precisions, alpha, options);
  fit.effective_dof += static_cast<double>(system.n_taken_out());
  fit.dof = static_cast<double>(system.n_rows) - fit.effective_dof;
  fit.column_precisions = precisions;
  fit.log_evidence = optimum.posterior.log_evidence - n * std::log(units.target_size);
  fit.hyperparameters = {{"alpha", alpha},
                         {"active_columns", static_cast<double>(optimum.posterior.active.size())}};
  if (prior == VariancePrior::laplace) fit.hyperparameters.emplace_back("laplace_rate", search.rate);
  fit.iterations = optimum.iterations;
  fit.converged = optimum.converged;
  fit.convergence = fmt::format(
      "a step may gain {:.1e} in log evidence {:.10g} after {} steps; the limit is {:.1e}, of fit.tol = "
      "{:.1e} and "
      "of rounding",
      optimum.gain_left, fit.log_evidence, fit.iterations, optimum.worth, options.tol);
  fit.path = path_of(system, units, optimum);
  return fit;
}

}  // namespace tallfit::estimate
