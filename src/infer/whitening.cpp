#include "tallfit/infer/whitening.hpp"

#include <array>
#include <span>

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/linalg/dense_products.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::infer {

namespace {

std::span<double> numbers(Eigen::MatrixXd& m) { return {m.data(), static_cast<std::size_t>(m.size())}; }
std::span<double> numbers(Eigen::VectorXd& v) { return {v.data(), static_cast<std::size_t>(v.size())}; }

}  // namespace

Whitening whitening_of(const estimate::LinearFit& fit, Index n_cols, const comm::Communicator& comm) {
  Whitening whitening;
  std::array<double, 2> scalars = {};
  std::array<Index, 2> shape = {};
  comm::all_or_none(comm, [&] {
    if (!comm.is_root()) return;
    const Eigen::MatrixXd root = linalg::gather(estimate::covariance_root(fit));
    whitening.root = fit.has_intercept() ? root : Eigen::MatrixXd(root.leftCols(root.cols() - 1));
    whitening.coefficients = fit.coefficients;
    scalars = {fit.intercept, fit.residual_norm};
    shape = {whitening.root.cols(), fit.rank == n_cols && fit.solver_columns.empty() ? 1 : 0};
  });
  comm::broadcast(comm, std::span<double>(scalars), 0);
  comm::broadcast(comm, std::span<Index>(shape), 0);
  whitening.root.resize(n_cols + 1, shape[0]);
  whitening.coefficients.resize(n_cols);
  comm::broadcast(comm, numbers(whitening.root), 0);
  comm::broadcast(comm, numbers(whitening.coefficients), 0);
  whitening.is_triangular = shape[1] == 1;
  whitening.intercept = scalars[0];
  whitening.residual_norm = scalars[1];
  return whitening;
}

Eigen::MatrixXd whitened(const Whitening& whitening, const Eigen::Ref<const Eigen::MatrixXd>& rows,
                         const Eigen::Ref<const Eigen::VectorXd>& ones) {
  const Index n = whitening.n_coeffs();
  Eigen::MatrixXd q = Eigen::MatrixXd::Zero(whitening.rank(), rows.cols());
  if (whitening.is_triangular) {
    q.topRows(n) = rows;
    linalg::multiply_by_transposed_upper(whitening.root.topLeftCorner(n, n), q.topRows(n));
  } else {
    linalg::add_product(whitening.root.topRows(n), linalg::Op::transpose, rows, q);
  }
  q.noalias() += whitening.root.row(n).transpose() * ones.transpose();
  return q;
}

}  // namespace tallfit::infer
