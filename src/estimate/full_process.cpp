#include "tallfit/estimate/full_process.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "tallfit/base/error.hpp"
#include "tallfit/base/random.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/linalg/cholesky.hpp"
#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/transfer.hpp"
#include "tallfit/linalg/triangular.hpp"

namespace tallfit::estimate {

namespace {

/// Which of the logarithms belong to lengths and to σ₀; s is the first, σ² the last.
struct Places {
  Index n_lengths = 0;
  bool sigma_0 = false;

  Index size() const { return 2 + n_lengths + (sigma_0 ? 1 : 0); }
};

Places places_of(const ProcessParameters& parameters) {
  const bool stationary = parameters.kernel.is_stationary();
  const Index all = parameters.kernel.length_scale.size();
  // A factor of all lengths of a polynomial is one of s and σ₀.
  const Index n_lengths = !parameters.one_length ? all : (stationary ? 1 : 0);
  return {.n_lengths = n_lengths, .sigma_0 = !stationary && parameters.kernel.sigma_0 > 0.0};
}

/// Descriptors over lengths, a column each.
Eigen::MatrixXd scaled_columns(const ProcessRows& rows, const design::Kernel& kernel) {
  return kernel.length_scale.cwiseInverse().asDiagonal() * rows.descriptors.transpose();
}

/// R with RᵀR = s W K W + σ² I, and what it says of the targets.
struct Decomposition {
  linalg::BlockCyclicMatrix root;
  Eigen::VectorXd whitened;  ///< R⁻ᵀ W b
  Eigen::VectorXd solution;  ///< a
  double log_likelihood = 0.0;
};

Decomposition decompose(const ProcessRows& rows, const ProcessParameters& parameters,
                        const linalg::ProcessGrid& grid) {
  const Index n = rows.targets.size();
  const Eigen::MatrixXd columns = scaled_columns(rows, parameters.kernel);
  const Eigen::MatrixXd points = columns.transpose();
  linalg::BlockCyclicMatrix root(grid, n, n);
  Eigen::VectorXd values(n);
  for (Index j = 0; j < root.local_cols(); ++j) {
    const Index col = root.global_col(j);
    design::kernel_values(parameters.kernel, points, columns.col(col).data(), values);
    for (Index i = 0; i < root.local_rows(); ++i) {
      const Index row = root.global_row(i);
      root.at_local(i, j) = parameters.variance * rows.scales(row) * values(row) * rows.scales(col) +
                            (row == col ? parameters.noise_level : 0.0);
    }
  }
  linalg::cholesky_in_place(root, "the covariance of the targets");
  const Eigen::VectorXd weighted = rows.scales.cwiseProduct(rows.targets);
  Decomposition found{.root = std::move(root), .whitened = {}, .solution = {}, .log_likelihood = 0.0};
  found.whitened = linalg::solve_upper(found.root, weighted, linalg::Op::transpose);
  found.solution = linalg::solve_upper(found.root, found.whitened);
  found.log_likelihood = -0.5 * found.whitened.squaredNorm() -
                         linalg::diagonal(found.root).array().log().sum() -
                         0.5 * static_cast<double>(n) * std::log(2.0 * std::numbers::pi);
  return found;
}

}  // namespace

Eigen::VectorXd log_parameters(const ProcessParameters& parameters) {
  const Places places = places_of(parameters);
  Eigen::VectorXd x(places.size());
  x(0) = parameters.variance;
  x.segment(1, places.n_lengths) = parameters.kernel.length_scale.head(places.n_lengths);
  if (places.sigma_0) x(1 + places.n_lengths) = parameters.kernel.sigma_0;
  x(x.size() - 1) = parameters.noise_level;
  return x.array().log();
}

ProcessParameters with_logarithms(ProcessParameters parameters, const Eigen::VectorXd& logarithms) {
  const Places places = places_of(parameters);
  const Eigen::VectorXd x = logarithms.array().exp();
  Eigen::VectorXd& lengths = parameters.kernel.length_scale;
  parameters.variance = x(0);
  if (places.n_lengths == 1 && parameters.one_length)
    lengths *= x(1) / lengths(0);
  else
    lengths.head(places.n_lengths) = x.segment(1, places.n_lengths);
  if (places.sigma_0) parameters.kernel.sigma_0 = x(1 + places.n_lengths);
  parameters.noise_level = x(x.size() - 1);
  return parameters;
}

LogLikelihood log_likelihood(const ProcessRows& rows, const ProcessParameters& parameters,
                             const linalg::ProcessGrid& grid) {
  Decomposition found = decompose(rows, parameters, grid);
  const Places places = places_of(parameters);
  const Eigen::VectorXd& a = found.solution;
  const linalg::BlockCyclicMatrix inverse = linalg::inverse_gram(std::move(found.root));
  const Eigen::MatrixXd columns = scaled_columns(rows, parameters.kernel);
  Eigen::VectorXd gradient = Eigen::VectorXd::Zero(places.size());
  design::KernelSlopes slopes{.value = 0.0, .by_length = Eigen::VectorXd(columns.rows()), .by_sigma_0 = 0.0};
  for (Index j = 0; j < inverse.local_cols(); ++j) {
    const Index col = inverse.global_col(j);
    for (Index i = 0; i < inverse.local_rows(); ++i) {
      const Index row = inverse.global_row(i);
      const double part = 0.5 * (a(row) * a(col) - inverse.at_local(i, j));
      if (row == col) gradient(gradient.size() - 1) += part * parameters.noise_level;
      design::kernel_slopes(parameters.kernel, columns.col(row).data(), columns.col(col).data(), slopes);
      const double of_kernel = part * parameters.variance * rows.scales(row) * rows.scales(col);
      gradient(0) += of_kernel * slopes.value;
      if (places.n_lengths == 1 && parameters.one_length)
        gradient(1) += of_kernel * slopes.by_length.sum();
      else
        gradient.segment(1, places.n_lengths) += of_kernel * slopes.by_length.head(places.n_lengths);
      if (places.sigma_0) gradient(1 + places.n_lengths) += of_kernel * slopes.by_sigma_0;
    }
  }
  comm::sum_in_place(grid.comm(), std::span(gradient.data(), static_cast<std::size_t>(gradient.size())));
  // What ranks search with must be the same to the last bit.
  comm::broadcast(grid.comm(), std::span(gradient.data(), static_cast<std::size_t>(gradient.size())), 0);
  comm::broadcast(grid.comm(), std::span(&found.log_likelihood, 1), 0);
  return {.value = found.log_likelihood, .gradient = std::move(gradient)};
}

namespace {

/// -ln likelihood within bounds.
linalg::BoundedProblem problem_of(const ProcessRows& rows, const ProcessParameters& parameters,
                                  const ProcessSearch& search, const linalg::ProcessGrid& grid) {
  const double square =
      rows.scales.cwiseProduct(rows.targets).squaredNorm() / static_cast<double>(rows.targets.size());
  require(square > 0.0, ErrorKind::numerical, "every target is 0: there are no variances to find");
  linalg::BoundedProblem problem;
  const Eigen::VectorXd start = log_parameters(parameters);
  const Index last = start.size() - 1;
  const double wide = search.lengths ? std::log(1e3) : 0.0;
  problem.lower = start.array() - wide;
  problem.upper = start.array() + wide;
  // The kernel of a row and itself has the weight w².
  const double weight = rows.scales.squaredNorm() / static_cast<double>(rows.targets.size());
  problem.lower(0) = std::log(1e-3 * square / weight);
  problem.upper(0) = std::log(1e3 * square / weight);
  problem.lower(last) = std::log(1e-8 * square);
  problem.upper(last) = std::log(1e2 * square);
  problem.start = start.cwiseMax(problem.lower).cwiseMin(problem.upper);
  problem.value = [&rows, &grid, parameters](const Eigen::VectorXd& x, Eigen::VectorXd& gradient) {
    try {
      const LogLikelihood found = log_likelihood(rows, with_logarithms(parameters, x), grid);
      gradient = -found.gradient;
      return -found.value;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::numerical) throw;
      gradient.setZero();  // no factor: the line search turns back
      return 1e20;
    }
  };
  return problem;
}

constexpr std::uint32_t restart_purpose = 0x72657374;  // "rest"

}  // namespace

