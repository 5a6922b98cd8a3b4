#include "tallfit/estimate/quadratic_fit.hpp"

#include <cmath>
#include <limits>

#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::estimate {

namespace {

double residual_norm(const LeastSquaresSystem& system, const TriangularSolver& solver, double lambda) {
  // R θ = z is solved exactly where nothing stands in the way; computing R θ - z would only add roundoff to
  // ρ.
  if (lambda == 0.0 && solver.rank() == system.n_coeffs()) return system.rho;
  const Eigen::VectorXd misfit = linalg::multiply(system.r, solver.coefficients()).col(0) - system.z;
  return std::hypot(system.rho, misfit.norm());
}

/// tr(L M⁺ Lᵀ), M = RᵀR + λ LᵀL: with it tr(H) = tr(R M⁺ Rᵀ) = rank - λ tr(L M⁺ Lᵀ).
double prior_trace(const Prior& prior, const TriangularSolver& solver, const Eigen::VectorXd& covariance) {
  double trace = 0.0;
  for (Index i = 0; i < prior.rows.rows(); ++i) {
    const Eigen::VectorXd row = prior.rows.row(i).transpose();
    const Index n_entries = prior.rows.row(i).nonZeros();
    trace += n_entries == 1 ? row.cwiseAbs2().dot(covariance)
                            : std::pow(n_entries == 0 ? 0.0 : solver.deviation_along(row), 2);
  }
  return trace;
}

}  // namespace

double best_intercept(const LeastSquaresSystem& system, const Eigen::VectorXd& coefficients) {
  if (!system.intercept) return 0.0;
  const InterceptRow& row = *system.intercept;
  return (row.z1 - row.r12.dot(coefficients)) / row.r11;
}

void set_noise(LinearFit& fit, const LeastSquaresSystem& system, const EstimatorOptions& options) {
  const double taken = fit.effective_dof + (options.noise_dof == NoiseDof::n_minus_k_minus_2 ? 2.0 : 0.0);
  fit.dof = static_cast<double>(system.n_rows) - taken;
  fit.noise_variance = fit.dof > 0.0 ? fit.residual_norm * fit.residual_norm / fit.dof
                                     : std::numeric_limits<double>::quiet_NaN();
  if (!options.alpha) return;
  fit.noise_variance = 1.0 / *options.alpha;
  fit.noise_is_known = true;
}

void set_uncertainty(LinearFit& fit, const LeastSquaresSystem& system, const EstimatorOptions& options) {
  set_noise(fit, system, options);
  set_standard_errors(fit);
}

void set_standard_errors(LinearFit& fit) {
  const double sigma = std::sqrt(fit.noise_variance);
  fit.standard_errors = sigma * fit.covariance_diagonal.cwiseSqrt();
  if (!fit.intercept_row) return;
  const InterceptRow& row = *fit.intercept_row;
  fit.intercept_standard_error =
      sigma * std::hypot(1.0, fit.solver->deviation_along(row.r12)) / std::abs(row.r11);
}

namespace {

Path expanded(Path path, std::span<const Index> columns, Index n) {
  Eigen::MatrixXd all = Eigen::MatrixXd::Zero(n, path.coefficients.cols());
  for (std::size_t j = 0; j < columns.size(); ++j)
    all.row(columns[j]) = path.coefficients.row(static_cast<Index>(j));
  path.coefficients = std::move(all);
  const auto newest = std::find(path.names.begin(), path.names.end(), Path::column) - path.names.begin();
  if (newest == static_cast<std::ptrdiff_t>(path.names.size())) return path;
  for (Index i = 0; i < path.figures.rows(); ++i)
    if (double& column = path.figures(i, newest); !std::isnan(column))
      column = static_cast<double>(columns[static_cast<std::size_t>(column)]);
  return path;
}

}  // namespace

LinearFit expanded(LinearFit fit, std::span<const Index> columns, Index n) {
  const auto scatter = [&](Eigen::VectorXd& values) {
    Eigen::VectorXd all = Eigen::VectorXd::Zero(n);
    for (std::size_t j = 0; j < columns.size(); ++j) all(columns[j]) = values(static_cast<Index>(j));
    values = std::move(all);
  };
  scatter(fit.coefficients);
  scatter(fit.standard_errors);
  scatter(fit.covariance_diagonal);
  const auto renumber = [&](std::vector<Index>& numbers) {
    for (Index& column : numbers) column = columns[static_cast<std::size_t>(column)];
  };
  renumber(fit.dependent_columns);
  if (fit.solver_columns.empty())
    fit.solver_columns.assign(columns.begin(), columns.end());
  else
    renumber(fit.solver_columns);
  if (fit.column_precisions.size() > 0) scatter(fit.column_precisions);
  if (fit.path) fit.path = expanded(std::move(*fit.path), columns, n);
  return fit;
}

