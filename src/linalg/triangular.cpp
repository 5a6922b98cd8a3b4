#include "tallfit/linalg/triangular.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <vector>

#include "foreign_call.hpp"
#include "grid_sum.hpp"
#include "lapack.hpp"
#include "scalapack.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::linalg {

namespace {

using detail::one, detail::require_square, detail::rows_of, detail::stride_of;

// Asked before every division, so that one message serves LAPACK and ScaLAPACK.
void require_nonzero_diagonal(const BlockCyclicMatrix& r, std::string_view what) {
  require_square(r, what);
  const Eigen::VectorXd d = diagonal(r);
  const auto column = std::find(d.begin(), d.end(), 0.0) - d.begin();
  if (column == d.size()) return;
  throw Error::collective(
      ErrorKind::numerical,
      fmt::format("{} is singular: the pivot of column {} (counted from 0) is exactly zero, so "
                  "this column depends on those before it. Drop it, or regularise (lambda > 0)",
                  what, column));
}

/// ||R||_1, of the upper triangle.
double one_norm_of_upper(const BlockCyclicMatrix& r) {
  Eigen::VectorXd sums = Eigen::VectorXd::Zero(r.cols());
  for (Index j = 0; j < r.local_cols(); ++j) {
    const Index column = r.global_col(j);
    const Index used = r.row_axis().count_before(column + 1, r.grid().my_row());
    sums(column) = r.local().col(j).head(used).lpNorm<1>();
  }
  detail::sum_over_grid(r.grid(), std::span(sums.data(), static_cast<std::size_t>(sums.size())));
  return sums.maxCoeff();
}

/// LAPACK's estimator with our solves: ScaLAPACK's own (pdtrcon, 2.2) is high by a factor of 100 and more
/// where R is the factor of some hundred columns.
double reciprocal_condition_grid(const BlockCyclicMatrix& r) {
  const int n = rows_of(r);
  Eigen::VectorXd v(n);
  Eigen::VectorXd x(n);
  std::vector<int> signs(static_cast<std::size_t>(n));
  std::array<int, 3> state{};
  double inverse_norm = 0.0;
  int wanted = 0;
  const comm::Communicator& comm = r.grid().comm();
  for (;;) {
    // The estimator branches on a sum of the BLAS, whose order depends on addresses: one rank decides for
    // all.
    if (comm.is_root()) dlacn2_(&n, v.data(), x.data(), signs.data(), &inverse_norm, &wanted, state.data());
    comm::broadcast(comm, std::span(&wanted, 1), 0);
    if (wanted == 0) break;
    comm::broadcast(comm, std::span(x.data(), static_cast<std::size_t>(n)), 0);
    x = solve_upper(r, x, wanted == 1 ? Op::none : Op::transpose).col(0).eval();
    if (!x.allFinite()) return 0.0;
  }
  comm::broadcast(comm, std::span(&inverse_norm, 1), 0);
  return 1.0 / (one_norm_of_upper(r) * inverse_norm);
}

double reciprocal_condition_serial(const BlockCyclicMatrix& r) {
  const int n = rows_of(r);
  const int ld = stride_of(r);
  std::vector<double> work(3 * static_cast<std::size_t>(n));
  std::vector<int> iwork(static_cast<std::size_t>(n));
  double rcond = 0.0;
  int info = 0;
  dtrcon_("1", "U", "N", &n, r.data(), &ld, &rcond, work.data(), iwork.data(), &info, 1, 1, 1);
  detail::check_info("dtrcon", "the factor", info, r.grid().comm());
  return rcond;
}

bool upper_triangle_is_finite(const BlockCyclicMatrix& r) {
  Index finite = 1;
  for (Index j = 0; j < r.local_cols(); ++j) {
    const Index used = r.row_axis().count_before(r.global_col(j) + 1, r.grid().my_row());
    if (!r.local().col(j).head(used).allFinite()) finite = 0;
  }
  comm::min_in_place(r.grid().comm(), std::span<Index>(&finite, 1));
  return finite == 1;
}

// Copies the strict upper triangle below the diagonal.
void mirror_upper_in_place(BlockCyclicMatrix& a) {
  zero_below_diagonal_in_place(a);
  if (a.grid().is_serial()) {
    a.local().triangularView<Eigen::StrictlyLower>() = a.local().transpose();
    return;
  }
  // A + A^T with half the diagonal on each side: halving is exact, and so is the sum with zeros.
  for (Index i = 0; i < a.local_rows(); ++i) {
    const Index global = a.global_row(i);
    if (a.col_axis().owner(global) == a.grid().my_col())
      a.at_local(i, a.col_axis().local_index(global)) *= 0.5;
  }
  const BlockCyclicMatrix upper = a;
  const int n = rows_of(a);
  const double unit = 1.0;
  pdtran_(&n, &n, &unit, upper.data(), &one, &one, upper.descriptor().data(), &unit, a.data(), &one, &one,
          a.descriptor().data());
}

}  // namespace

