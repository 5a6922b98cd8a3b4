#include "tallfit/estimate/least_squares_system.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tallfit/base/error.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/linalg/fold.hpp"
#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/qr.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::estimate {

namespace {

/// The columns of the augmented factor with the ones first; triangular again.
Eigen::MatrixXd ones_first(const Eigen::MatrixXd& factor) {
  const Index n = factor.cols() - 2;
  Eigen::MatrixXd moved(factor.rows(), factor.cols());
  moved << factor.col(n), factor.leftCols(n), factor.col(n + 1);
  return linalg::triangularise(moved);
}

/// Last column of a K + 1 matrix [R z; 0 ρ] on every rank.
Eigen::VectorXd last_column(const linalg::BlockCyclicMatrix& t) {
  Eigen::VectorXd pick = Eigen::VectorXd::Zero(t.cols());
  pick(t.cols() - 1) = 1.0;
  return linalg::multiply(t, pick);
}

/// Everything of a system but R, as rank 0 of the grid knows it.
struct SmallParts {
  Eigen::VectorXd z;
  double rho = 0.0;
  double sum_of_weights = 0.0;
  InterceptRow intercept;
};

void share(const comm::Communicator& comm, SmallParts& parts, Index n) {
  Eigen::VectorXd packed = Eigen::VectorXd::Zero(2 * n + 4);
  if (comm.is_root()) {
    if (parts.intercept.r12.size() == 0) parts.intercept.r12 = Eigen::VectorXd::Zero(n);
    packed << parts.z, parts.intercept.r12, parts.rho, parts.intercept.r11, parts.intercept.z1,
        parts.sum_of_weights;
  }
  comm::broadcast(comm, std::span(packed.data(), static_cast<std::size_t>(packed.size())), 0);
  parts = {.z = packed.head(n),
           .rho = packed(2 * n),
           .sum_of_weights = packed(2 * n + 3),
           .intercept = {.r11 = packed(2 * n + 1), .r12 = packed.segment(n, n), .z1 = packed(2 * n + 2)}};
}

}  // namespace

LeastSquaresSystem make_system(const linalg::ProcessGrid& grid, const Eigen::MatrixXd& factor, Index n_rows,
                               Intercept intercept) {
  Index n = factor.cols() - 2;
  comm::broadcast(grid.comm(), std::span(&n, 1), 0);
  Eigen::MatrixXd r;
  SmallParts parts;
  if (grid.comm().is_root()) {
    Eigen::MatrixXd t = Eigen::MatrixXd::Zero(n + 2, n + 2);
    const Eigen::MatrixXd reduced = intercept == Intercept::fitted  ? ones_first(factor)
                                    : factor.rows() < factor.cols() ? linalg::triangularise(factor)
                                                                    : factor;
    t.topRows(reduced.rows()) = reduced;
    const Index skip = intercept == Intercept::fitted ? 1 : 0;
    r = t.block(skip, skip, n, n);
    parts.z = t.col(n + 1).segment(skip, n);
    parts.rho = t.col(n + 1).tail(2 - skip).norm();
    parts.sum_of_weights = factor.col(n).squaredNorm();
    if (skip == 1) parts.intercept = {.r11 = t(0, 0), .r12 = t.row(0).segment(1, n), .z1 = t(0, n + 1)};
  }
  share(grid.comm(), parts, n);
  return {.r = linalg::distribute_from_root(grid, r),
          .z = parts.z,
          .rho = parts.rho,
          .intercept = intercept == Intercept::fitted ? std::optional(parts.intercept) : std::nullopt,
          .n_rows = n_rows,
          .sum_of_weights = parts.sum_of_weights};
}

std::optional<LeastSquaresSystem> training_system(const compress::CompressedDesign& design,
                                                  const design::GroupMultipliers& multipliers,
                                                  Intercept intercept, const comm::Communicator& comm) {
  compress::Factor merged;
  {
    const Phase phase("merge cells");
    merged = compress::merge_training_cells(design, comm, multipliers);
  }
  const Index n_rows = compress::count_training_rows(design, multipliers);
  std::optional<LeastSquaresSystem> system;
  comm::all_or_none(comm, [&] {
    if (!comm.is_root()) return;
    const Eigen::MatrixXd factor = std::exchange(merged, compress::Factor()).dense();
    system = make_system(linalg::ProcessGrid::serial(), factor, n_rows, intercept);
  });
  return system;
}