namespace {

/// The rows of free coefficients, u = R_u⁻¹ (noise of their own - coupling [θ; c]), with as many columns
/// more; those of the others are zero.
/// @param s  of θ and c
linalg::BlockCyclicMatrix rows_of_free(const FreeRows& free, const linalg::BlockCyclicMatrix& s,
                                       Index n_coeffs) {
  const auto upper = free.r.triangularView<Eigen::Upper>();
  const Index m = free.r.rows();
  const Eigen::MatrixXd own = upper.solve(Eigen::MatrixXd::Identity(m, m));
  const Eigen::MatrixXd carried = upper.solve(free.coupling);
  const Eigen::MatrixXd of_others = linalg::multiply(s, carried.transpose(), linalg::Op::transpose);
  std::vector<Index> place(static_cast<std::size_t>(n_coeffs + 1), -1);
  for (Index i = 0; i < m; ++i)
    place[static_cast<std::size_t>(free.columns[static_cast<std::size_t>(i)])] = i;
  linalg::BlockCyclicMatrix all(s.grid(), n_coeffs + 1, s.cols() + m, s.block());
  all.fill([&](Index row, Index j) {
    const Index i = place[static_cast<std::size_t>(row)];
    return i < 0 ? 0.0 : j < s.cols() ? -of_others(j, i) : own(i, j - s.cols());
  });
  return all;
}

}  // namespace

linalg::BlockCyclicMatrix covariance_factor(const LinearFit& fit) {
  linalg::BlockCyclicMatrix s = covariance_root(fit);
  linalg::scale_columns_in_place(s, Eigen::VectorXd::Constant(s.cols(), std::sqrt(fit.noise_variance)));
  return s;
}

linalg::BlockCyclicMatrix covariance_root(const LinearFit& fit) {
  const linalg::BlockCyclicMatrix theta = fit.solver->covariance_factor();
  const Index n = theta.rows();
  // c = (z1 - r12 θ) / r11 has a variance of its own beside that of θ.
  Eigen::VectorXd last = Eigen::VectorXd::Zero(theta.cols() + 1);
  if (fit.intercept_row) {
    const InterceptRow& row = *fit.intercept_row;
    last.head(theta.cols()) = -linalg::multiply(theta, row.r12, linalg::Op::transpose).col(0) / row.r11;
    last(theta.cols()) = 1.0 / row.r11;
  }
  linalg::BlockCyclicMatrix s(theta.grid(), n + 1, theta.cols() + 1, theta.block());
  // Blocks of θ keep their places.
  s.fill([&](Index i, Index j) {
    if (i == n) return last(j);
    if (j == theta.cols()) return 0.0;
    return theta.at_local(theta.row_axis().local_index(i), theta.col_axis().local_index(j));
  });
  if (fit.solver_columns.empty()) return s;
  linalg::BlockCyclicMatrix all =
      fit.free ? rows_of_free(*fit.free, s, fit.coefficients.size())
               : linalg::BlockCyclicMatrix(s.grid(), fit.coefficients.size() + 1, s.cols(), s.block());
  for (Index i = 0; i <= n; ++i) {
    const Index row = i < n ? fit.solver_columns[static_cast<std::size_t>(i)] : all.rows() - 1;
    linalg::copy_part(s, {.row = i, .col = 0, .rows = 1, .cols = s.cols()}, all, {row, 0});
  }
  return all;
}

LinearFit fit_quadratic(const LeastSquaresSystem& system, double lambda, const EstimatorOptions& options) {
  return fit_quadratic(system, lambda, unit_prior(system.n_coeffs()), options);
}

LinearFit fit_quadratic(const LeastSquaresSystem& system, double lambda, const Prior& prior,
                        const EstimatorOptions& options) {
  auto solver = lambda > 0.0 ? std::make_shared<const TriangularSolver>(augmented(system, lambda, prior),
                                                                        options.solver)
                             : std::make_shared<const TriangularSolver>(system, options.solver);
  LinearFit fit;
  fit.coefficients = solver->coefficients();
  fit.intercept_row = system.intercept;
  fit.intercept = best_intercept(system, fit.coefficients);
  fit.residual_norm = residual_norm(system, *solver, lambda);
  fit.rank = solver->rank();
  fit.covariance_diagonal = solver->covariance_diagonal();
  fit.effective_dof = static_cast<double>(fit.rank + system.n_taken_out());
  if (lambda > 0.0) fit.effective_dof -= lambda * prior_trace(prior, *solver, fit.covariance_diagonal);
  fit.condition = solver->condition();
  fit.dependent_columns = solver->dependent_columns();
  fit.algorithm = solver->algorithm();
  fit.reason = solver->reason();
  fit.solver = std::move(solver);
  set_uncertainty(fit, system, options);
  return fit;
}

}  // namespace tallfit::estimate
