#include "tallfit/linalg/bidiagonal.hpp"

#include <algorithm>
#include <utility>

#include "foreign_call.hpp"
#include "lapack.hpp"

namespace tallfit::linalg {

namespace {

using detail::run_with_workspace;

constexpr Index widest_block = 64;  // LAPACK's blocks are no wider

}  // namespace

Bidiagonal::Bidiagonal(BlockCyclicMatrix a, std::string_view what) : reflectors_(std::move(a)) {
  detail::require_square(reflectors_, what);
  require(reflectors_.grid().is_serial(), ErrorKind::bug,
          "{} is dealt over a grid: it has no bidiagonal form", what);
  detail::require_finite(reflectors_, what, "bidiagonal form");
  const Index k = reflectors_.rows();
  diagonal_.resize(k);
  above_.resize(std::max<Index>(k - 1, 0));
  tau_q_.resize(static_cast<std::size_t>(k));
  tau_p_.resize(static_cast<std::size_t>(k));
  if (k == 0) return;
  const int n = detail::rows_of(reflectors_), ld = detail::stride_of(reflectors_);
  run_with_workspace({"dgebrd", what}, 2 * k * widest_block, reflectors_.grid().comm(),
                     [&](double* work, const int* lwork, int* info) {
                       dgebrd_(&n, &n, reflectors_.data(), &ld, diagonal_.data(), above_.data(),
                               tau_q_.data(), tau_p_.data(), work, lwork, info);
                     });
}

Eigen::MatrixXd Bidiagonal::applied(const char* which, const char* op, const std::vector<double>& tau,
                                    Eigen::MatrixXd x) const {
  require(x.rows() == reflectors_.rows(), ErrorKind::bug, "{} rows for reflectors of {}", x.rows(),
          reflectors_.rows());
  if (x.size() == 0) return x;
  const int n = detail::rows_of(reflectors_), ld = detail::stride_of(reflectors_),
            n_cols = static_cast<int>(x.cols());
  run_with_workspace({"dormbr", "the matrix"}, (x.cols() + widest_block) * widest_block,
                     reflectors_.grid().comm(), [&](double* work, const int* lwork, int* info) {
                       dormbr_(which, "L", op, &n, &n_cols, &n, reflectors_.data(), &ld, tau.data(), x.data(),
                               &n, work, lwork, info, 1, 1, 1);
                     });
  return x;
}

Eigen::MatrixXd Bidiagonal::q_transposed_times(Eigen::MatrixXd x) const {
  return applied("Q", "T", tau_q_, std::move(x));
}

Eigen::MatrixXd Bidiagonal::p_times(Eigen::MatrixXd y) const {
  return applied("P", "N", tau_p_, std::move(y));
}

Eigen::VectorXd Bidiagonal::singular_values() const {
  Eigen::VectorXd values = diagonal_;
  Eigen::VectorXd above = above_;
  if (values.size() == 0) return values;
  std::vector<double> work(4 * static_cast<std::size_t>(values.size()));
  const int n = static_cast<int>(values.size()), none = 0;
  double unused = 0.0;
  int info = 0;
  dbdsqr_("U", &n, &none, &none, &none, values.data(), above.data(), &unused, &detail::one, &unused,
          &detail::one, &unused, &detail::one, work.data(), &info, 1);
  require(info == 0, ErrorKind::numerical, "the singular values did not converge ({} of them)", info);
  return values;
}

}  // namespace tallfit::linalg
