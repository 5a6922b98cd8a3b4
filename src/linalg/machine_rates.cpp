#include "tallfit/linalg/machine_rates.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include "lapack.hpp"

#include "tallfit/base/error.hpp"

namespace tallfit::linalg {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Entries of both signs and no pattern; what they are does not matter to the time.
Eigen::MatrixXd some_matrix(Index n) {
  return Eigen::MatrixXd::NullaryExpr(
      n, n, [](Index i, Index j) { return static_cast<double>((i * 7 + j * 13) % 17) - 8.0; });
}

/// Best rate of some repeats of work that takes so many flops.
template <class Work>
double best_gflops(double flops, int repeats, const Work& work) {
  double best = 0.0;
  for (int i = 0; i < repeats; ++i) {
    const auto start = Clock::now();
    work();
    best = std::max(best, 1e-9 * flops / seconds_since(start));
  }
  return best;
}

}  // namespace

double dgemm_gflops(Index n, int repeats) {
  const Eigen::MatrixXd a = some_matrix(n);
  Eigen::MatrixXd c(n, n);
  const int size = to_int(n, "n");
  const double one = 1.0;
  const double zero = 0.0;
  const auto k = static_cast<double>(n);
  return best_gflops(2.0 * k * k * k, repeats, [&] {
    dgemm_("N", "N", &size, &size, &size, &one, a.data(), &size, a.data(), &size, &zero, c.data(), &size, 1,
           1);
  });
}

double dsyrk_gflops(Index n, int repeats) {
  const Eigen::MatrixXd a = some_matrix(n);
  Eigen::MatrixXd c(n, n);
  const int size = to_int(n, "n");
  const double one = 1.0;
  const double zero = 0.0;
  const auto k = static_cast<double>(n);
  return best_gflops(k * k * k, repeats, [&] {
    dsyrk_("U", "T", &size, &size, &one, a.data(), &size, &zero, c.data(), &size, 1, 1);
  });
}

double memory_gbs(int repeats) {
  constexpr Index n = Index{1} << 23U;  // 64 MiB
  const Eigen::VectorXd numbers = Eigen::VectorXd::Constant(n, 1.0);
  volatile double sum = 0.0;  // or the sums would not be computed
  return best_gflops(static_cast<double>(n) * sizeof(double), repeats, [&] { sum = numbers.sum(); });
}

double time_dgels(Eigen::MatrixXd& a, Eigen::VectorXd& b) {
  const auto start = Clock::now();
  const int m = to_int(a.rows(), "rows");
  const int n = to_int(a.cols(), "columns");
  const int one = 1;
  int lwork = -1;
  int info = 0;
  double wanted = 0.0;
  dgels_("N", &m, &n, &one, a.data(), &m, b.data(), &m, &wanted, &lwork, &info, 1);
  std::vector<double> work(static_cast<std::size_t>(wanted));
  lwork = static_cast<int>(wanted);
  dgels_("N", &m, &n, &one, a.data(), &m, b.data(), &m, work.data(), &lwork, &info, 1);
  require(info == 0, ErrorKind::numerical, "dgels: info = {}", info);
  return seconds_since(start);
}

double time_dgelsd(Eigen::MatrixXd& a, Eigen::VectorXd& b) {
  const auto start = Clock::now();
  const int m = to_int(a.rows(), "rows");
  const int n = to_int(a.cols(), "columns");
  const int one = 1;
  const double rcond = -1.0;
  std::vector<double> singular(static_cast<std::size_t>(std::min(m, n)));
  int rank = 0;
  int lwork = -1;
  int wanted_integers = 0;
  int info = 0;
  double wanted = 0.0;
  dgelsd_(&m, &n, &one, a.data(), &m, b.data(), &m, singular.data(), &rcond, &rank, &wanted, &lwork,
          &wanted_integers, &info);
  std::vector<double> work(static_cast<std::size_t>(wanted));
  std::vector<int> integers(static_cast<std::size_t>(wanted_integers));
  lwork = static_cast<int>(wanted);
  dgelsd_(&m, &n, &one, a.data(), &m, b.data(), &m, singular.data(), &rcond, &rank, work.data(), &lwork,
          integers.data(), &info);
  require(info == 0, ErrorKind::numerical, "dgelsd: info = {}", info);
  return seconds_since(start);
}

}  // namespace tallfit::linalg
