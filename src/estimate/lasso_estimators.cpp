// Estimators that choose columns by an absolute-value penalty.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "entries.hpp"
#include "lasso_points.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/estimate/information_criterion.hpp"
#include "tallfit/estimate/quadratic_fit.hpp"

namespace tallfit::estimate {

namespace {

constexpr const char* lasso_objective =
    "1/(2 S) ||W (A theta + c - b)||^2 + lambda sum |theta_j|, S = sum w^2";
constexpr const char* elastic_net_objective =
    "1/(2 S) ||W (A theta + c - b)||^2 + lambda l1_ratio sum |theta_j| + lambda (1 - l1_ratio)/2 "
    "||theta||^2, S = sum w^2";

EstimatorOptions checked_sparse(const EstimatorOptions& options) {
  require_penalty(options);
  require(options.tol > 0.0 && options.tol < 1.0, ErrorKind::input,
          "fit.tol = {}: expected a number between 0 and 1", options.tol);
  require(options.l1_ratio >= 0.0 && options.l1_ratio <= 1.0, ErrorKind::input,
          "fit.l1_ratio = {}: expected a number from 0 to 1", options.l1_ratio);
  return checked(options);
}

LinearFit polished(const LeastSquaresSystem& system, const LassoPath& path, const LassoPoint& point,
                   const EstimatorOptions& options) {
  LinearFit fit = fit_support(system, support_of(path, point), options);
  fit.iterations = point.iterations;
  fit.converged = point.converged;
  fit.convergence = fmt::format("duality gap {:.1e} of the target's square after {} sweeps; fit.tol = {:.1e}",
                                point.relative_gap, point.iterations, options.tol);
  return fit;
}

Path path_of(const LeastSquaresSystem& system, const std::vector<LassoPoint>& points,
             const std::vector<double>& criterion) {
  const auto n = static_cast<Index>(points.size());
  Path path{.names = {"lambda", "nonzero", "residual_norm", "objective", "duality_gap", "criterion"},
            .figures = Eigen::MatrixXd(n, 6),
            .coefficients = Eigen::MatrixXd(system.n_coeffs(), n),
            .intercepts = Eigen::VectorXd(n)};
  for (Index i = 0; i < n; ++i) {
    const LassoPoint& point = points[static_cast<std::size_t>(i)];
    path.figures.row(i) << point.lambda, static_cast<double>((point.coefficients.array() != 0.0).count()),
        point.residual_norm, point.objective, point.duality_gap, criterion[static_cast<std::size_t>(i)];
    path.coefficients.col(i) = point.coefficients;
    path.intercepts(i) = best_intercept(system, point.coefficients);
  }
  return path;
}

LinearFit fit_at(const LeastSquaresSystem& system, const LassoPenalty& penalty,
                 const EstimatorOptions& options) {
  const double square = system.sum_of_weights * options.lambda * (1.0 - penalty.l1_ratio);
  if (options.lambda == 0.0 || penalty.l1_ratio == 0.0) return fit_quadratic(system, square, options);
  LassoPath path(system, penalty, descent_options(options));
  SavedSearch saved(options.checkpoint, system);
  return polished(system, path, path.descend(options.lambda, options.max_iter, saved), options);
}

/// scikit-learn's Lasso with alpha = fit.lambda and sample_weight = w².
class Lasso final : public Estimator {
public:
  explicit Lasso(const EstimatorOptions& options) : options_(checked_sparse(options)) {}

  LinearFit fit(const LeastSquaresSystem& system) const override {
    LinearFit result = fit_at(system, {}, options_);
    result.objective = objective();
    return result;
  }
  bool is_search() const override { return true; }
  std::string objective() const override { return lasso_objective; }

private:
  EstimatorOptions options_;
};

/// scikit-learn's ElasticNet.
class ElasticNet final : public Estimator {
public:
  explicit ElasticNet(const EstimatorOptions& options) : options_(checked_sparse(options)) {}

  LinearFit fit(const LeastSquaresSystem& system) const override {
    LinearFit result = fit_at(system, {.l1_ratio = options_.l1_ratio}, options_);
    result.objective = objective();
    return result;
  }
  bool is_search() const override { return true; }
  std::string objective() const override { return elastic_net_objective; }

private:
  EstimatorOptions options_;
};

/// Zou's two stages: a first fit, then a lasso with weights 1 / |first coefficients|^gamma.
class AdaptiveLasso final : public Estimator {
public:
  explicit AdaptiveLasso(const EstimatorOptions& options) : options_(checked_sparse(options)) {
    require(options.gamma > 0.0 && std::isfinite(options.gamma), ErrorKind::input,
            "fit.gamma = {}: expected a finite number above 0", options.gamma);
    require(options.initial_lambda >= 0.0 && std::isfinite(options.initial_lambda), ErrorKind::input,
            "fit.initial_lambda = {}: expected a finite number of at least 0", options.initial_lambda);
  }

