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

/// A system of some columns, that came from one of some more: its bits tell of that.
void put_part(const LeastSquaresSystem& part, compress::NumberSink& sink) {
  sink.put(part.rho);
  sink.put(Eigen::MatrixXd(part.z));
  sink.put(Eigen::MatrixXd(part.r.local()));
}

LeastSquaresSystem read_part_of(const LeastSquaresSystem& system, const std::vector<Index>& columns,
                                compress::NumberSource& source) {
  LeastSquaresSystem part = system;
  part.rho = source.number();
  part.z = source.matrix();
  const auto n = static_cast<Index>(columns.size());
  part.r = linalg::BlockCyclicMatrix(system.r.grid(), n, n, system.r.block());
  part.r.local() = source.matrix();
  if (part.intercept) part.intercept->r12 = system.intercept->r12(columns);
  return part;
}

}  // namespace

void EliminationStage::put(compress::NumberSink& sink) const {
  sink.put(std::span<const Index>(columns));
  sink.put(Eigen::MatrixXd(coefficients));
  sink.put(residual_norm);
}

void EliminationStage::read(compress::NumberSource& source) {
  columns = source.indices();
  coefficients = source.matrix();
  residual_norm = source.number();
}

Eigen::VectorXd coefficient_importance(const TriangularSolver& fitted) {
  return fitted.coefficients().cwiseAbs();
}

Eigen::VectorXd residual_importance(const TriangularSolver& fitted) {
  Eigen::VectorXd rises = fitted.coefficients().cwiseAbs2().cwiseQuotient(fitted.covariance_diagonal());
  for (const Index j : fitted.dependent_columns()) rises(j) = 0.0;
  return rises;
}

Elimination eliminate_features(const LeastSquaresSystem& system, const ImportanceScore& importance,
                               const EliminationPlan& plan, const TriangularSolver::Options& options,
                               SavedSearch& saved) {
  Elimination result;
  result.ranking.assign(static_cast<std::size_t>(system.n_coeffs()), 1);
  LeastSquaresSystem left = system;
  std::vector<Index> columns(static_cast<std::size_t>(system.n_coeffs()));
  std::iota(columns.begin(), columns.end(), Index{0});
  saved.begin_part([&](compress::NumberSource& source) {
    columns = source.indices();
    left = read_part_of(system, columns, source);
    result.ranking = source.indices();
    result.stages.resize(static_cast<std::size_t>(source.index()));
    for (EliminationStage& stage : result.stages) stage.read(source);
  });
  const auto put = [&](compress::NumberSink& sink) {
    sink.put(std::span<const Index>(columns));
    put_part(left, sink);
    sink.put(std::span<const Index>(result.ranking));
    sink.put(static_cast<Index>(result.stages.size()));
    for (const EliminationStage& stage : result.stages) stage.put(sink);
  };
  while (true) {
    saved.milestone(put);
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
