// Least squares by bare ScaLAPACK: the time of pdgels alone, for a matrix that is made where it lies.
//   mpirun -n 4 peer_pdgels --rows 40000 --cols 2000 --block 64 --grid 2x2 [--repeat 3]
//   mpirun -n 4 peer_pdgels --rows 40000 --cols 2000 --fitsnap
// --fitsnap: as FitSNAP sets its solver up, a P x 1 grid, on each rank one block of N / P rows and all
// columns. --ours: the same rows by the grid engine, from rows in memory to coefficients.
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "peers.hpp"

#include "tallfit/linalg/grid_fold.hpp"
#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/transfer.hpp"
#include "tallfit/linalg/triangular.hpp"

extern "C" void pdgels_(const char* trans, const int* m, const int* n, const int* n_rhs, double* a,
                        const int* ia, const int* ja, const int* desc_a, double* b, const int* ib,
                        const int* jb, const int* desc_b, double* work, const int* lwork, int* info,
                        std::size_t);

namespace {

using peers::Index, peers::Matrix, peers::one;
using tallfit::linalg::CyclicAxis;

double target(Index i) { return peers::entry(i, -7); }

/// LWORK of pdgels in 64 bits: ltau + max(MB (NB - 1) / 2, (MP + NRHSQ) NB) + NB², and that of pdgeqrf.
Index workspace(const Matrix& a) {
  const Index nb = std::max(a.rows.block(), a.cols.block());
  return a.cols.largest_local_size() +
         nb * (a.rows.largest_local_size() + a.cols.largest_local_size() + 1 + 2 * nb);
}

/// @return seconds. A and b are overwritten by the factorisation and the solution.
double solve(Matrix& a, Matrix& b) {
  const int m = static_cast<int>(a.rows.size());
  const int n = static_cast<int>(a.cols.size());
  double length = 0.0;
  int lwork = -1;
  int info = 0;
  const auto call = [&](double* work) {
    pdgels_("N", &m, &n, &one, a.values.data(), &one, &one, a.descriptor.data(), b.values.data(), &one, &one,
            b.descriptor.data(), work, &lwork, &info, 1);
  };
  call(&length);
  const Index formula = workspace(a);
  if (std::max(static_cast<double>(formula), length) > std::numeric_limits<int>::max())
    throw std::runtime_error("pdgels needs a workspace of " + std::to_string(formula) +
                             " numbers on a rank and can count 2^31 - 1");
  lwork = static_cast<int>(std::max(formula, static_cast<Index>(length)));
  std::vector<double> work(static_cast<std::size_t>(lwork));
  const double seconds = peers::seconds_of([&] { call(work.data()); });
  if (info != 0) throw std::runtime_error("pdgels: info = " + std::to_string(info));
  return seconds;
}

/// ‖Aᵀ(b - A x)‖ / (‖A‖ ‖b - A x‖): of roundoff size for a solution. @p a as it was made.
double gradient(const Matrix& a, const Matrix& solution) {
  std::vector<double> x(static_cast<std::size_t>(a.cols.size()));
  for (Index i = 0; solution.local_cols() > 0 && i < solution.local_rows(); ++i)
    if (solution.global_row(i) < a.cols.size())
      x[static_cast<std::size_t>(solution.global_row(i))] = solution.at(i, 0);
  x = peers::sum_over_ranks(std::move(x));
  std::vector<double> residual(static_cast<std::size_t>(a.rows.size()));
  for (Index j = 0; j < a.local_cols(); ++j)
    for (Index i = 0; i < a.local_rows(); ++i)
      residual[static_cast<std::size_t>(a.global_row(i))] -=
          a.at(i, j) * x[static_cast<std::size_t>(a.global_col(j))];
  residual = peers::sum_over_ranks(std::move(residual));
  double norm2 = 0.0;
  for (std::size_t i = 0; i < residual.size(); ++i) {
    residual[i] += target(static_cast<Index>(i));
    norm2 += residual[i] * residual[i];
  }
  std::vector<double> g(x.size());
  double of_a = 0.0;
  for (Index j = 0; j < a.local_cols(); ++j)
    for (Index i = 0; i < a.local_rows(); ++i) {
      g[static_cast<std::size_t>(a.global_col(j))] +=
          a.at(i, j) * residual[static_cast<std::size_t>(a.global_row(i))];
      of_a += a.at(i, j) * a.at(i, j);
    }
  g = peers::sum_over_ranks(std::move(g));
  double g2 = 0.0;
  for (const double value : g) g2 += value * value;
  return std::sqrt(g2 / (peers::sum_over_ranks(of_a) * norm2));
}

/// The grid engine in core: rows travel to their columns, one QR, a triangular solve.
void measure_ours(const peers::Options& options) {
  namespace linalg = tallfit::linalg;
  const auto world = tallfit::comm::Communicator::world();
  const linalg::ProcessGrid grid(world, options.grid_rows, options.grid_cols);
  const Index k = options.cols;
  const Index first = options.rows * world.rank() / world.size();
  const Index count = options.rows * (world.rank() + 1) / world.size() - first;
  std::vector<double> rows(static_cast<std::size_t>(count * (k + 1)));
  for (Index i = 0; i < count; ++i) {
    for (Index j = 0; j < k; ++j)
      rows[static_cast<std::size_t>(i * (k + 1) + j)] = peers::entry(first + i, j);
    rows[static_cast<std::size_t>(i * (k + 1) + k)] = target(first + i);
  }
  const auto kd = static_cast<double>(k);
  const double flops = 2.0 * static_cast<double>(options.rows) * kd * kd - 2.0 / 3.0 * kd * kd * kd;
  const Index most = tallfit::ceil_div(options.rows, Index{world.size()});
  for (int i = 0; i < options.repeat; ++i) {
    linalg::GridFold fold(grid, k + 1, most, options.block);
    Eigen::VectorXd x;
    const double seconds = peers::seconds_of([&] {
      for (Index done = 0; done < most; done += fold.most_rows()) {
        const Index some = std::clamp<Index>(count - done, 0, fold.most_rows());
        fold.append(
            {rows.data() + std::min(done, count) * (k + 1), static_cast<std::size_t>(some * (k + 1))});
      }
      const linalg::BlockCyclicMatrix factor = fold.finish();
      const Eigen::VectorXd z = linalg::multiply(factor, Eigen::VectorXd::Unit(k + 1, k)).col(0).head(k);
      x = linalg::solve_upper(linalg::sub_matrix(factor, 0, 0, k, k), z);
    });
    if (world.is_root())
      std::printf("grid engine, grid %d x %d, block %lld: %.4f s  %.2f GF/s useful\n", options.grid_rows,
                  options.grid_cols, static_cast<long long>(options.block), seconds, 1e-9 * flops / seconds);
  }
}

void measure(const peers::Options& options, const peers::Grid& grid) {
  if (options.ours) return measure_ours(options);
  const Index n = options.rows;
  const Index k = options.cols;
  const Index row_block = options.fitsnap ? tallfit::ceil_div(n, grid.rows) : options.block;
  const Index col_block = options.fitsnap ? k : options.block;
  const CyclicAxis rows(n, row_block, grid.rows);
  Matrix a(grid, rows, CyclicAxis(k, col_block, grid.cols));
  Matrix b(grid, rows, CyclicAxis(1, 1, grid.cols));
  if (grid.is_root())
    std::printf("pdgels %lld x %lld, grid %d x %d, blocks %lld x %lld\n", static_cast<long long>(n),
                static_cast<long long>(k), grid.rows, grid.cols, static_cast<long long>(row_block),
                static_cast<long long>(col_block));
  const auto kd = static_cast<double>(k);
  const double flops = 2.0 * static_cast<double>(n) * kd * kd - 2.0 / 3.0 * kd * kd * kd;
  for (int i = 0; i < options.repeat; ++i) {
    a.fill(peers::entry);
    b.fill([](Index row, Index) { return target(row); });
    const double seconds = solve(a, b);
    if (grid.is_root()) std::printf("%.4f s  %.2f GF/s useful\n", seconds, 1e-9 * flops / seconds);
  }
  a.fill(peers::entry);
  const double relative = gradient(a, b);
  if (grid.is_root()) std::printf("|A'r| / (|A| |r|) = %.1e\n", relative);
}

}  // namespace

int main(int argc, char** argv) { return peers::run(argc, argv, measure); }