  LinearFit fit(const LeastSquaresSystem& system) const override {
    const Eigen::VectorXd first = fit_quadratic(system, options_.initial_lambda, options_).coefficients;
    LinearFit result =
        fit_at(system, {.weights = first.cwiseAbs().array().pow(-options_.gamma).matrix()}, options_);
    result.objective = objective();
    return result;
  }
  bool is_search() const override { return true; }
  std::string objective() const override {
    return "1/(2 S) ||W (A theta + c - b)||^2 + lambda sum |theta_j| / |first theta_j|^gamma, S = sum w^2";
  }

private:
  EstimatorOptions options_;
};

/// A path of lassos or elastic nets, and its point with the lowest information criterion.
class PathByCriterion final : public Estimator {
public:
  PathByCriterion(const EstimatorOptions& options, double l1_ratio)
      : options_(checked_sparse(options)), l1_ratio_(l1_ratio) {
    require(l1_ratio > 0.0, ErrorKind::input,
            "fit.l1_ratio = 0 has no largest penalty to start a path from; use fit.estimator = \"ridge\"");
    for (const double lambda : options.lambdas)
      require(lambda > 0.0 && std::isfinite(lambda), ErrorKind::input,
              "fit.lambdas has {}: expected finite numbers above 0", lambda);
    require(options.criterion == "auto" || options.criterion == "aic" || options.criterion == "bic",
            ErrorKind::input, "fit.criterion = \"{}\": a path of lassos knows aic and bic",
            options.criterion);
    require(options.n_lambdas >= 1, ErrorKind::input, "fit.n_lambdas = {}: expected at least 1",
            options.n_lambdas);
    require(options.eps > 0.0 && options.eps < 1.0, ErrorKind::input,
            "fit.eps = {}: expected a number between 0 and 1", options.eps);
  }

  LinearFit fit(const LeastSquaresSystem& system) const override;
  bool is_search() const override { return true; }
  std::string objective() const override {
    return l1_ratio_ == 1.0 ? lasso_objective : elastic_net_objective;
  }

private:
  std::vector<LassoPoint> points_on(LassoPath& path, const std::vector<double>& lambdas,
                                    const LeastSquaresSystem& system) const;

  EstimatorOptions options_;
  double l1_ratio_;
};

std::vector<LassoPoint> PathByCriterion::points_on(LassoPath& path, const std::vector<double>& lambdas,
                                                   const LeastSquaresSystem& system) const {
  std::vector<LassoPoint> points;
  SavedSearch saved(options_.checkpoint, system);
  saved.begin_part([&](compress::NumberSource& source) {
    points.resize(static_cast<std::size_t>(source.index()));
    for (LassoPoint& point : points) point.read(source);
    path.read(source);
  });
  while (points.size() < lambdas.size()) {
    points.push_back(path.solve(lambdas[points.size()], options_.max_iter));
    saved.milestone([&](compress::NumberSink& sink) {
      sink.put(static_cast<Index>(points.size()));
      for (const LassoPoint& point : points) point.put(sink);
      path.put(sink);
    });
  }
  return points;
}

LinearFit PathByCriterion::fit(const LeastSquaresSystem& system) const {
  LassoPath path(system, {.l1_ratio = l1_ratio_}, descent_options(options_));
  std::vector<double> lambdas = options_.lambdas;
  if (lambdas.empty()) lambdas = lambda_grid(path.largest_lambda(), options_.n_lambdas, options_.eps);
  std::sort(lambdas.rbegin(), lambdas.rend());  // each starts from a sparser one
  const InformationCriterion criterion(system, options_);
  const std::vector<LassoPoint> points = points_on(path, lambdas, system);
  Index iterations = 0;
  std::size_t best = 0;
  std::vector<double> values;
  for (const LassoPoint& point : points) {
    values.push_back(criterion.value(point.residual_norm, degrees_of_freedom(system, path, point, options_)));
    if (values.back() < values[best]) best = values.size() - 1;
    iterations += point.iterations;
  }
  LinearFit result = polished(system, path, points[best], options_);
  result.iterations = iterations;
  result.objective = objective();
  result.hyperparameters = {{"lambda", points[best].lambda}};
  result.path = path_of(system, points, values);
  const auto stuck =
      std::find_if(points.begin(), points.end(), [](const LassoPoint& point) { return !point.converged; });
  if (stuck != points.end()) {
    result.converged = false;
    result.convergence = fmt::format(
        "at lambda = {} the duality gap is {:.1e} of the target's square after {} sweeps; fit.tol = {:.1e}",
        stuck->lambda, stuck->relative_gap, stuck->iterations, options_.tol);
  }
  return result;
}

}  // namespace

std::vector<RegisteredEstimator> lasso_estimators() {
  return {entry<Lasso>("lasso"),
          entry<ElasticNet>("elastic_net"),
          entry<AdaptiveLasso>("adaptive_lasso"),
          {"lasso_path", [](const EstimatorOptions& o) { return std::make_unique<PathByCriterion>(o, 1.0); }},
          {"enet_path",
           [](const EstimatorOptions& o) { return std::make_unique<PathByCriterion>(o, o.l1_ratio); }}};
}

}  // namespace tallfit::estimate
