#include "tallfit/linalg/matrix_ops.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "grid_sum.hpp"
#include "lapack.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/comm/exchange.hpp"

namespace tallfit::linalg {

namespace {

template <class Dense>
std::span<double> values_of(Dense& dense) {
  return {dense.data(), static_cast<std::size_t>(dense.size())};
}

// In units of the largest entry, so that no square leaves the range of double (Eigen's stableNorm loses NaN).
double safe_norm(const Eigen::Ref<const Eigen::VectorXd>& v) {
  if (v.size() == 0) return 0.0;
  const double largest = v.cwiseAbs().maxCoeff<Eigen::PropagateNaN>();
  if (!std::isfinite(largest) || largest == 0.0) return largest;
  return largest * (v / largest).norm();
}

// c = op(a) b
Eigen::MatrixXd product(const BlockCyclicMatrix::ConstLocalMap& a, const Eigen::MatrixXd& b, Op op) {
  const char trans = static_cast<char>(op);
  Eigen::MatrixXd c = Eigen::MatrixXd::Zero(op == Op::none ? a.rows() : a.cols(), b.cols());
  if (a.size() == 0 || c.size() == 0) return c;
  const int m = to_int(c.rows(), "rows of a product");
  const int n = to_int(c.cols(), "columns of a product");
  const int k = to_int(b.rows(), "length of the dot products");
  const int lda = to_int(a.outerStride(), "leading dimension");
  const double one = 1.0;
  const double zero = 0.0;
  dgemm_(&trans, "N", &m, &n, &k, &one, a.data(), &lda, b.data(), &k, &zero, c.data(), &m, 1, 1);
  return c;
}

}  // namespace

Eigen::VectorXd diagonal(const BlockCyclicMatrix& a) {
  const Index n = std::min(a.rows(), a.cols());
  const ProcessGrid& grid = a.grid();
  Eigen::VectorXd d = Eigen::VectorXd::Zero(n);
  for (Index i = 0; i < a.local_rows(); ++i) {
    const Index global = a.global_row(i);
    if (global < n && a.col_axis().owner(global) == grid.my_col()) {
      d(global) = a.at_local(i, a.col_axis().local_index(global));
    }
  }
  detail::sum_over_grid(grid, values_of(d));
  return d;
}

Eigen::VectorXd column_norms(const BlockCyclicMatrix& a) {
  Eigen::VectorXd mine = Eigen::VectorXd::Zero(a.cols());
  for (Index j = 0; j < a.local_cols(); ++j) mine(a.global_col(j)) = safe_norm(a.local().col(j));
  if (a.grid().is_serial()) return mine;

  // Partial norms are added as their entries were: in units of the largest.
  Eigen::VectorXd largest = mine;
  comm::max_in_place(a.grid().comm(), values_of(largest));
  Eigen::VectorXd sum(a.cols());
  for (Index j = 0; j < a.cols(); ++j) {
    const double ratio = std::isinf(mine(j)) ? 1.0 : mine(j) / (largest(j) > 0.0 ? largest(j) : 1.0);
    sum(j) = ratio * ratio;
  }
  detail::sum_over_grid(a.grid(), values_of(sum));
  // largest may differ between ranks only where a NaN met MPI_MAX; there the sum is NaN on all.
  return largest.cwiseProduct(sum.cwiseSqrt());
}

Eigen::VectorXd equilibration(const Eigen::VectorXd& norms) {
  return norms.unaryExpr([](double norm) {
    int exponent = 0;
    std::frexp(norm, &exponent);
    return norm > 0.0 ? std::ldexp(1.0, -exponent) : 1.0;
  });
}

void scale_columns_in_place(BlockCyclicMatrix& a, const Eigen::VectorXd& d) {
  require(d.size() == a.cols(), ErrorKind::bug, "{} scales for {} columns", d.size(), a.cols());
  for (Index j = 0; j < a.local_cols(); ++j) a.local().col(j) *= d(a.global_col(j));
}

void scale_rows_in_place(BlockCyclicMatrix& a, const Eigen::VectorXd& d) {
  require(d.size() == a.rows(), ErrorKind::bug, "{} scales for {} rows", d.size(), a.rows());
  Eigen::VectorXd mine(a.local_rows());
  for (Index i = 0; i < mine.size(); ++i) mine(i) = d(a.global_row(i));
  for (Index j = 0; j < a.local_cols(); ++j) a.local().col(j).array() *= mine.array();
}

void zero_below_diagonal_in_place(BlockCyclicMatrix& a) {
  for (Index j = 0; j < a.local_cols(); ++j) {
    const Index kept = a.row_axis().count_before(std::min(a.rows(), a.global_col(j) + 1), a.grid().my_row());
    a.local().col(j).tail(a.local_rows() - kept).setZero();
  }
}

BlockCyclicMatrix leading_rows(const BlockCyclicMatrix& a, Index n) {
  require(n >= 0 && n <= a.rows(), ErrorKind::bug, "{} leading rows of a matrix that has {}", n, a.rows());
  BlockCyclicMatrix top(a.grid(), n, a.cols(), a.block());
  top.local() = a.local().topRows(top.local_rows());
  return top;
}

bool all_finite(const BlockCyclicMatrix& a) {
  Index finite = a.local().allFinite() ? 1 : 0;
  comm::min_in_place(a.grid().comm(), std::span<Index>(&finite, 1));
  return finite == 1;
}

Eigen::VectorXd squared_row_norms(const BlockCyclicMatrix& a) {
  Eigen::VectorXd sums = Eigen::VectorXd::Zero(a.rows());
  const Eigen::VectorXd mine = a.local().rowwise().squaredNorm();
  for (Index i = 0; i < mine.size(); ++i) sums(a.global_row(i)) = mine(i);
  detail::sum_over_grid(a.grid(), {sums.data(), static_cast<std::size_t>(sums.size())});
  return sums;
}

void subtract_product_in_place(BlockCyclicMatrix& a, const Eigen::MatrixXd& x, const Eigen::MatrixXd& y) {
  require(x.rows() == a.rows() && y.rows() == a.cols() && x.cols() == y.cols(), ErrorKind::bug,
          "a {} x {} product taken from a {} x {} matrix", x.rows(), y.rows(), a.rows(), a.cols());
  Eigen::MatrixXd my_x(a.local_rows(), x.cols());
  Eigen::MatrixXd my_y(a.local_cols(), y.cols());
  for (Index i = 0; i < my_x.rows(); ++i) my_x.row(i) = x.row(a.global_row(i));
  for (Index j = 0; j < my_y.rows(); ++j) my_y.row(j) = y.row(a.global_col(j));
  a.local().noalias() -= my_x * my_y.transpose();
}

Eigen::MatrixXd multiply(const BlockCyclicMatrix& a, const Eigen::Ref<const Eigen::MatrixXd>& x, Op op) {
  const bool plain = op == Op::none;
  const CyclicAxis& in_axis = plain ? a.col_axis() : a.row_axis();
  const CyclicAxis& out_axis = plain ? a.row_axis() : a.col_axis();
  const int in_rank = plain ? a.grid().my_col() : a.grid().my_row();
  const int out_rank = plain ? a.grid().my_row() : a.grid().my_col();
  require(x.rows() == in_axis.size(), ErrorKind::bug, "{} x {} matrix times vectors of length {}", a.rows(),
          a.cols(), x.rows());

  Eigen::MatrixXd my_x(in_axis.local_size(in_rank), x.cols());
  for (Index s = 0; s < my_x.cols(); ++s) {
    for (Index i = 0; i < my_x.rows(); ++i) my_x(i, s) = x(in_axis.global_index(i, in_rank), s);
  }
  const Eigen::MatrixXd my_y = product(a.local(), my_x, op);
  Eigen::MatrixXd y = Eigen::MatrixXd::Zero(out_axis.size(), x.cols());
  for (Index s = 0; s < my_y.cols(); ++s) {
    for (Index i = 0; i < my_y.rows(); ++i) y(out_axis.global_index(i, out_rank), s) = my_y(i, s);
  }
  detail::sum_over_grid(a.grid(), values_of(y));
  return y;
}

}  // namespace tallfit::linalg
