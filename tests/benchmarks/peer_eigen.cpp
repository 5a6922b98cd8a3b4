// Eigenvalues and vectors of a symmetric K x K matrix: pdsyevd, pdsyevr, and ELPA of one and two stages.
//   mpirun -n 4 peer_eigen --cols 2000 --block 64 --grid 2x2 [--repeat 3]
#include <elpa/elpa.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "peers.hpp"

#include "tallfit/linalg/matrix_sizes.hpp"

extern "C" {
void pdsyevr_(const char* job, const char* range, const char* uplo, const int* n, double* a, const int* ia,
              const int* ja, const int* desc_a, const double* vl, const double* vu, const int* il,
              const int* iu, int* n_values, int* n_vectors, double* w, double* z, const int* iz,
              const int* jz, const int* desc_z, double* work, const int* lwork, int* iwork, const int* liwork,
              int* info, std::size_t, std::size_t, std::size_t);
void pdgemm_(const char* trans_a, const char* trans_b, const int* m, const int* n, const int* k,
             const double* alpha, const double* a, const int* ia, const int* ja, const int* desc_a,
             const double* b, const int* ib, const int* jb, const int* desc_b, const double* beta, double* c,
             const int* ic, const int* jc, const int* desc_c);
}

namespace {

using peers::Index, peers::Matrix, peers::one;

/// Both triangles, for ELPA.
double symmetric_entry(Index i, Index j) { return peers::entry(std::min(i, j), std::max(i, j)); }

struct Eigen {
  std::vector<double> values;
  Matrix vectors;
  double seconds = 0.0;
};

void require_zero(int info, const char* routine) {
  if (info != 0) throw std::runtime_error(std::string(routine) + ": info = " + std::to_string(info));
}

/// Calls routine(work, &lwork, iwork, &liwork, &info) to ask for its workspaces, then to work.
/// @param least of the workspace: more than pdsyevd asks for is what it needs
template <class Routine>
double run_timed(const char* name, Index least, const Routine& routine) {
  std::vector<double> work(8);
  std::vector<int> iwork(8);
  int lwork = -1;
  int liwork = -1;
  int info = 0;
  const auto call = [&] { routine(work.data(), &lwork, iwork.data(), &liwork, &info); };
  call();
  require_zero(info, name);
  const double length = std::max(work[0], static_cast<double>(least));
  if (length > std::numeric_limits<int>::max())
    throw std::runtime_error(std::string(name) + " needs a workspace beyond 2^31 - 1 numbers");
  work.resize(static_cast<std::size_t>(length) + 1);
  iwork.resize(static_cast<std::size_t>(std::max(iwork[0], 8)));
  lwork = static_cast<int>(work.size());
  liwork = static_cast<int>(iwork.size());
  const double seconds = peers::seconds_of(call);
  require_zero(info, name);
  return seconds;
}

void by_pdsyevd(Matrix& a, Eigen& eigen) {
  const int n = static_cast<int>(a.rows.size());
  const Index least = tallfit::linalg::symmetric_eigen_workspace(
      {.rows = n, .cols = n, .grid_rows = a.grid.rows, .grid_cols = a.grid.cols, .block = a.rows.block()});
  eigen.seconds = run_timed(
      "pdsyevd", least, [&](double* work, const int* lwork, int* iwork, const int* liwork, int* info) {
        pdsyevd_("V", "U", &n, a.values.data(), &one, &one, a.descriptor.data(), eigen.values.data(),
                 eigen.vectors.values.data(), &one, &one, eigen.vectors.descriptor.data(), work, lwork, iwork,
                 liwork, info, 1, 1);
      });
}

void by_pdsyevr(Matrix& a, Eigen& eigen) {
  const int n = static_cast<int>(a.rows.size());
  const double none = 0.0;
  int n_values = 0;
  int n_vectors = 0;
  eigen.seconds =
      run_timed("pdsyevr", 0, [&](double* work, const int* lwork, int* iwork, const int* liwork, int* info) {
        pdsyevr_("V", "A", "U", &n, a.values.data(), &one, &one, a.descriptor.data(), &none, &none, &one, &n,
                 &n_values, &n_vectors, eigen.values.data(), eigen.vectors.values.data(), &one, &one,
                 eigen.vectors.descriptor.data(), work, lwork, iwork, liwork, info, 1, 1, 1);
      });
}

void by_elpa(Matrix& a, Eigen& eigen, int stages) {
  int error = 0;
  const auto check = [&error](const char* what) { require_zero(error, what); };
  const elpa_t handle = elpa_allocate(&error);
  check("elpa_allocate");
  const auto set = [&](const char* name, Index value) {
    elpa_set_integer(handle, name, static_cast<int>(value), &error);
    check(name);
  };
  set("na", a.rows.size());
  set("nev", a.rows.size());
  set("local_nrows", a.stride);
  set("local_ncols", a.local_cols());
  set("nblk", a.rows.block());
  set("mpi_comm_parent", MPI_Comm_c2f(MPI_COMM_WORLD));
  set("process_row", a.grid.my_row);
  set("process_col", a.grid.my_col);
  error = elpa_setup(handle);
  check("elpa_setup");
  set("solver", stages == 1 ? ELPA_SOLVER_1STAGE : ELPA_SOLVER_2STAGE);
  eigen.seconds = peers::seconds_of([&] {
    elpa_eigenvectors_double(handle, a.values.data(), eigen.values.data(), eigen.vectors.values.data(),
                             &error);
  });
  check("elpa_eigenvectors");
  elpa_deallocate(handle, &error);
  check("elpa_deallocate");
}

/// C = op(A) B - C.
void multiply_minus(const char* trans, const Matrix& a, const Matrix& b, Matrix& c) {
  const int n = static_cast<int>(a.rows.size());
  const double plus = 1.0;
  const double minus = -1.0;
  pdgemm_(trans, "N", &n, &n, &n, &plus, a.values.data(), &one, &one, a.descriptor.data(), b.values.data(),
          &one, &one, b.descriptor.data(), &minus, c.values.data(), &one, &one, c.descriptor.data());
}

double norm(const Matrix& a) {
  double squares = 0.0;
  for (Index j = 0; j < a.local_cols(); ++j)
    for (Index i = 0; i < a.local_rows(); ++i) squares += a.at(i, j) * a.at(i, j);
  return std::sqrt(peers::sum_over_ranks(squares));
}

template <class Solver>
void measure_one(const char* name, const peers::Options& options, const peers::Grid& grid,
                 const Solver& solver) {
  const Index n = options.cols;
  const tallfit::linalg::CyclicAxis rows(n, options.block, grid.rows);
  const tallfit::linalg::CyclicAxis cols(n, options.block, grid.cols);
  Matrix a(grid, rows, cols);
  Eigen eigen{std::vector<double>(static_cast<std::size_t>(n)), Matrix(grid, rows, cols)};
  for (int i = 0; i < options.repeat; ++i) {
    a.fill(symmetric_entry);
    solver(a, eigen);
    if (grid.is_root()) std::printf("%-14s %.4f s\n", name, eigen.seconds);
  }
  a.fill(symmetric_entry);
  const double of_a = norm(a);
  // Only rank 0 of pdsyevd has the values where all of the matrix is in its block.
  MPI_Bcast(eigen.values.data(), static_cast<int>(n), MPI_DOUBLE, 0, MPI_COMM_WORLD);
  Matrix difference = eigen.vectors;
  for (Index j = 0; j < difference.local_cols(); ++j)
    for (Index i = 0; i < difference.local_rows(); ++i)
      difference.at(i, j) *= eigen.values[static_cast<std::size_t>(difference.global_col(j))];
  multiply_minus("N", a, eigen.vectors, difference);
  const double residual = norm(difference) / of_a;
  difference.fill([](Index i, Index j) { return i == j ? 1.0 : 0.0; });
  multiply_minus("T", eigen.vectors, eigen.vectors, difference);
  const double orthogonality = norm(difference);
  if (grid.is_root())
    std::printf("%-14s |AV - VD| / |A| = %.1e, |V'V - I| = %.1e\n", name, residual, orthogonality);
}

void measure(const peers::Options& options, const peers::Grid& grid) {
  if (grid.is_root())
    std::printf("symmetric %lld x %lld, grid %d x %d, blocks of %lld\n", static_cast<long long>(options.cols),
                static_cast<long long>(options.cols), grid.rows, grid.cols,
                static_cast<long long>(options.block));
  require_zero(elpa_init(ELPA_API_VERSION), "elpa_init");
  measure_one("pdsyevd", options, grid, by_pdsyevd);
  measure_one("pdsyevr", options, grid, by_pdsyevr);
  measure_one("ELPA 1 stage", options, grid, [](Matrix& a, Eigen& eigen) { by_elpa(a, eigen, 1); });
  measure_one("ELPA 2 stages", options, grid, [](Matrix& a, Eigen& eigen) { by_elpa(a, eigen, 2); });
  int error = 0;
  elpa_uninit(&error);
}

}  // namespace

int main(int argc, char** argv) { return peers::run(argc, argv, measure); }
