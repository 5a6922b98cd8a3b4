#include "tallfit/estimate/free_columns.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <span>
#include <utility>

#include "tallfit/base/error.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/estimate/column_patterns.hpp"
#include "tallfit/estimate/estimator.hpp"
#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/qr.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::estimate {

namespace {

using linalg::BlockCyclicMatrix;

std::vector<Index> others(const std::vector<Index>& columns, Index n) {
  std::vector<Index> rest;
  for (Index j = 0; j < n; ++j)
    if (!std::binary_search(columns.begin(), columns.end(), j)) rest.push_back(j);
  return rest;
}

/// Copies columns of R, those that lie side by side at once, to where they are to begin.
void copy_columns(const BlockCyclicMatrix& r, const std::vector<Index>& columns, BlockCyclicMatrix& to,
                  const std::array<Index, 2>& row_and_col) {
  const auto m = static_cast<Index>(columns.size());
  for (Index j = 0; j < m;) {
    const Index first = columns[static_cast<std::size_t>(j)];
    Index run = 1;
    while (j + run < m && columns[static_cast<std::size_t>(j + run)] == first + run) ++run;
    linalg::copy_part(r, {.row = 0, .col = first, .rows = r.rows(), .cols = run}, to,
                      {row_and_col[0], row_and_col[1] + j});
    j += run;
  }
}

/// The triangle of [U 1 P b], without the ones where there is no intercept.
BlockCyclicMatrix free_first(const LeastSquaresSystem& system, const std::vector<Index>& free,
                             const std::vector<Index>& rest) {
  const Index n = system.n_coeffs();
  const auto m = static_cast<Index>(free.size());
  const Index skip = system.intercept ? 1 : 0;
  BlockCyclicMatrix all(system.r.grid(), n + 1 + skip, n + 1 + skip, system.r.block());
  copy_columns(system.r, free, all, {skip, 0});
  copy_columns(system.r, rest, all, {skip, m + skip});
  const Index last = n + skip;
  const auto set = [&](Index i, Index j, double value) {
    if (all.owns(i, j)) all.at_local(all.row_axis().local_index(i), all.col_axis().local_index(j)) = value;
  };
  for (Index i = 0; i < n; ++i) set(skip + i, last, system.z(i));
  set(last, last, system.rho);
  if (system.intercept) {
    const InterceptRow& row = *system.intercept;
    for (Index j = 0; j < m; ++j) set(0, j, row.r12(free[static_cast<std::size_t>(j)]));
    set(0, m, row.r11);
    for (std::size_t j = 0; j < rest.size(); ++j) set(0, m + 1 + static_cast<Index>(j), row.r12(rest[j]));
    set(0, last, row.z1);
  }
  linalg::triangularise_in_place(all);
  return all;
}

/// The first rows of a matrix, on every rank.
Eigen::MatrixXd first_rows(const BlockCyclicMatrix& a, Index count) {
  return linalg::multiply(a, Eigen::MatrixXd::Identity(a.rows(), count), linalg::Op::transpose).transpose();
}

void require_independent(const Eigen::MatrixXd& top, const FreeColumns& free, bool has_intercept,
                         const comm::Communicator& comm, double rcond) {
  const auto m = static_cast<Index>(free.columns.size());
  const auto name = [&](Index j) {
    const Index column = free.columns[static_cast<std::size_t>(j)];
    return free.names.empty() ? fmt::format("{}", column) : free.names[static_cast<std::size_t>(column)];
  };
  for (Index j = 0; j < m; ++j) {
    const double norm = top.col(j).head(j + 1).norm();
    comm::require_replicated(comm, norm > 0.0, ErrorKind::input,
                             "fit.unpenalised: column '{}' is 0 in all fitted rows, which say nothing of it. "
                             "Leave it out, or fit rows that have it",
                             name(j));
    comm::require_replicated(comm, std::abs(top(j, j)) > rcond * norm, ErrorKind::input,
                             "fit.unpenalised: column '{}' is a combination of the unpenalised columns "
                             "before it, from '{}' on, so "
                             "that rows do not tell their coefficients apart. Leave one of them out",
                             name(j), name(0));
  }
  if (!has_intercept) return;
  comm::require_replicated(
      comm, std::abs(top(m, m)) > rcond * top.col(m).head(m + 1).norm(), ErrorKind::input,
      "fit.unpenalised: a combination of the unpenalised columns, from '{}' to '{}', is the constant of "
      "fit.fit_intercept. Leave one of them, or fit.fit_intercept, out",
      name(0), name(m - 1));
}

/// Fits what is left without the free columns, and puts them back.
class WithFreeColumns final : public Estimator {
public:
  WithFreeColumns(std::unique_ptr<Estimator> estimator, FreeColumns free, double rcond)
      : estimator_(std::move(estimator)), free_(std::move(free)), rcond_(rcond) {}

