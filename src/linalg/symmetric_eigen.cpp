#include "tallfit/linalg/symmetric_eigen.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "foreign_call.hpp"
#include "lapack.hpp"
#include "scalapack.hpp"

#include "tallfit/base/random.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/linalg/matrix_ops.hpp"

namespace tallfit::linalg {

namespace {

using detail::one, detail::rows_of, detail::run_with_workspace, detail::stride_of;

[[noreturn]] void fail_to_converge(std::string_view what) {
  throw Error::collective(ErrorKind::numerical, fmt::format("the eigenvalues of {} did not converge", what));
}

SymmetricEigen eigen_serial(BlockCyclicMatrix a, std::string_view what) {
  const int n = rows_of(a), ld = stride_of(a);
  Eigen::VectorXd values(n);
  std::vector<int> iwork(5 * static_cast<std::size_t>(n) + 3);
  const int liwork = static_cast<int>(iwork.size());
  const int info = run_with_workspace({"dsyevd", what}, symmetric_eigen_workspace(a.shape()), a.grid().comm(),
                                      [&](double* work, const int* lwork, int* status) {
                                        dsyevd_("V", "U", &n, a.data(), &ld, values.data(), work, lwork,
                                                iwork.data(), &liwork, status, 1, 1);
                                      });
  if (info > 0) fail_to_converge(what);
  return {std::move(values), std::move(a)};
}

// pdsyevd overwrites the info of one part by that of the next, so a failure may be silent. What should hold
// for all vectors is tried on one: A x = V D V^T x and x = V V^T x.
class Probe {
public:
  // Below the diagonal of a are zeros.
  explicit Probe(const BlockCyclicMatrix& a) : x_(a.rows()), norm_(column_norms(a).stableNorm()) {
    for (Index i = 0; i < x_.size(); ++i)
      x_(i) = 2.0 * random_uniform({.seed = 1}, static_cast<std::uint64_t>(i), 0) - 1.0;
    image_ = multiply(a, x_) + multiply(a, x_, Op::transpose) - diagonal(a).cwiseProduct(x_);
  }

  // Rounding of the decomposition and of the products: small multiples of K eps ||A|| ||x||.
  bool is_met_by(const SymmetricEigen& eigen) const {
    Eigen::MatrixXd parts(x_.size(), 2);
    parts.col(1) = multiply(eigen.vectors, x_, Op::transpose);
    parts.col(0) = eigen.values.cwiseProduct(parts.col(1));
    const Eigen::MatrixXd y = multiply(eigen.vectors, parts);
    const double bound =
        100.0 * static_cast<double>(x_.size()) * std::numeric_limits<double>::epsilon() * x_.norm();
    return (y.col(0) - image_).stableNorm() <= bound * norm_ + std::numeric_limits<double>::min() &&
           (y.col(1) - x_).norm() <= bound;
  }

private:
  Eigen::VectorXd x_;
  double norm_;
  Eigen::VectorXd image_;
};

SymmetricEigen eigen_grid(BlockCyclicMatrix a, std::string_view what) {
  const comm::Communicator& comm = a.grid().comm();
  const Probe probe(a);
  const int n = rows_of(a);
  SymmetricEigen out{Eigen::VectorXd(n), BlockCyclicMatrix(a.grid(), n, n, a.block())};
  std::vector<int> iwork(7 * static_cast<std::size_t>(n) + 8 * static_cast<std::size_t>(a.grid().cols()) + 2);
  const int liwork = static_cast<int>(iwork.size());
  const int info = run_with_workspace({"pdsyevd", what}, symmetric_eigen_workspace(a.shape()), comm,
                                      [&](double* work, const int* lwork, int* status) {
                                        pdsyevd_("V", "U", &n, a.data(), &one, &one, a.descriptor().data(),
                                                 out.values.data(), out.vectors.data(), &one, &one,
                                                 out.vectors.descriptor().data(), work, lwork, iwork.data(),
                                                 &liwork, status, 1, 1);
                                      });
  if (info > 0) fail_to_converge(what);
  // Only rank 0 has the values when all of the matrix is in its block.
  comm::broadcast(comm, std::span(out.values.data(), static_cast<std::size_t>(n)), 0);
  if (!probe.is_met_by(out)) fail_to_converge(what);
  return out;
}

}  // namespace

SymmetricEigen symmetric_eigen(BlockCyclicMatrix a, std::string_view what) {
  detail::require_square(a, what);
  zero_below_diagonal_in_place(a);
  detail::require_finite(a, what, "eigenvalues");
  if (a.rows() == 0) return {Eigen::VectorXd(0), std::move(a)};
  return a.grid().is_serial() ? eigen_serial(std::move(a), what) : eigen_grid(std::move(a), what);
}

}  // namespace tallfit::linalg
