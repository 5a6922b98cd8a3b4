// Estimators that choose columns by an absolute-value penalty.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "entries.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/estimate/lasso_path.hpp"
#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/estimate/support_fit.hpp"

namespace tallfit::estimate {

namespace {

constexpr const char* lasso_objective = "1/(2 S) ||W (A theta + c - b)||^2 + lambda sum |theta_j|, S = sum w^2";
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

CoordinateDescent::Options descent_options(const EstimatorOptions& options) {
  return {.tol = options.tol, .rcond = options.solver.rcond};
}

/// The columns of a point, with what pulls them.
Support support_of(const LassoPath& path, const LassoPoint& point) {
  Support support{.columns = {}, .square = path.square(point.lambda)};
  for (Index j = 0; j < point.coefficients.size(); ++j)
    if (point.coefficients(j) != 0.0) support.columns.push_back(j);
  support.gradient.resize(static_cast<Index>(support.columns.size()));
  Index at = 0;
  for (const Index j : support.columns)
    support.gradient(at++) = std::copysign(path.pull(point.lambda, j), point.coefficients(j));
  return support;
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

LinearFit fit_at(const LeastSquaresSystem& system, const LassoPenalty& penalty,
                 const EstimatorOptions& options) {
  const double square = system.sum_of_weights * options.lambda * (1.0 - penalty.l1_ratio);
  if (options.lambda == 0.0 || penalty.l1_ratio == 0.0) return fit_quadratic(system, square, options);
  LassoPath path(system, penalty, descent_options(options));
  return polished(system, path, path.descend(options.lambda, options.max_iter), options);
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
  std::string objective() const override { return elastic_net_objective; }

private:
  EstimatorOptions options_;
};

}  // namespace

std::vector<RegisteredEstimator> lasso_estimators() {
  return {entry<Lasso>("lasso"), entry<ElasticNet>("elastic_net")};
}

}  // namespace tallfit::estimate