  LinearFit fit(const LeastSquaresSystem& system) const override {
    const SystemWithoutFree parts = without_free_columns(system, free_, rcond_);
    return completed(estimator_->fit(parts.rest), parts);
  }
  bool has_evidence() const override { return estimator_->has_evidence(); }
  bool is_search() const override { return estimator_->is_search(); }
  std::string objective() const override { return estimator_->objective() + of_free; }

private:
  static constexpr const char* of_free = ", fit.unpenalised at their best";

  LinearFit completed(LinearFit of_rest, const SystemWithoutFree& parts) const;

  std::unique_ptr<Estimator> estimator_;
  FreeColumns free_;
  double rcond_;
};

/// Free rows for the columns that a fit has kept.
FreeRows of_columns(const FreeRows& rows, const std::vector<Index>& kept) {
  FreeRows some = rows;
  const auto n = static_cast<Index>(kept.size());
  some.coupling.resize(rows.r.rows(), n + 1);
  for (Index j = 0; j < n; ++j) some.coupling.col(j) = rows.coupling.col(kept[static_cast<std::size_t>(j)]);
  some.coupling.col(n) = rows.coupling.rightCols(1);
  return some;
}

/// Variances of free coefficients where that of the noise is 1. @collective over the grid of the fit
Eigen::VectorXd variances(const FreeRows& kept, const LinearFit& fit) {
  const auto upper = kept.r.triangularView<Eigen::Upper>();
  const Index m = kept.r.rows();
  const Index n = kept.coupling.cols() - 1;
  const Eigen::MatrixXd own = upper.solve(Eigen::MatrixXd::Identity(m, m));
  Eigen::MatrixXd carried = upper.solve(kept.coupling);  // u = ... - carried [θ; c]
  Eigen::VectorXd result = own.rowwise().squaredNorm();
  if (fit.intercept_row) {  // c = (z1 - r12 θ) / r11
    const Eigen::VectorXd of_constant = carried.col(n) / fit.intercept_row->r11;
    result += of_constant.cwiseAbs2();
    if (n > 0 && fit.solver) carried.leftCols(n) -= of_constant * fit.intercept_row->r12.transpose();
  }
  for (Index i = 0; fit.solver && i < m; ++i)
    result(i) += std::pow(fit.solver->deviation_along(carried.row(i).head(n).transpose()), 2);
  return result;
}

LinearFit WithFreeColumns::completed(LinearFit of_rest, const SystemWithoutFree& parts) const {
  const FreeRows& rows = parts.rows;
  const auto n = static_cast<Index>(parts.columns.size() + rows.columns.size());
  std::vector<Index> kept = of_rest.solver_columns;
  if (kept.empty() && of_rest.solver)
    for (Index j = 0; j < of_rest.coefficients.size(); ++j) kept.push_back(j);
  const FreeRows of_kept = of_columns(rows, kept);
  const Eigen::VectorXd u = rows.solve(of_rest.coefficients, of_rest.intercept);
  const Eigen::VectorXd variance = variances(of_kept, of_rest);
  Eigen::MatrixXd on_path(u.size(), of_rest.path ? of_rest.path->coefficients.cols() : 0);
  for (Index i = 0; i < on_path.cols(); ++i)
    on_path.col(i) = rows.solve(of_rest.path->coefficients.col(i), of_rest.path->intercepts(i));

  LinearFit fit = expanded(std::move(of_rest), parts.columns, n);
  for (Index i = 0; i < u.size(); ++i) {
    const Index column = rows.columns[static_cast<std::size_t>(i)];
    fit.coefficients(column) = u(i);
    fit.covariance_diagonal(column) = variance(i);
    fit.standard_errors(column) = std::sqrt(fit.noise_variance * variance(i));
    if (fit.column_precisions.size() > 0) fit.column_precisions(column) = 0.0;
    if (fit.path) fit.path->coefficients.row(column) = on_path.row(i);
  }
  fit.rank += u.size();
  fit.objective += of_free;
  fit.free = of_kept;
  return fit;
}

}  // namespace