BestProcess best_process(const ProcessRows& rows, const ProcessParameters& start, const ProcessSearch& search,
                         const linalg::ProcessGrid& grid) {
  linalg::BoundedProblem problem = problem_of(rows, start, search, grid);
  const Eigen::VectorXd first = problem.start;
  const linalg::MinimiseStop stop{.gradient_below = 1e-8 * static_cast<double>(rows.targets.size()),
                                  .max_evaluations = search.max_evaluations};
  BestProcess best;
  Index iterations = 0;
  Index evaluations = 0;
  for (Index i = 0; i <= search.restarts; ++i) {
    for (Index j = 0; j < first.size() && i > 0; ++j) {
      const double uniform = random_uniform({.seed = search.seed, .purpose = restart_purpose},
                                            static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(j));
      problem.start(j) =
          std::clamp(first(j) + std::log(1e2) * (2.0 * uniform - 1.0), problem.lower(j), problem.upper(j));
    }
    linalg::Minimum found = linalg::minimise(problem, stop);
    iterations += found.iterations;
    evaluations += found.evaluations;
    if (i == 0 || found.value < best.minimum.value) best.minimum = std::move(found);
  }
  best.minimum.iterations = iterations;
  best.minimum.evaluations = evaluations;
  best.parameters = with_logarithms(start, best.minimum.x);
  const Eigen::ArrayXd room =
      (best.minimum.x - problem.lower).cwiseMin(problem.upper - best.minimum.x).array();
  best.at_bound = (room < 1e-3 && (problem.upper - problem.lower).array() > 0.0).any();
  return best;
}

