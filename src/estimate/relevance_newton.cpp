#include "tallfit/estimate/relevance_newton.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/linalg/cholesky.hpp"
#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/triangular.hpp"

namespace tallfit::estimate {

RelevanceCurvature curvature(const ScaledSystem& system, const RelevancePosterior& posterior,
                             const linalg::BlockCyclicMatrix& covariance, const Relevance& relevance,
                             double rate) {
  const auto m = static_cast<Index>(posterior.active.size());
  const Eigen::VectorXd& v = posterior.mean;
  const Eigen::VectorXd t = linalg::diagonal(covariance);
  const Eigen::VectorXd squares = linalg::squared_row_norms(covariance);
  const Eigen::VectorXd tv = linalg::multiply(covariance, v);
  Eigen::VectorXd prior(m);  // κ γ / 2
  for (Index j = 0; j < m; ++j)
    prior(j) = 0.5 * rate / relevance.precisions(posterior.active[static_cast<std::size_t>(j)]);

  RelevanceCurvature result{
      .gradient = Eigen::VectorXd(m + 1),
      .neg_hessian = linalg::BlockCyclicMatrix(covariance.grid(), m + 1, m + 1, covariance.block())};
  result.gradient.head(m) = 0.5 * (1.0 - t.array() - v.array().square()) + prior.array();
  const double misfit = posterior.misfit();
  result.gradient(m) = 0.5 * (system.n_observations - misfit - static_cast<double>(m) + t.sum());

  const Eigen::VectorXd mixed = 0.5 * (squares - t + 2.0 * v.cwiseProduct(tv));
  const double of_noise = 0.5 * (misfit - 2.0 * v.dot(tv) + t.sum() - squares.sum());
  // Blocks of T keep their places.
  result.neg_hessian.fill([&](Index i, Index j) {
    if (i == m || j == m) return i == j ? of_noise : mixed(std::min(i, j));
    const double t_ij =
        covariance.at_local(covariance.row_axis().local_index(i), covariance.col_axis().local_index(j));
    const double diagonal = i == j ? t(i) + v(i) * v(i) + 2.0 * prior(i) : 0.0;
    return 0.5 * (diagonal - t_ij * t_ij - 2.0 * v(i) * v(j) * t_ij);
  });
  return result;
}

std::optional<Eigen::VectorXd> newton_step(const RelevanceCurvature& at, double shift, bool noise_is_known) {
  linalg::BlockCyclicMatrix factor = at.neg_hessian;
  const Index m = factor.rows() - 1;
  Eigen::VectorXd gradient = at.gradient;
  if (noise_is_known) gradient(m) = 0.0;
  const auto entry = [&](Index i, Index j, const auto& change) {
    if (factor.owns(i, j))
      change(factor.at_local(factor.row_axis().local_index(i), factor.col_axis().local_index(j)));
  };
  for (Index i = 0; noise_is_known && i < m; ++i) {
    entry(i, m, [](double& value) { value = 0.0; });
    entry(m, i, [](double& value) { value = 0.0; });
  }
  if (noise_is_known) entry(m, m, [](double& value) { value = 1.0; });
  for (Index i = 0; i <= m; ++i) entry(i, i, [&](double& value) { value += shift; });
  try {
    linalg::cholesky_in_place(factor, "the curvature of the evidence");
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::numerical) throw;
    return std::nullopt;
  }
  return linalg::solve_upper(factor, linalg::solve_upper(factor, gradient, linalg::Op::transpose)).eval();
}

}  // namespace tallfit::estimate