Eigen::VectorXd FreeRows::solve(const Eigen::VectorXd& theta, double constant) const {
  return r.triangularView<Eigen::Upper>().solve(z - coupling.leftCols(theta.size()) * theta -
                                                coupling.rightCols(1) * constant);
}

FreeColumns free_columns(const std::vector<std::string>& names, const std::vector<std::string>& patterns) {
  std::set<Index> columns;
  for (const std::string& pattern : patterns)
    for (const Index column : columns_of(pattern, names, "fit.unpenalised")) columns.insert(column);
  require(columns.size() < names.size(), ErrorKind::input,
          "fit.unpenalised = [{}] leaves none of the {} columns to fit.estimator. Name fewer, or use "
          "fit.estimator = \"ols\" without it",
          fmt::join(patterns, ", "), names.size());
  return {.columns = {columns.begin(), columns.end()}, .names = names};
}

SystemWithoutFree without_free_columns(const LeastSquaresSystem& system, const FreeColumns& free,
                                       double rcond) {
  const Index n = system.n_coeffs();
  const auto m = static_cast<Index>(free.columns.size());
  const Index skip = system.intercept ? 1 : 0;
  const comm::Communicator& comm = system.r.grid().comm();
  const bool is_of_system = free.columns.empty() || (free.columns.back() < n && m < n);
  comm::require_replicated(comm, is_of_system, ErrorKind::input,
                           "fit.unpenalised takes {} of {} columns, the last of them number {}: one at least "
                           "must be left to fit.estimator",
                           m, n, m > 0 ? free.columns.back() : 0);
  const std::vector<Index> rest = others(free.columns, n);
  const BlockCyclicMatrix all = free_first(system, free.columns, rest);
  const Eigen::MatrixXd top = first_rows(all, m + skip);
  require_independent(top, free, skip == 1, comm, rcond);

  const Index left = n - m;
  const Index last = n + skip;
  const Eigen::VectorXd target = linalg::multiply(all, Eigen::VectorXd::Unit(last + 1, last));
  BlockCyclicMatrix r = linalg::sub_matrix(all, m + skip, m + skip, left, left);
  const Eigen::VectorXd norms = linalg::column_norms(all).segment(m + skip, left);
  const Eigen::VectorXd remains = linalg::column_norms(r);
  linalg::scale_columns_in_place(r, (remains.array() > rcond * norms.array()).cast<double>());
  SystemWithoutFree parts{.rest = {.r = std::move(r),
                                   .z = target.segment(m + skip, left),
                                   .rho = std::abs(target(last)),
                                   .intercept = std::nullopt,
                                   .n_rows = system.n_rows,
                                   .sum_of_weights = system.sum_of_weights,
                                   .n_free = system.n_free + m},
                          .columns = rest,
                          .rows = {.columns = free.columns,
                                   .r = top.topLeftCorner(m, m),
                                   .coupling = Eigen::MatrixXd::Zero(m, left + 1),
                                   .z = top.col(last).head(m)}};
  parts.rows.coupling.leftCols(left) = top.block(0, m + skip, m, left);
  if (skip == 1) {
    parts.rest.intercept = {.r11 = top(m, m), .r12 = top.row(m).segment(m + 1, left), .z1 = top(m, last)};
    parts.rows.coupling.col(left) = top.col(m).head(m);
  }
  return parts;
}

std::unique_ptr<Estimator> with_free_columns(std::unique_ptr<Estimator> estimator, FreeColumns free,
                                             double rcond) {
  return std::make_unique<WithFreeColumns>(std::move(estimator), std::move(free), rcond);
}

}  // namespace tallfit::estimate