LinearFit fit_full_process(const ProcessRows& rows, const ProcessParameters& parameters,
                           const linalg::ProcessGrid& grid) {
  const Decomposition found = decompose(rows, parameters, grid);
  const Index n = rows.targets.size();
  const double root_variance = std::sqrt(parameters.variance);
  const Eigen::VectorXd inverse_diagonal = linalg::inverse_gram_diagonal(found.root);
  auto basis = std::make_shared<design::KernelBasis>();
  basis->kernel = parameters.kernel;
  basis->points = scaled_columns(rows, parameters.kernel).transpose();
  // L = W⁻¹ Rᵀ / √s: L Lᵀ = K + σ²/s W⁻², of a kernel of variance 1.
  basis->factor = rows.scales.cwiseInverse().asDiagonal() *
                  Eigen::MatrixXd(linalg::replicate(found.root).transpose() / root_variance);
  LinearFit fit;
  fit.kernel = std::move(basis);
  if (!grid.comm().is_root()) return fit;
  fit.coefficients = Eigen::VectorXd::Zero(n + 1);
  fit.coefficients.head(n) = root_variance * found.whitened;
  fit.noise_variance = parameters.noise_level;
  fit.noise_is_known = true;
  fit.residual_norm = parameters.noise_level * found.solution.norm();
  fit.effective_dof = static_cast<double>(n) - parameters.noise_level * inverse_diagonal.sum();
  fit.dof = static_cast<double>(n) - fit.effective_dof;
  fit.rank = n;
  // What is not known of f is outside of the basis alone, with the variance s.
  LeastSquaresSystem outside{.r = linalg::BlockCyclicMatrix(linalg::ProcessGrid::serial(), 1, 1),
                             .z = Eigen::VectorXd::Zero(1),
                             .rho = 0.0,
                             .intercept = std::nullopt};
  outside.r.at_local(0, 0) = std::sqrt(parameters.noise_level / parameters.variance);
  fit.solver = std::make_shared<const TriangularSolver>(outside, TriangularSolver::Options{});
  fit.solver_columns = {n};
  fit.covariance_diagonal = Eigen::VectorXd::Zero(n + 1);
  fit.covariance_diagonal(n) = parameters.variance / parameters.noise_level;
  set_standard_errors(fit);
  fit.log_evidence = found.log_likelihood;
  fit.algorithm = "cholesky";
  fit.objective = "||W (f - b)||^2 + noise ||f||^2 in the norm of the kernel";
  fit.hyperparameters = {{"variance", parameters.variance}, {"noise_level", parameters.noise_level}};
  if (!parameters.kernel.is_stationary())
    fit.hyperparameters.emplace_back("sigma_0", parameters.kernel.sigma_0);
  return fit;
}

}  // namespace tallfit::estimate