double reciprocal_condition(const BlockCyclicMatrix& r) {
  require_square(r, "the factor");
  if (r.rows() == 0) return 1.0;
  if ((diagonal(r).array() == 0.0).any() || !upper_triangle_is_finite(r)) return 0.0;
  double rcond = r.grid().is_serial() ? reciprocal_condition_serial(r) : reciprocal_condition_grid(r);
  // Solves may overflow where R is singular to working accuracy.
  if (!std::isfinite(rcond)) rcond = 0.0;
  return std::clamp(rcond, 0.0, 1.0);
}

Eigen::MatrixXd solve_upper(const BlockCyclicMatrix& r, const Eigen::Ref<const Eigen::MatrixXd>& rhs, Op op,
                            std::string_view what) {
  require(rhs.rows() == r.rows(), ErrorKind::bug, "{} of order {} and right-hand sides of length {}", what,
          r.rows(), rhs.rows());
  BlockCyclicMatrix x = distribute(r.grid(), rhs, r.block());
  solve_upper_in_place(r, x, op, what);
  return replicate(x);
}

void solve_upper_in_place(const BlockCyclicMatrix& r, BlockCyclicMatrix& b, Op op, std::string_view what) {
  require_nonzero_diagonal(r, what);
  require(b.grid() == r.grid() && b.block() == r.block() && b.rows() == r.rows(), ErrorKind::bug,
          "the right-hand sides of {} do not lie as it does", what);
  if (b.rows() == 0 || b.cols() == 0) return;
  const char trans = static_cast<char>(op);
  const int n = rows_of(r);
  const int n_rhs = static_cast<int>(b.cols());
  int info = 0;
  if (r.grid().is_serial()) {
    const int ld_r = stride_of(r);
    const int ld_b = stride_of(b);
    dtrtrs_("U", &trans, "N", &n, &n_rhs, r.data(), &ld_r, b.data(), &ld_b, &info, 1, 1, 1);
  } else {
    pdtrtrs_("U", &trans, "N", &n, &n_rhs, r.data(), &one, &one, r.descriptor().data(), b.data(), &one, &one,
             b.descriptor().data(), &info, 1, 1, 1);
  }
  // Positive values say "zero diagonal", which was refused above.
  detail::check_info("trtrs", what, info, r.grid().comm());
}

BlockCyclicMatrix inverse_upper(BlockCyclicMatrix r, std::string_view what) {
  require_nonzero_diagonal(r, what);
  zero_below_diagonal_in_place(r);
  if (r.rows() == 0) return r;
  const int n = rows_of(r);
  int info = 0;
  if (r.grid().is_serial()) {
    const int ld = stride_of(r);
    dtrtri_("U", "N", &n, r.data(), &ld, &info, 1, 1);
  } else {
    pdtrtri_("U", "N", &n, r.data(), &one, &one, r.descriptor().data(), &info, 1, 1);
  }
  detail::check_info("trtri", what, info, r.grid().comm());
  return r;
}

Eigen::VectorXd inverse_gram_diagonal(const BlockCyclicMatrix& r, std::string_view what) {
  return squared_row_norms(inverse_upper(r, what));
}

BlockCyclicMatrix inverse_gram(BlockCyclicMatrix r, std::string_view what) {
  require_nonzero_diagonal(r, what);
  if (r.rows() == 0) return r;
  const int n = rows_of(r);
  int info = 0;
  if (r.grid().is_serial()) {
    const int ld = stride_of(r);
    dpotri_("U", &n, r.data(), &ld, &info, 1);
  } else {
    pdpotri_("U", &n, r.data(), &one, &one, r.descriptor().data(), &info, 1);
  }
  detail::check_info("potri", what, info, r.grid().comm());
  mirror_upper_in_place(r);
  return r;
}

}  // namespace tallfit::linalg
