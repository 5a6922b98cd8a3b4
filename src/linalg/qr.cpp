#include "tallfit/linalg/qr.hpp"

#include <algorithm>
#include <numeric>
#include <span>

#include "foreign_call.hpp"
#include "lapack.hpp"
#include "scalapack.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/linalg/matrix_ops.hpp"

namespace tallfit::linalg {

namespace {

using detail::cols_of, detail::one, detail::rows_of, detail::stride_of;

constexpr const char* name = "the matrix";

// Scalar factors of the reflectors: one for each local column, or for each column of a serial matrix.
std::vector<double> make_tau(const BlockCyclicMatrix& a) {
  return std::vector<double>(static_cast<std::size_t>(a.local_cols() + 1));
}

// ScaLAPACK ties pivots to the local columns of the permuted matrix.
std::vector<Index> all_pivots(const BlockCyclicMatrix& a, const std::vector<int>& local_pivots) {
  std::vector<Index> columns(static_cast<std::size_t>(a.cols()), 0);
  if (a.grid().my_row() == 0) {
    for (Index j = 0; j < a.local_cols(); ++j) {
      columns[static_cast<std::size_t>(a.global_col(j))] = local_pivots[static_cast<std::size_t>(j)] - 1;
    }
  }
  comm::sum_in_place(a.grid().comm(), std::span<Index>(columns));
  return columns;
}

}  // namespace

void triangularise_in_place(BlockCyclicMatrix& a) {
  if (a.rows() == 0 || a.cols() == 0) return;
  const int m = rows_of(a);
  const int n = cols_of(a);
  std::vector<double> tau = make_tau(a);
  if (a.grid().is_serial()) {
    const int ld = stride_of(a);
    detail::run_with_workspace({"dgeqrf", name}, qr_workspace(a.shape()), a.grid().comm(),
                               [&](double* work, const int* lwork, int* info) {
                                 dgeqrf_(&m, &n, a.data(), &ld, tau.data(), work, lwork, info);
                               });
  } else {
    detail::run_with_workspace({"pdgeqrf", name}, qr_workspace(a.shape()), a.grid().comm(),
                               [&](double* work, const int* lwork, int* info) {
                                 pdgeqrf_(&m, &n, a.data(), &one, &one, a.descriptor().data(), tau.data(),
                                          work, lwork, info);
                               });
  }
  zero_below_diagonal_in_place(a);
}

BlockCyclicMatrix square_factor(const BlockCyclicMatrix& rows) {
  require(rows.rows() <= rows.cols(), ErrorKind::bug, "{} rows of {} columns in a square factor", rows.rows(),
          rows.cols());
  BlockCyclicMatrix square(rows.grid(), rows.cols(), rows.cols(), rows.block());
  square.local().topRows(rows.local_rows()) = rows.local();  // leading rows keep their places
  triangularise_in_place(square);
  return square;
}

PivotedQr pivoted_qr(BlockCyclicMatrix a) {
  if (a.rows() == 0 || a.cols() == 0) {
    PivotedQr trivial{std::vector<Index>(static_cast<std::size_t>(a.cols())), {}};
    std::iota(trivial.columns.begin(), trivial.columns.end(), Index{0});
    return trivial;
  }
  const int m = rows_of(a);
  const int n = cols_of(a);
  std::vector<double> tau = make_tau(a);
  std::vector<int> pivots(static_cast<std::size_t>(a.local_cols() + 1),
                          0);  // 0: every column is free to move
  if (a.grid().is_serial()) {
    const int ld = stride_of(a);
    detail::run_with_workspace({"dgeqp3", name}, pivoted_qr_workspace(a.shape()), a.grid().comm(),
                               [&](double* work, const int* lwork, int* info) {
                                 dgeqp3_(&m, &n, a.data(), &ld, pivots.data(), tau.data(), work, lwork, info);
                               });
  } else {
    detail::run_with_workspace({"pdgeqpf", name}, pivoted_qr_workspace(a.shape()), a.grid().comm(),
                               [&](double* work, const int* lwork, int* info) {
                                 pdgeqpf_(&m, &n, a.data(), &one, &one, a.descriptor().data(), pivots.data(),
                                          tau.data(), work, lwork, info);
                               });
  }
  return {all_pivots(a, pivots), diagonal(a).cwiseAbs()};
}

}  // namespace tallfit::linalg
