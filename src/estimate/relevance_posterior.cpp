#include "tallfit/estimate/relevance_posterior.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "tallfit/linalg/fold.hpp"
#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/qr.hpp"
#include "tallfit/linalg/transfer.hpp"
#include "tallfit/linalg/triangular.hpp"

namespace tallfit::estimate {

namespace {

constexpr double ln_two_pi = 1.8378770664093454836;

/// Columns of a to the places from @p to on, neighbours together.
void place_columns(const linalg::BlockCyclicMatrix& a, const std::vector<Index>& columns,
                   linalg::BlockCyclicMatrix& b, Index to) {
  const auto n = static_cast<Index>(columns.size());
  for (Index j = 0; j < n;) {
    const Index first = columns[static_cast<std::size_t>(j)];
    Index run = 1;
    while (j + run < n && columns[static_cast<std::size_t>(j + run)] == first + run) ++run;
    linalg::copy_part(a, {.row = 0, .col = first, .rows = a.rows(), .cols = run}, b, {0, to + j});
    j += run;
  }
}

void set(linalg::BlockCyclicMatrix& a, Index row, Index col, double value) {
  if (a.owns(row, col)) a.at_local(a.row_axis().local_index(row), a.col_axis().local_index(col)) = value;
}

/// [E z; 0 ρ] with columns in this order, below which there is room for more rows.
linalg::BlockCyclicMatrix ordered(const ScaledSystem& system, const std::vector<Index>& order, Index room) {
  const Index k = system.n_coeffs();
  linalg::BlockCyclicMatrix rows(system.columns.grid(), k + 1 + room, k + 1, system.columns.block());
  place_columns(system.columns, order, rows, 0);
  for (Index i = 0; i < k; ++i) set(rows, i, k, system.z(i));
  set(rows, k, k, system.rho);
  return rows;
}

/// R of [E' z; 0 ρ] diag(scale) above m unit rows, E' the columns in this order: the prior's rows are a
/// triangle, and so are the others as long as their order stays.
linalg::BlockCyclicMatrix joint_triangle(const ScaledSystem& system, const std::vector<Index>& order, Index m,
                                         const Eigen::VectorXd& scale, SortedColumns& sorted) {
  const Index n = system.n_coeffs() + 1;
  if (sorted.order != order || sorted.triangle.empty()) {
    linalg::BlockCyclicMatrix square = ordered(system, order, 0);
    linalg::triangularise_in_place(square);
    sorted.order = order;
    sorted.triangle.resize(static_cast<std::size_t>(linalg::packed_size(n)));
    for (Index j = 0; j < n; ++j)
      std::copy_n(&square.at_local(0, j), j + 1, sorted.triangle.data() + linalg::packed_size(j));
  }
  std::vector<double> triangle = sorted.triangle;
  for (Index j = 0; j < n; ++j) {
    const auto column = std::span(triangle).subspan(static_cast<std::size_t>(linalg::packed_size(j)));
    for (Index i = 0; i <= j; ++i) column[static_cast<std::size_t>(i)] *= scale(j);
  }
  linalg::RowTiles prior(std::max<Index>(m, 1), n);
  prior.append_unit_rows(m);
  linalg::fold_in_place(triangle, prior);
  linalg::BlockCyclicMatrix result(system.columns.grid(), n, n, system.columns.block());
  for (Index j = 0; j < n; ++j)
    std::copy_n(triangle.data() + linalg::packed_size(j), j + 1, &result.at_local(0, j));
  return result;
}

/// The same by QR of all rows.
linalg::BlockCyclicMatrix joint_triangle_on_grid(const ScaledSystem& system, const std::vector<Index>& order,
                                                 Index m, const Eigen::VectorXd& scale) {
  linalg::BlockCyclicMatrix stacked = ordered(system, order, m);
  linalg::scale_columns_in_place(stacked, scale);
  for (Index j = 0; j < m; ++j) set(stacked, system.n_coeffs() + 1 + j, j, 1.0);
  linalg::triangularise_in_place(stacked);
  return stacked;
}

Eigen::VectorXd unit_vector(Index n, Index at) {
  Eigen::VectorXd e = Eigen::VectorXd::Zero(n);
  e(at) = 1.0;
  return e;
}

}  // namespace

ScaledSystem scaled(const LeastSquaresSystem& system, double n_observations, double rcond) {
  ScaledSystem result{.columns = system.r,
                      .norms = linalg::column_norms(system.r),
                      .z = system.z,
                      .rho = system.rho,
                      .target_size = std::hypot(system.z.norm(), system.rho) / std::sqrt(n_observations),
                      .n_observations = n_observations};
  for (Index j = 0; system.intercept && j < result.n_coeffs(); ++j)
    if (result.norms(j) <= rcond * std::abs(system.intercept->r12(j))) result.norms(j) = 0.0;
  if (!(result.target_size > 0.0)) result.target_size = 1.0;
  result.z /= result.target_size;
  result.rho /= result.target_size;
  linalg::scale_columns_in_place(result.columns,
                                 (result.norms.array() > 0.0).select(result.norms.cwiseInverse(), 0.0));
  return result;
}

std::vector<Index> Relevance::active() const {
  std::vector<Index> columns;
  for (Index j = 0; j < precisions.size(); ++j)
    if (std::isfinite(precisions(j))) columns.push_back(j);
  return columns;
}

void Relevance::put(compress::NumberSink& sink) const {
  sink.put(Eigen::MatrixXd(precisions));
  sink.put(noise_precision);
}

void Relevance::read(compress::NumberSource& source) {
  precisions = source.matrix();
  noise_precision = source.number();
}

RelevancePosterior relevance_posterior(const ScaledSystem& system, const Relevance& relevance) {
  SortedColumns sorted;
  return relevance_posterior(system, relevance, sorted);
}

RelevancePosterior relevance_posterior(const ScaledSystem& system, const Relevance& relevance,
                                       SortedColumns& sorted) {
  const Index k = system.n_coeffs();
  std::vector<Index> active = relevance.active();
  std::vector<Index> order = active;
  for (Index j = 0; j < k; ++j)
    if (!std::isfinite(relevance.precisions(j))) order.push_back(j);
  const auto m = static_cast<Index>(active.size());
  const double root = std::sqrt(relevance.noise_precision);
  Eigen::VectorXd scale = Eigen::VectorXd::Constant(k + 1, root);
  for (Index j = 0; j < m; ++j)
    scale(j) /= std::sqrt(relevance.precisions(active[static_cast<std::size_t>(j)]));
  linalg::BlockCyclicMatrix stacked = system.columns.grid().is_serial()
                                          ? joint_triangle(system, order, m, scale, sorted)
                                          : joint_triangle_on_grid(system, order, m, scale);

  RelevancePosterior result{.active = std::move(active),
                            .mean = Eigen::VectorXd(m),
                            .factor = linalg::sub_matrix(stacked, 0, 0, m, m),
                            .sparsity = Eigen::VectorXd::Zero(k),
                            .quality = Eigen::VectorXd::Zero(k)};
  const linalg::BlockCyclicMatrix rest = linalg::sub_matrix(stacked, m, m, k + 1 - m, k + 1 - m);
  const Eigen::VectorXd unexplained = linalg::multiply(rest, unit_vector(k + 1 - m, k - m));
  const Eigen::VectorXd norms = linalg::column_norms(rest);
  const Eigen::VectorXd products = linalg::multiply(rest, unexplained, linalg::Op::transpose);
  for (Index j = 0; j < k - m; ++j) {
    const Index column = order[static_cast<std::size_t>(m + j)];
    result.sparsity(column) = norms(j) * norms(j);
    result.quality(column) = products(j);
  }
  double log_determinant = 0.0;
  if (m > 0) {
    const Eigen::VectorXd explained =
        linalg::multiply(linalg::sub_matrix(stacked, 0, k, m, 1), Eigen::VectorXd::Ones(1));
    result.mean = linalg::solve_upper(result.factor, explained);
    log_determinant = 2.0 * linalg::diagonal(result.factor).cwiseAbs().array().log().sum();
  }
  result.penalised_misfit = unexplained.squaredNorm();
  const double n = system.n_observations;
  result.log_evidence = 0.5 * (n * std::log(relevance.noise_precision) - log_determinant -
                               result.penalised_misfit - n * ln_two_pi);
  return result;
}

linalg::BlockCyclicMatrix posterior_covariance(const RelevancePosterior& posterior) {
  if (posterior.active.empty()) return posterior.factor;
  return linalg::inverse_gram(posterior.factor, "the factor of active columns");
}

void add_active_in_place(RelevancePosterior& posterior, const Relevance& relevance,
                         const Eigen::VectorXd& variances) {
  for (std::size_t j = 0; j < posterior.active.size(); ++j) {
    const Index column = posterior.active[j];
    const double t = variances(static_cast<Index>(j));
    const double precision = relevance.precisions(column);
    posterior.sparsity(column) = precision * std::max(0.0, 1.0 - t) / t;
    posterior.quality(column) = std::sqrt(precision) * posterior.mean(static_cast<Index>(j)) / t;
  }
}

Eigen::VectorXd coefficients_of(const ScaledSystem& system, const Relevance& relevance,
                                const RelevancePosterior& posterior) {
  Eigen::VectorXd theta = Eigen::VectorXd::Zero(system.n_coeffs());
  for (std::size_t j = 0; j < posterior.active.size(); ++j) {
    const Index column = posterior.active[j];
    theta(column) = system.target_size * posterior.mean(static_cast<Index>(j)) /
                    (std::sqrt(relevance.precisions(column)) * system.norms(column));
  }
  return theta;
}

}  // namespace tallfit::estimate
