// Estimators that choose columns step by step, and least squares on these.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "entries.hpp"

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/estimate/feature_elimination.hpp"
#include "tallfit/estimate/greedy_selection.hpp"
#include "tallfit/estimate/lars.hpp"
#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/estimate/support_fit.hpp"

namespace tallfit::estimate {

namespace {

constexpr const char* on_chosen_columns = "||W (A theta + c - b)||^2 on the chosen columns";

void require_counts(const EstimatorOptions& options) {
  require(options.n_nonzero_coefs >= 0, ErrorKind::input, "fit.n_nonzero_coefs = {}: expected at least 0",
          options.n_nonzero_coefs);
  require(options.n_features_to_select >= 0, ErrorKind::input,
          "fit.n_features_to_select = {}: expected at least 0", options.n_features_to_select);
  require(options.max_residual >= 0.0 && std::isfinite(options.max_residual), ErrorKind::input,
          "fit.max_residual = {}: expected a finite number of at least 0", options.max_residual);
  const bool whole = options.step >= 1.0 && options.step == std::floor(options.step);
  require(std::isfinite(options.step) && (whole || (options.step > 0.0 && options.step < 1.0)),
          ErrorKind::input, "fit.step = {}: expected a whole number of at least 1, or a part between 0 and 1",
          options.step);
}

EstimatorOptions checked_selection(const EstimatorOptions& options) {
  require_counts(options);
  require_penalty(options);
  return checked(options);
}

/// fit.n_features_to_select, or half of the columns. @throws Error{input} where there are fewer columns
Index n_selected(const EstimatorOptions& options, const LeastSquaresSystem& system) {
  const Index n = system.n_coeffs();
  comm::require_replicated(system.r.grid().comm(), options.n_features_to_select <= n, ErrorKind::input,
                           "fit.n_features_to_select = {}, but there are {} columns",
                           options.n_features_to_select, n);
  return options.n_features_to_select > 0 ? options.n_features_to_select : std::max<Index>(1, n / 2);
}

Index n_nonzero(const EstimatorOptions& options, const LeastSquaresSystem& system, Index otherwise) {
  comm::require_replicated(system.r.grid().comm(), options.n_nonzero_coefs <= system.n_coeffs(),
                           ErrorKind::input, "fit.n_nonzero_coefs = {}, but there are {} columns",
                           options.n_nonzero_coefs, system.n_coeffs());
  return options.n_nonzero_coefs > 0 ? options.n_nonzero_coefs : otherwise;
}

LarsPath saved_path(const LeastSquaresSystem& system, LarsMethod method, const LarsEnd& end,
                    const EstimatorOptions& options) {
  SavedSearch saved(options.checkpoint, system);
  return lars_path(system, method, end, options.solver.rcond, saved);
}

GreedySelection saved_selection(const LeastSquaresSystem& system, const CandidateScore& score,
                                const GreedyEnd& end, const EstimatorOptions& options) {
  SavedSearch saved(options.checkpoint, system);
  return select_greedily(system, score, end, options.solver.rcond, saved);
}

/// The fit of a path's last point.
LinearFit fit_of_path(const LeastSquaresSystem& system, const LarsPath& found,
                      const EstimatorOptions& options) {
  const double correlation = found.knots.back().lambda * system.sum_of_weights;
  LinearFit fit =
      fit_support(system, {.columns = found.columns, .gradient = correlation * found.signs}, options);
  fit.iterations = static_cast<Index>(found.knots.size()) - 1;
  const auto n = static_cast<Index>(found.knots.size());
  fit.path = Path{.names = {"lambda", "nonzero", "residual_norm"},
                  .figures = Eigen::MatrixXd(n, 3),
                  .coefficients = Eigen::MatrixXd(system.n_coeffs(), n),
                  .intercepts = Eigen::VectorXd(n)};
  for (Index i = 0; i < n; ++i) {
    const LarsKnot& knot = found.knots[static_cast<std::size_t>(i)];
    fit.path->figures.row(i) << knot.lambda, static_cast<double>((knot.coefficients.array() != 0.0).count()),
        knot.residual_norm;
    fit.path->coefficients.col(i) = knot.coefficients;
    fit.path->intercepts(i) = best_intercept(system, knot.coefficients);
  }
  fit.converged = found.complete;
  fit.convergence = fmt::format("{} steps of the path, down to lambda = {}; fit.max_iter = {}",
                                fit.iterations, found.knots.back().lambda, options.max_iter);
  return fit;
}

/// scikit-learn's Lars: as many columns as were asked for, of all those that join.
class Lars final : public Estimator {
public:
  explicit Lars(const EstimatorOptions& options) : options_(checked_selection(options)) {}

  LinearFit fit(const LeastSquaresSystem& system) const override {
    const LarsEnd end{.columns = n_nonzero(options_, system, 0), .steps = options_.max_iter};
    LinearFit result = fit_of_path(system, saved_path(system, LarsMethod::lar, end, options_), options_);
    result.objective = objective();
    return result;
  }
  bool is_search() const override { return true; }
  std::string objective() const override { return "correlations of equal size on the chosen columns"; }

private:
  EstimatorOptions options_;
};

/// scikit-learn's LassoLars with alpha = fit.lambda: the minimum of `lasso`, by its path.
class LassoLars final : public Estimator {
public:
  explicit LassoLars(const EstimatorOptions& options) : options_(checked_selection(options)) {}

