#include "tallfit/estimate/feature_elimination.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tallfit/linalg/matrix_ops.hpp"

namespace tallfit::estimate {

namespace {

double residual_of(const LeastSquaresSystem& system, const TriangularSolver& solver) {
  if (solver.rank() == system.n_coeffs()) return system.rho;
  return std::hypot(system.rho, (linalg::multiply(system.r, solver.coefficients()).col(0) - system.z).norm());
}

/// Places of all but the n least important, in increasing order.
std::vector<Index> kept_places(const Eigen::VectorXd& importance, Index n_dropped) {
  std::vector<Index> places(static_cast<std::size_t>(importance.size()));
  std::iota(places.begin(), places.end(), Index{0});
  std::stable_sort(places.begin(), places.end(),
                   [&](Index a, Index b) { return importance(a) < importance(b); });
  places.erase(places.begin(), places.begin() + n_dropped);
  std::sort(places.begin(), places.end());
  return places;
}

}  // namespace

Eigen::VectorXd coefficient_importance(const TriangularSolver& fitted) {
  return fitted.coefficients().cwiseAbs();
}

Eigen::VectorXd residual_importance(const TriangularSolver& fitted) {
  Eigen::VectorXd rises = fitted.coefficients().cwiseAbs2().cwiseQuotient(fitted.covariance_diagonal());
  for (const Index j : fitted.dependent_columns()) rises(j) = 0.0;
  return rises;
}

Elimination eliminate_features(const LeastSquaresSystem& system, const ImportanceScore& importance,
                               const EliminationPlan& plan, const TriangularSolver::Options& options) {
  Elimination result;
  result.ranking.assign(static_cast<std::size_t>(system.n_coeffs()), 1);
  LeastSquaresSystem left = system;
  std::vector<Index> columns(static_cast<std::size_t>(system.n_coeffs()));
  std::iota(columns.begin(), columns.end(), Index{0});
  while (true) {
    const TriangularSolver solver(left, options);
    result.stages.push_back({columns, solver.coefficients(), residual_of(left, solver)});
    const Index n_dropped = std::min(plan.step, left.n_coeffs() - plan.columns);
    if (n_dropped <= 0) return result;
    const std::vector<Index> kept = kept_places(importance(solver), n_dropped);
    left = select_columns(left, kept);
    std::vector<Index> next;
    next.reserve(kept.size());
    for (const Index place : kept) next.push_back(columns[static_cast<std::size_t>(place)]);
    columns = std::move(next);
    for (Index& rank : result.ranking) ++rank;
    for (const Index j : columns) result.ranking[static_cast<std::size_t>(j)] = 1;
  }
}

}  // namespace tallfit::estimate
