#include "tallfit/linalg/cholesky.hpp"

#include <algorithm>
#include <cmath>

#include "foreign_call.hpp"
#include "lapack.hpp"
#include "scalapack.hpp"

#include "tallfit/linalg/matrix_ops.hpp"

namespace tallfit::linalg {

namespace {

using detail::cols_of, detail::one, detail::rows_of, detail::stride_of;

// @return the order of the first leading block that is not positive definite, or 0.
int factor_upper_in_place(BlockCyclicMatrix& gram, std::string_view what) {
  const int n = rows_of(gram);
  int info = 0;
  if (gram.grid().is_serial()) {
    const int ld = stride_of(gram);
    dpotrf_("U", &n, gram.data(), &ld, &info, 1);
    return detail::check_info("dpotrf", what, info, gram.grid().comm());
  }
  pdpotrf_("U", &n, gram.data(), &one, &one, gram.descriptor().data(), &info, 1);
  return detail::check_info("pdpotrf", what, info, gram.grid().comm());
}

}  // namespace

void add_gram_in_place(BlockCyclicMatrix& gram, const BlockCyclicMatrix& rows) {
  add_gram_in_place(gram, rows, 0, rows.rows());
}

void add_gram_in_place(BlockCyclicMatrix& gram, const BlockCyclicMatrix& rows, Index first, Index count) {
  require(gram.rows() == rows.cols() && gram.cols() == rows.cols(), ErrorKind::bug,
          "a {} x {} Gram matrix of {} x {} rows", gram.rows(), gram.cols(), rows.rows(), rows.cols());
  require(gram.grid() == rows.grid() && gram.block() == rows.block(), ErrorKind::bug,
          "the rows of a Gram matrix do not lie as it does");
  if (count == 0 || rows.cols() == 0) return;
  const int n = cols_of(rows);
  const int k = static_cast<int>(count);
  const double unit = 1.0;
  if (gram.grid().is_serial()) {
    const int ld_rows = stride_of(rows);
    const int ld_gram = stride_of(gram);
    dsyrk_("U", "T", &n, &k, &unit, rows.data() + first, &ld_rows, &unit, gram.data(), &ld_gram, 1, 1);
  } else {
    const int from = static_cast<int>(first + 1);
    pdsyrk_("U", "T", &n, &k, &unit, rows.data(), &from, &one, rows.descriptor().data(), &unit, gram.data(),
            &one, &one, gram.descriptor().data());
  }
}

std::optional<Index> try_cholesky_in_place(BlockCyclicMatrix& gram, std::string_view what) {
  detail::require_square(gram, what);
  zero_below_diagonal_in_place(gram);
  detail::require_finite(gram, what, "Cholesky factor");
  if (gram.rows() == 0) return std::nullopt;
  const Index column = Index{factor_upper_in_place(gram, what)} - 1;
  if (column >= 0) return column;
  // The routines stop at a pivot <= 0, and a NaN, from an overflow on the way, is none.
  const Eigen::VectorXd pivots = diagonal(gram);
  const auto is_positive = [](double pivot) { return pivot > 0.0 && std::isfinite(pivot); };
  const Index first = std::find_if_not(pivots.begin(), pivots.end(), is_positive) - pivots.begin();
  return first == pivots.size() ? std::nullopt : std::optional(first);
}

void cholesky_in_place(BlockCyclicMatrix& gram, std::string_view what) {
  const std::optional<Index> column = try_cholesky_in_place(gram, what);
  if (!column) return;
  throw Error::collective(
      ErrorKind::numerical,
      fmt::format("{} is not positive definite to working precision: the pivot of column {} (counted from 0) "
                  "is not positive, so this column depends, to roundoff, on those before it. Use "
                  "solver.algorithm = \"qr\", which sees twice as many digits, or a larger lambda",
                  what, *column));
}

}  // namespace tallfit::linalg