LeastSquaresSystem augmented(const LeastSquaresSystem& system, double lambda) {
  return augmented(system, lambda, unit_prior(system.n_coeffs()));
}

LeastSquaresSystem augmented(const LeastSquaresSystem& system, const Eigen::VectorXd& lambdas) {
  require(lambdas.size() == system.n_coeffs(), ErrorKind::bug, "{} penalties for {} columns", lambdas.size(),
          system.n_coeffs());
  Prior prior = unit_prior(lambdas.size());
  prior.rows.diagonal() = lambdas.cwiseSqrt();
  return augmented(system, 1.0, prior);
}

LeastSquaresSystem augmented(const LeastSquaresSystem& system, double lambda, const Prior& prior) {
  const linalg::BlockCyclicMatrix& r = system.r;
  const Index n = system.n_coeffs();
  const double root = std::sqrt(lambda);
  const Eigen::VectorXd target = prior.rows * prior.mean;
  linalg::BlockCyclicMatrix stacked(r.grid(), n + 1 + prior.rows.rows(), n + 1, r.block());
  // R sits in the upper left corner, where the deal of blocks is its own: entries are copied without
  // messages.
  stacked.fill([&](Index i, Index j) {
    if (i < n && j < n) return r.at_local(r.row_axis().local_index(i), r.col_axis().local_index(j));
    if (i <= n) return j < n ? 0.0 : (i < n ? system.z(i) : system.rho);
    return root * (j < n ? prior.rows.coeff(i - n - 1, j) : target(i - n - 1));
  });
  linalg::triangularise_in_place(stacked);
  const linalg::BlockCyclicMatrix t = linalg::leading_rows(stacked, n + 1);
  LeastSquaresSystem result = system;
  result.r.fill(
      [&](Index i, Index j) { return t.at_local(t.row_axis().local_index(i), t.col_axis().local_index(j)); });
  const Eigen::VectorXd last = last_column(t);
  result.z = last.head(n);
  result.rho = std::abs(last(n));
  return result;
}

LeastSquaresSystem select_columns(const LeastSquaresSystem& system, std::span<const Index> columns) {
  const linalg::BlockCyclicMatrix& r = system.r;
  const Index n = system.n_coeffs();
  const auto m = static_cast<Index>(columns.size());
  linalg::BlockCyclicMatrix chosen(r.grid(), n + 1, m + 1, r.block());
  for (Index j = 0; j < m;) {
    const Index first = columns[static_cast<std::size_t>(j)];
    Index run = 1;  // adjacent columns travel together
    while (j + run < m && columns[static_cast<std::size_t>(j + run)] == first + run) ++run;
    linalg::copy_part(r, {.row = 0, .col = first, .rows = n, .cols = run}, chosen, {0, j});
    j += run;
  }
  for (Index i = 0; i <= n; ++i)
    if (chosen.owns(i, m))
      chosen.at_local(chosen.row_axis().local_index(i), chosen.col_axis().local_index(m)) =
          i < n ? system.z(i) : system.rho;
  linalg::triangularise_in_place(chosen);
  const Eigen::VectorXd last = last_column(chosen);
  LeastSquaresSystem result{.r = linalg::sub_matrix(chosen, 0, 0, m, m),
                            .z = last.head(m),
                            .rho = std::abs(last(m)),
                            .intercept = system.intercept,
                            .n_rows = system.n_rows,
                            .sum_of_weights = system.sum_of_weights,
                            .n_free = system.n_free};
  if (result.intercept) {
    const Eigen::VectorXd& all = system.intercept->r12;
    result.intercept->r12 =
        Eigen::VectorXd::NullaryExpr(m, [&](Index j) { return all(columns[static_cast<std::size_t>(j)]); });
  }
  return result;
}

}  // namespace tallfit::estimate
