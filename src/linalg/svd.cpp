#include "tallfit/linalg/svd.hpp"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "foreign_call.hpp"
#include "lapack.hpp"
#include "scalapack.hpp"

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/linalg/matrix_ops.hpp"

namespace tallfit::linalg {

namespace {

using detail::cols_of, detail::one, detail::rows_of, detail::run_with_workspace, detail::stride_of;

constexpr std::string_view lost = "singular values";  // to a matrix with NaN

[[noreturn]] void fail_to_converge(std::string_view what, int info) {
  throw Error::collective(ErrorKind::numerical,
                          fmt::format("the singular values of {} did not converge ({} of them)", what, info));
}

// Divide and conquer: the fast one. @return info > 0 when it does not converge.
int divide_and_conquer(BlockCyclicMatrix& a, Svd& out, std::string_view what) {
  const int m = rows_of(a), n = cols_of(a), ld_a = stride_of(a), ld_u = stride_of(out.u),
            ld_vt = stride_of(out.vt);
  std::vector<int> iwork(8 * static_cast<std::size_t>(std::min(m, n)));
  return run_with_workspace({"dgesdd", what}, divide_and_conquer_svd_workspace(m, n), a.grid().comm(),
                            [&](double* work, const int* lwork, int* info) {
                              dgesdd_("S", &m, &n, a.data(), &ld_a, out.values.data(), out.u.data(), &ld_u,
                                      out.vt.data(), &ld_vt, work, lwork, iwork.data(), info, 1);
                            });
}

// QR iteration: slower, a workspace of O(K) only, converges where divide and conquer does not.
int qr_iteration(BlockCyclicMatrix& a, Svd& out, std::string_view what) {
  const int m = rows_of(a), n = cols_of(a), ld_a = stride_of(a), ld_u = stride_of(out.u),
            ld_vt = stride_of(out.vt);
  return run_with_workspace({"dgesvd", what}, svd_workspace(a.shape(), true), a.grid().comm(),
                            [&](double* work, const int* lwork, int* info) {
                              dgesvd_("S", "S", &m, &n, a.data(), &ld_a, out.values.data(), out.u.data(),
                                      &ld_u, out.vt.data(), &ld_vt, work, lwork, info, 1, 1);
                            });
}

void svd_serial(BlockCyclicMatrix a, Svd& out, std::string_view what) {
  if (divide_and_conquer_svd_workspace(a.rows(), a.cols()) <= most_counted) {
    BlockCyclicMatrix copy = a;  // destroyed even by an attempt that fails
    if (divide_and_conquer(copy, out, what) == 0) return;
  }
  if (const int info = qr_iteration(a, out, what); info > 0) fail_to_converge(what, info);
}

Eigen::VectorXd singular_values_serial(BlockCyclicMatrix& a, std::string_view what) {
  const int m = rows_of(a), n = cols_of(a), ld_a = stride_of(a);
  Eigen::VectorXd values(std::min(m, n));
  double none = 0.0;
  const int order = run_with_workspace({"dgesvd", what}, svd_workspace(a.shape(), false), a.grid().comm(),
                                       [&](double* work, const int* lwork, int* info) {
                                         dgesvd_("N", "N", &m, &n, a.data(), &ld_a, values.data(), &none,
                                                 &one, &none, &one, work, lwork, info, 1, 1);
                                       });
  if (order > 0) fail_to_converge(what, order);
  return values;
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
  const int info = run_with_workspace({"pdgesvd", what}, svd_workspace(a.shape(), out != nullptr), comm,
                                      [&](double* work, const int* lwork, int* status) {
                                        pdgesvd_(job, job, &m, &n, a.data(), &one, &one,
                                                 a.descriptor().data(), values.data(), u, &one, &one, desc_u,
                                                 vt, &one, &one, desc_vt, work, lwork, status, 1, 1);
                                      });
  if (info > 0 && info != k + 1) fail_to_converge(what, info);
  agree_on_values(values, comm, what);
  return values;
}

}  // namespace

Svd svd(BlockCyclicMatrix a, std::string_view what) {
  detail::require_finite(a, what, lost);
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
  detail::require_finite(a, what, lost);
  if (std::min(a.rows(), a.cols()) == 0) return {};
  return a.grid().is_serial() ? singular_values_serial(a, what) : svd_grid(a, nullptr, what);
}

}  // namespace tallfit::linalg
