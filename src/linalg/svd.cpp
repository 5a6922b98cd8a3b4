#include "tallfit/linalg/svd.hpp"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "check_info.hpp"
#include "lapack.hpp"
#include "scalapack.hpp"

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/linalg/matrix_ops.hpp"

namespace tallfit::linalg {

namespace {

constexpr int one = 1;     // "the whole matrix", for ScaLAPACK
constexpr int query = -1;  // "how long must the workspace be?"

// The sizes a foreign call wants; the constructor of the matrix has checked that they fit.
int rows_of(const BlockCyclicMatrix& a) { return static_cast<int>(a.rows()); }
int cols_of(const BlockCyclicMatrix& a) { return static_cast<int>(a.cols()); }
int stride_of(const BlockCyclicMatrix& a) { return static_cast<int>(a.leading_dimension()); }

// The routines report NaN as a wrong argument, or loop; the user deserves its name.
void require_finite(const BlockCyclicMatrix& a, std::string_view what) {
  comm::require_replicated(a.grid().comm(), all_finite(a), ErrorKind::numerical,
                           "{} holds NaN or Inf, so it has no singular values", what);
}

[[noreturn]] void fail_to_converge(std::string_view what, int info) {
  throw Error::collective(ErrorKind::numerical,
                          fmt::format("the singular values of {} did not converge ({} of them)", what, info));
}

// Divide and conquer: the fast one. @return info > 0 when it does not converge.
int divide_and_conquer(BlockCyclicMatrix& a, Svd& out, std::string_view what) {
  const comm::Communicator& comm = a.grid().comm();
  const int m = rows_of(a), n = cols_of(a), ld_a = stride_of(a), ld_u = stride_of(out.u),
            ld_vt = stride_of(out.vt);
  const Index k = std::min(m, n);
  std::vector<int> iwork(8 * static_cast<std::size_t>(k));
  double length = 0.0;
  int info = 0;
  dgesdd_("S", &m, &n, a.data(), &ld_a, out.values.data(), out.u.data(), &ld_u, out.vt.data(), &ld_vt,
          &length, &query, iwork.data(), &info, 1);
  detail::check_info("dgesdd", what, info, comm);
  std::vector<double> work = detail::workspace("dgesdd", length, 4 * k * k + 7 * k + std::max(m, n), comm);
  const int lwork = static_cast<int>(std::min<std::size_t>(work.size(), std::numeric_limits<int>::max()));
  dgesdd_("S", &m, &n, a.data(), &ld_a, out.values.data(), out.u.data(), &ld_u, out.vt.data(), &ld_vt,
          work.data(), &lwork, iwork.data(), &info, 1);
  return detail::check_info("dgesdd", what, info, comm);
}

// QR iteration: slower, a workspace of O(K) only, converges where divide and conquer does not.
int qr_iteration(BlockCyclicMatrix& a, Svd& out, std::string_view what) {
  const comm::Communicator& comm = a.grid().comm();
  const int m = rows_of(a), n = cols_of(a), ld_a = stride_of(a), ld_u = stride_of(out.u),
            ld_vt = stride_of(out.vt);
  double length = 0.0;
  int info = 0;
  dgesvd_("S", "S", &m, &n, a.data(), &ld_a, out.values.data(), out.u.data(), &ld_u, out.vt.data(), &ld_vt,
          &length, &query, &info, 1, 1);
  detail::check_info("dgesvd", what, info, comm);
  std::vector<double> work = detail::workspace("dgesvd", length, Index{5} * std::max(m, n), comm);
  const int lwork = static_cast<int>(work.size());
  dgesvd_("S", "S", &m, &n, a.data(), &ld_a, out.values.data(), out.u.data(), &ld_u, out.vt.data(), &ld_vt,
          work.data(), &lwork, &info, 1, 1);
  return detail::check_info("dgesvd", what, info, comm);
}

void svd_serial(BlockCyclicMatrix a, Svd& out, std::string_view what) {
  const Index k = std::min(a.rows(), a.cols());
  const bool fits = 4 * k * k + 7 * k + std::max(a.rows(), a.cols()) <= std::numeric_limits<int>::max();
  if (fits) {
    BlockCyclicMatrix copy = a;  // destroyed even by an attempt that fails
    if (divide_and_conquer(copy, out, what) == 0) return;
  }
  if (const int info = qr_iteration(a, out, what); info > 0) fail_to_converge(what, info);
}

Eigen::VectorXd singular_values_serial(BlockCyclicMatrix& a, std::string_view what) {
  const comm::Communicator& comm = a.grid().comm();
  const int m = rows_of(a), n = cols_of(a), ld_a = stride_of(a);
  Eigen::VectorXd values(std::min(m, n));
  double length = 0.0;
  double none = 0.0;
  int info = 0;
  dgesvd_("N", "N", &m, &n, a.data(), &ld_a, values.data(), &none, &one, &none, &one, &length, &query, &info,
          1, 1);
  detail::check_info("dgesvd", what, info, comm);
  std::vector<double> work = detail::workspace("dgesvd", length, Index{5} * std::max(m, n), comm);
  const int lwork = static_cast<int>(work.size());
  dgesvd_("N", "N", &m, &n, a.data(), &ld_a, values.data(), &none, &one, &none, &one, work.data(), &lwork,
          &info, 1, 1);
  if (const int order = detail::check_info("dgesvd", what, info, comm); order > 0)
    fail_to_converge(what, order);
  return values;
}

// LWORK of pdgesvd, as its documentation states it, at the rank with the largest local parts and in 64 bits:
// the routine's own answer overflows near 2^31 (Reference-ScaLAPACK #105).
Index pdgesvd_workspace(const BlockCyclicMatrix& a, bool with_vectors) {
  const Index size = std::min(a.rows(), a.cols());
  const Index size_b = std::max(a.rows(), a.cols());
  const Index ranks = Index{a.grid().rows()} * a.grid().cols();
  const Index nb = a.block();
  const Index mp = a.row_axis().largest_local_size();
  const Index nq = a.col_axis().largest_local_size();
  const Index to_bidiagonal = nb * (mp + nq + 1) + nq + mp;
  Index from_bidiagonal = std::max<Index>(1, 4 * size);
  if (with_vectors) {
    // U and V^T are rotated in slices of whole rows (columns), one for each rank.
    const Index slices = size * (ceil_div(a.rows(), ranks) + ceil_div(a.cols(), ranks));
    const Index back_transform = std::max(nb * (nb - 1) / 2, 2 * (mp + nq) * nb) + nb * nb;
    from_bidiagonal = slices + std::max(from_bidiagonal, back_transform);
  }
  return 2 + 6 * size_b + std::max(to_bidiagonal, from_bidiagonal);
}

// dbdsqr runs on every rank for itself; one without a slice of the vectors takes another algorithm (dqds),
// whose values differ by roundoff, and pdgesvd reports that as info = min(M, K) + 1. So the values of rank 0,
// which always has a slice, are the result, and the others must agree with them to roundoff.
void agree_on_values(Eigen::VectorXd& values, const comm::Communicator& comm, std::string_view what) {
  const Eigen::VectorXd mine = values;
  comm::broadcast(comm, std::span(values.data(), static_cast<std::size_t>(values.size())), 0);
  const double bound =
      100.0 * static_cast<double>(values.size()) * std::numeric_limits<double>::epsilon() * values(0);
  Index differs = (mine - values).lpNorm<Eigen::Infinity>() <= bound ? 0 : 1;
  comm::max_in_place(comm, std::span<Index>(&differs, 1));
  comm::require_replicated(comm, differs == 0, ErrorKind::numerical,
                           "the ranks find different singular values of {}: run on CPUs of one type", what);
}

// Overwrites a. The vectors are wanted when out is not null; @return the values.
Eigen::VectorXd svd_grid(BlockCyclicMatrix& a, Svd* out, std::string_view what) {
  const comm::Communicator& comm = a.grid().comm();
  const int m = rows_of(a), n = cols_of(a), k = std::min(m, n);
  const char* job = out != nullptr ? "V" : "N";
  double* u = out != nullptr ? out->u.data() : nullptr;
  double* vt = out != nullptr ? out->vt.data() : nullptr;
  const int* desc_u = (out != nullptr ? out->u : a).descriptor().data();
  const int* desc_vt = (out != nullptr ? out->vt : a).descriptor().data();
  Eigen::VectorXd values(k);
  const auto call = [&](double* work, int lwork) {
    int info = 0;
    pdgesvd_(job, job, &m, &n, a.data(), &one, &one, a.descriptor().data(), values.data(), u, &one, &one,
             desc_u, vt, &one, &one, desc_vt, work, &lwork, &info, 1, 1);
    return detail::check_info("pdgesvd", what, info, comm);
  };
  double length = 0.0;
  call(&length, query);
  std::vector<double> work = detail::workspace("pdgesvd", length, pdgesvd_workspace(a, out != nullptr), comm);
  const int info = call(work.data(), static_cast<int>(work.size()));
  if (info > 0 && info != k + 1) fail_to_converge(what, info);
  agree_on_values(values, comm, what);
  return values;
}

}  // namespace

Svd svd(BlockCyclicMatrix a, std::string_view what) {
  require_finite(a, what);
  const Index k = std::min(a.rows(), a.cols());
  Svd out{Eigen::VectorXd(k), BlockCyclicMatrix(a.grid(), a.rows(), k, a.block()),
          BlockCyclicMatrix(a.grid(), k, a.cols(), a.block())};
  if (k == 0) return out;
  if (a.grid().is_serial()) {
    svd_serial(std::move(a), out, what);
  } else {
    out.values = svd_grid(a, &out, what);
  }
  return out;
}

Eigen::VectorXd singular_values(BlockCyclicMatrix a, std::string_view what) {
  require_finite(a, what);
  if (std::min(a.rows(), a.cols()) == 0) return {};
  return a.grid().is_serial() ? singular_values_serial(a, what) : svd_grid(a, nullptr, what);
}

}  // namespace tallfit::linalg