  LinearFit fit(const LeastSquaresSystem& system) const override {
    const LarsEnd end{.lambda = options_.lambda, .steps = options_.max_iter};
    LinearFit result = fit_of_path(system, saved_path(system, LarsMethod::lasso, end, options_), options_);
    result.objective = objective();
    return result;
  }
  bool is_search() const override { return true; }
  std::string objective() const override {
    return "1/(2 S) ||W (A theta + c - b)||^2 + lambda sum |theta_j|, S = sum w^2";
  }

private:
  EstimatorOptions options_;
};

/// Least squares on columns that were chosen one after another; the path has a point for each.
LinearFit fit_of_selection(const LeastSquaresSystem& system, const GreedySelection& chosen,
                           const EstimatorOptions& options) {
  LinearFit fit = fit_support(system, {.columns = chosen.columns}, options);
  const auto n = static_cast<Index>(chosen.residual_norms.size());
  Path path{.names = {"n_columns", Path::column, "residual_norm"},
            .figures = Eigen::MatrixXd(n, 3),
            .coefficients = Eigen::MatrixXd::Zero(system.n_coeffs(), n),
            .intercepts = Eigen::VectorXd(n)};
  for (Index i = 0; i < n; ++i) {
    const auto at = static_cast<std::size_t>(i);
    path.figures.row(i) << static_cast<double>(i),
        i > 0 ? static_cast<double>(chosen.columns[at - 1]) : std::numeric_limits<double>::quiet_NaN(),
        chosen.residual_norms[at];
    for (std::size_t k = 0; k < at; ++k)
      path.coefficients(chosen.columns[k], i) = chosen.coefficients[at](static_cast<Index>(k));
    path.intercepts(i) = best_intercept(system, path.coefficients.col(i));
  }
  fit.path = std::move(path);
  return fit;
}

/// scikit-learn's OrthogonalMatchingPursuit.
class OrthogonalMatchingPursuit final : public Estimator {
public:
  explicit OrthogonalMatchingPursuit(const EstimatorOptions& options)
      : options_(checked_selection(options)) {}

  LinearFit fit(const LeastSquaresSystem& system) const override {
    const Index n = system.n_coeffs();
    const bool by_residual = options_.max_residual > 0.0;
    const GreedyEnd end{.columns = by_residual ? n : n_nonzero(options_, system, std::max<Index>(1, n / 10)),
                        .squared_residual = options_.max_residual};
    LinearFit result = fit_of_selection(
        system,
        saved_selection(system, options_.normalize ? normalized_correlation_score : correlation_score, end,
                        options_),
        options_);
    result.objective = objective();
    return result;
  }
  bool is_search() const override { return true; }
  std::string objective() const override { return on_chosen_columns; }

private:
  EstimatorOptions options_;
};

/// Takes the column that lowers the sum of squares most, again and again.
class ForwardSelection final : public Estimator {
public:
  explicit ForwardSelection(const EstimatorOptions& options) : options_(checked_selection(options)) {}

  LinearFit fit(const LeastSquaresSystem& system) const override {
    const GreedyEnd end{.columns = n_selected(options_, system)};
    LinearFit result =
        fit_of_selection(system, saved_selection(system, residual_score, end, options_), options_);
    result.objective = objective();
    return result;
  }
  bool is_search() const override { return true; }
  std::string objective() const override { return on_chosen_columns; }

private:
  EstimatorOptions options_;
};

/// Drops the least important columns, by some measure, again and again.
class FeatureElimination final : public Estimator {
public:
  FeatureElimination(const EstimatorOptions& options, ImportanceScore importance)
      : options_(checked_selection(options)), importance_(std::move(importance)) {}

  LinearFit fit(const LeastSquaresSystem& system) const override;
  bool is_search() const override { return true; }
  std::string objective() const override { return on_chosen_columns; }

private:
  EstimatorOptions options_;
  ImportanceScore importance_;
};

LinearFit FeatureElimination::fit(const LeastSquaresSystem& system) const {
  const Index n = system.n_coeffs();
  const double step = options_.step < 1.0 ? options_.step * static_cast<double>(n) : options_.step;
  SavedSearch saved(options_.checkpoint, system);
  const Elimination done = eliminate_features(
      system, importance_,
      {.columns = n_selected(options_, system), .step = std::max<Index>(1, static_cast<Index>(step))},
      options_.solver, saved);
  LinearFit fit = fit_support(system, {.columns = done.stages.back().columns}, options_);
  fit.objective = objective();
  const auto n_stages = static_cast<Index>(done.stages.size());
  Path path{.names = {"n_columns", "residual_norm"},
            .figures = Eigen::MatrixXd(n_stages, 2),
            .coefficients = Eigen::MatrixXd::Zero(n, n_stages),
            .intercepts = Eigen::VectorXd(n_stages)};
  for (Index i = 0; i < n_stages; ++i) {
    const EliminationStage& stage = done.stages[static_cast<std::size_t>(i)];
    path.figures.row(i) << static_cast<double>(stage.columns.size()), stage.residual_norm;
    for (std::size_t k = 0; k < stage.columns.size(); ++k)
      path.coefficients(stage.columns[k], i) = stage.coefficients(static_cast<Index>(k));
    path.intercepts(i) = best_intercept(system, path.coefficients.col(i));
  }
  fit.path = std::move(path);
  return fit;
}

}  // namespace

std::vector<RegisteredEstimator> selection_estimators() {
  const auto elimination = [](const char* name, const ImportanceScore& importance) -> RegisteredEstimator {
    return {name, [importance](const EstimatorOptions& options) {
              return std::make_unique<FeatureElimination>(options, importance);
            }};
  };
  return {entry<Lars>("lars"),
          entry<LassoLars>("lasso_lars"),
          entry<OrthogonalMatchingPursuit>("omp"),
          entry<ForwardSelection>("forward_selection"),
          elimination("rfe", coefficient_importance),
          elimination("backward_selection", residual_importance)};
}

}  // namespace tallfit::estimate
