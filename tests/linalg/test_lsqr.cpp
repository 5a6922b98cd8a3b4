#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "matrices.hpp"
#include "support/oracle.hpp"

#include "tallfit/linalg/lsqr.hpp"
#include "tallfit/linalg/petsc_session.hpp"

namespace tallfit::test {
namespace {

using linalg::RowMatrix;

constexpr Index n_rows = 60;
constexpr Index n_cols = 7;

/// This rank's rows of a matrix, a third of which is zero; with more ranks than 4 some have none.
struct Part {
  comm::Communicator world = comm::Communicator::world();
  Index first = n_rows * std::min(world.rank(), 4) / std::min(world.size(), 4);
  Index end = n_rows * std::min(world.rank() + 1, 4) / std::min(world.size(), 4);
  Index count() const { return std::max<Index>(0, end - first); }
};

double entry(Index i, Index j) { return (i + j) % 3 == 0 ? 0.0 : noise(i, j); }
Eigen::MatrixXd whole() { return dense(n_rows, n_cols, entry); }
Eigen::VectorXd target() {
  return dense(n_rows, 1, [](Index i, Index) { return noise(i, 50); });
}

RowMatrix dense_matrix(const Part& part) {
  return RowMatrix::dense(part.world, whole().middleRows(std::min(part.first, n_rows), part.count()));
}

RowMatrix sparse_matrix(const Part& part) {
  std::vector<Index> begin = {0};
  std::vector<std::int32_t> column;
  std::vector<double> value;
  for (Index i = part.first; i < part.first + part.count(); ++i) {
    for (Index j = 0; j < n_cols; ++j) {
      if (entry(i, j) == 0.0) continue;
      column.push_back(static_cast<std::int32_t>(j));
      value.push_back(entry(i, j));
    }
    begin.push_back(static_cast<Index>(value.size()));
  }
  return RowMatrix::sparse(part.world, n_cols, {begin, column, value});
}

/// A sum of n products is right to n eps times the sum of their sizes, here below n.
constexpr double sum_bound = static_cast<double>(n_rows) * n_rows * std::numeric_limits<double>::epsilon();

// Mutations: a rank's part of x taken from another place, the sum over ranks left out, norms of a part of the
// rows.
TEST(RowMatrix, MultipliesAsTheWholeMatrix) {
  const Part part;
  const linalg::PetscSession petsc(part.world);
  const Eigen::MatrixXd a = whole();
  const Eigen::VectorXd x = dense(n_cols, 1, [](Index i, Index) { return noise(i, 60); });
  const Eigen::VectorXd y = target();
  for (const bool sparse : {false, true}) {
    SCOPED_TRACE(sparse ? "sparse" : "dense");
    RowMatrix matrix = sparse ? sparse_matrix(part) : dense_matrix(part);
    EXPECT_EQ(matrix.is_sparse(), sparse);
    EXPECT_EQ(matrix.local_rows(), part.count());
    const Eigen::VectorXd mine = (a * x).segment(std::min(part.first, n_rows), part.count());
    EXPECT_LE((matrix.multiply(x) - mine).norm(), sum_bound);
    const Eigen::VectorXd product =
        matrix.multiply_transposed(y.segment(std::min(part.first, n_rows), part.count()));
    EXPECT_LE((product - a.transpose() * y).norm(), sum_bound);
    EXPECT_LE((matrix.column_norms() - a.colwise().norm().transpose()).norm(), sum_bound);
    const Eigen::VectorXd d =
        dense(n_cols, 1, [](Index i, Index) { return std::ldexp(1.0, static_cast<int>(i) - 3); });
    matrix.scale_columns_in_place(d);
    EXPECT_LE(
        (matrix.multiply(x) - (a * d.cwiseProduct(x)).segment(std::min(part.first, n_rows), part.count()))
            .norm(),
        16.0 * sum_bound);
  }
}

struct Problem {
  Part part;
  linalg::PetscSession petsc{part.world};
  Eigen::VectorXd b = target().segment(std::min(part.first, n_rows), part.count());
  Eigen::VectorXd none;
};

Eigen::VectorXd oracle(const Eigen::VectorXd& penalty) {
  Eigen::MatrixXd a(n_rows + penalty.size(), n_cols);
  Eigen::VectorXd b = Eigen::VectorXd::Zero(a.rows());
  a.topRows(n_rows) = whole();
  if (penalty.size() > 0) a.bottomRows(n_cols) = penalty.asDiagonal();
  b.head(n_rows) = target();
  return support::least_squares(a.cast<long double>(), b.cast<long double>()).cast<double>();
}

/// The condition of these random rows is below 3: a gradient of 1e-13 leaves an error below 1e-12.
constexpr linalg::LsqrStop to_the_end{.gradient_below = 1e-13, .max_iterations = 100};
constexpr double close = 1e-12;

// Mutations: penalty rows that are another rank's, a gradient without them, the stop test that never stops or
// stops at once.
TEST(Lsqr, SolvesWithAndWithoutPenalties) {
  const Problem of;
  const Eigen::VectorXd zero = Eigen::VectorXd::Zero(n_cols);
  const Eigen::VectorXd penalty =
      dense(n_cols, 1, [](Index i, Index) { return i == 2 ? 0.0 : 0.5 + 0.1 * static_cast<double>(i); });
  for (const bool sparse : {false, true}) {
    const RowMatrix a = sparse ? sparse_matrix(of.part) : dense_matrix(of.part);
    const linalg::LsqrResult plain = linalg::lsqr({a, of.b, of.none, of.none}, to_the_end);
    EXPECT_TRUE(plain.reached);
    EXPECT_LE(plain.iterations, 4 * n_cols);
    EXPECT_LE((plain.x - oracle(of.none)).norm(), close);
    const linalg::LsqrResult ridge = linalg::lsqr({a, of.b, penalty, zero}, to_the_end);
    EXPECT_LE((ridge.x - oracle(penalty)).norm(), close);
  }
}

// Mutations: N applied once only, Nᵀ left out, the solution given in y.
TEST(Lsqr, ChangesVariables) {
  const Problem of;
  const RowMatrix a = dense_matrix(of.part);
  const Eigen::MatrixXd n = dominant_upper(n_cols);
  const linalg::ChangeOfVariables change{
      .n_unknowns = n_cols,
      .apply = [&](const Eigen::VectorXd& y) -> Eigen::VectorXd { return n * y; },
      .apply_transposed = [&](const Eigen::VectorXd& g) -> Eigen::VectorXd { return n.transpose() * g; }};
  const linalg::LsqrResult found = linalg::lsqr({a, of.b, of.none, of.none, &change}, to_the_end);
  EXPECT_LE((found.x - oracle(of.none)).norm(), close);
  const linalg::LsqrResult cut =
      linalg::lsqr({a, of.b, of.none, of.none, &change}, {.gradient_below = 1e-13, .max_iterations = 2});
  EXPECT_FALSE(cut.reached);
  EXPECT_EQ(cut.iterations, 2);
}

// Mutation: an exception that crosses PETSc, or is lost in it.
TEST(Lsqr, PassesOnWhatNThrows) {
  const Problem of;
  const RowMatrix a = dense_matrix(of.part);
  const linalg::ChangeOfVariables broken{
      .n_unknowns = n_cols,
      .apply = [](const Eigen::VectorXd&) -> Eigen::VectorXd { throw std::runtime_error("no N today"); },
      .apply_transposed = [](const Eigen::VectorXd& g) -> Eigen::VectorXd { return g; }};
  EXPECT_THROW(linalg::lsqr({a, of.b, of.none, of.none, &broken}, to_the_end), std::runtime_error);
}

}  // namespace
}  // namespace tallfit::test
