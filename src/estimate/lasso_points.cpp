#include "lasso_points.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <tuple>
#include <utility>

namespace tallfit::estimate {

CoordinateDescent::Options descent_options(const EstimatorOptions& options) {
  return {.tol = options.tol, .rcond = options.solver.rcond};
}

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

double degrees_of_freedom(const LeastSquaresSystem& system, const LassoPath& path, const LassoPoint& point,
                          const EstimatorOptions& options) {
  if (path.square(point.lambda) == 0.0)
    return static_cast<double>((point.coefficients.array() != 0.0).count());
  return fit_support(system, support_of(path, point), options).effective_dof -
         static_cast<double>(system.n_taken_out());
}

bool is_on_lasso_path(const std::string& estimator, const EstimatorOptions& options) {
  if (!(options.lambda > 0.0)) return false;
  return estimator == "lasso" || (estimator == "elastic_net" && options.l1_ratio > 0.0);
}

std::vector<LassoCandidate> fit_along_paths(const LeastSquaresSystem& system, const Candidates& candidates) {
  using Descending = std::map<double, std::vector<Index>, std::greater<>>;
  std::map<std::tuple<double, double, Index>, Descending> paths;
  for (Index i = 0; i < candidates.size(); ++i) {
    const EstimatorOptions& options = candidates.options[static_cast<std::size_t>(i)];
    if (!is_on_lasso_path(candidates.estimator, options)) continue;
    make_estimator(candidates.estimator, options);  // refuses what a fit would refuse
    const double l1_ratio = candidates.estimator == "lasso" ? 1.0 : options.l1_ratio;
    paths[{l1_ratio, options.tol, options.max_iter}][options.lambda].push_back(i);
  }
  std::vector<LassoCandidate> fits;
  for (const auto& [shared, penalties] : paths) {
    const auto& [l1_ratio, tol, max_iter] = shared;
    const Index any = penalties.begin()->second.front();
    const EstimatorOptions& options = candidates.options[static_cast<std::size_t>(any)];
    LassoPath path(system, {.l1_ratio = l1_ratio}, descent_options(options));
    SavedSearch unsaved;
    for (const auto& [lambda, numbers] : penalties) {
      const LassoPoint point = path.descend(lambda, max_iter, unsaved);
      const double dof =
          degrees_of_freedom(system, path, point, options) + static_cast<double>(system.n_taken_out());
      for (const Index i : numbers) fits.push_back({.number = i, .point = point, .effective_dof = dof});
    }
  }
  return fits;
}

}  // namespace tallfit::estimate
