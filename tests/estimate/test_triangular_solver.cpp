// Rank, condition and solutions of triangular systems, on every grid, against Eigen.
#include <Eigen/Core>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/grids.hpp"
#include "support/memory_source.hpp"
#include "support/oracle.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/estimate/triangular_solver.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::test {
namespace {

using estimate::Algorithm;
using estimate::LeastSquaresSystem;
using estimate::TriangularSolver;
using support::minimum_norm;

constexpr double eps = std::numeric_limits<double>::epsilon();

/// The smallest system of some columns: R of [A b] by Eigen's Householder QR.
struct Problem {
  Eigen::MatrixXd a;
  Eigen::VectorXd b;
  Eigen::MatrixXd r;  ///< K + 1 square
};

/// Columns of sizes 1 to 10^-decades; the last `copies` columns are sums of the first two, scaled.
Problem make_problem(Index k, Index copies, double decades) {
  const Index n = 3 * k + 4;
  Problem p;
  p.a.resize(n, k);
  p.b.resize(n);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < k; ++j) p.a(i, j) = random_entry(31, i, j) + (i == j ? 2.0 : 0.0);
    p.b(i) = random_entry(32, i, 0);
  }
  for (Index j = k - copies; j < k; ++j)
    p.a.col(j) = p.a.col(0) + static_cast<double>(j - k + copies) * p.a.col(1);
  for (Index j = 0; j < k; ++j)
    p.a.col(j) *= std::pow(10.0, -decades * static_cast<double>(j * 7 % k) / static_cast<double>(k));
  Eigen::MatrixXd both(n, k + 1);
  both << p.a, p.b;
  p.r = support::triangle_of(both);
  return p;
}

LeastSquaresSystem system_of(const linalg::ProcessGrid& grid, const Problem& p) {
  const Index k = p.a.cols();
  return {.r = linalg::distribute(grid, p.r.topLeftCorner(k, k), 4),  // ragged blocks, ranks without any
          .z = p.r.col(k).head(k),
          .rho = std::abs(p.r(k, k)),
          .intercept = std::nullopt,
          .n_rows = p.a.rows()};
}

class SolverOnGrids : public testing::TestWithParam<Index> {};

// Catches a missing scale, its inverse, transposed solves, and entries that a grid deals wrongly.
TEST_P(SolverOnGrids, FullRankIsWhatEigenSays) {
  const Index k = GetParam();
  const Problem p = make_problem(k, 0, 6.0);
  const Eigen::VectorXd should = minimum_norm(p.a, p.b, k);
  const Eigen::VectorXd d = p.a.colwise().norm();
  const double bound = 100.0 * static_cast<double>(k) * eps;  // the scaled columns have condition below 10
  const Eigen::MatrixXd inverse =
      support::solve_upper(p.r.topLeftCorner(k, k), Eigen::MatrixXd::Identity(k, k));
  const Eigen::MatrixXd covariance = inverse * inverse.transpose();
  for (const linalg::ProcessGrid& grid : all_grids()) {
    SCOPED_TRACE(testing::Message() << "grid " << grid.rows() << " x " << grid.cols());
    for (const Algorithm algorithm : {Algorithm::automatic, Algorithm::svd}) {
      const TriangularSolver solver(system_of(grid, p), {.algorithm = algorithm});
      EXPECT_EQ(solver.algorithm(), algorithm == Algorithm::svd ? "svd" : "qr") << solver.reason();
      EXPECT_EQ(solver.rank(), k);
      EXPECT_TRUE(solver.dependent_columns().empty());
      EXPECT_LT(solver.condition(), 1e3);
      EXPECT_LE(d.cwiseProduct(solver.coefficients() - should).norm(), bound * d.cwiseProduct(should).norm());
      EXPECT_TRUE(same_bits(grid, solver.coefficients()));

      const Eigen::MatrixXd s = linalg::replicate(solver.covariance_factor());
      EXPECT_LE((solver.covariance_diagonal() - s.rowwise().squaredNorm()).norm(), bound * s.squaredNorm());
      EXPECT_NEAR(solver.deviation_along(s.rowwise().sum()), (s.transpose() * s.rowwise().sum()).norm(),
                  bound * s.squaredNorm());
      EXPECT_LE((d.asDiagonal() * (s * s.transpose() - covariance) * d.asDiagonal()).norm(),
                bound * (d.asDiagonal() * covariance * d.asDiagonal()).norm());
      const Eigen::VectorXd g = p.a.transpose() * p.b;
      const Eigen::VectorXd solved = solver.solve_normal(g);
      EXPECT_LE(d.cwiseProduct(solved - covariance * g).norm(), bound * d.cwiseProduct(solved).norm());
    }
  }
}

// Catches minimum norm of the scaled coefficients, a rank from the raw factor (whose columns span six
// decades), dependent columns by position, a pseudo-inverse with parts in the null space.
TEST_P(SolverOnGrids, DeficientRankHasTheSolutionOfSmallestNorm) {
  const Index k = GetParam();
  if (k < 4) return;
  const Index copies = k / 4 + 1;
  const Index rank = k - copies;
  const Problem p = make_problem(k, copies, 3.0);
  const Eigen::VectorXd should = minimum_norm(p.a, p.b, rank);
  // eps κ, κ < 100 on the range; the norms that are compared span three decades.
  const double bound = 1e4 * static_cast<double>(k) * eps;
  for (const linalg::ProcessGrid& grid : all_grids()) {
    SCOPED_TRACE(testing::Message() << "grid " << grid.rows() << " x " << grid.cols());
    for (const Algorithm algorithm : {Algorithm::automatic, Algorithm::svd}) {
      const TriangularSolver solver(system_of(grid, p), {.algorithm = algorithm});
      EXPECT_EQ(solver.algorithm(), "svd") << solver.reason();
      EXPECT_EQ(solver.rank(), rank);
      EXPECT_EQ(static_cast<Index>(solver.dependent_columns().size()), copies);
      EXPECT_TRUE(std::is_sorted(solver.dependent_columns().begin(), solver.dependent_columns().end()));
      EXPECT_GT(solver.condition(), 1e13);
      EXPECT_LE((solver.coefficients() - should).norm(), bound * should.norm());
      // What is left of A once the dependent columns are gone has full rank.
      Eigen::MatrixXd rest(p.a.rows(), 0);
      for (Index j = 0; j < k; ++j) {
        const auto& named = solver.dependent_columns();
        if (std::find(named.begin(), named.end(), j) != named.end()) continue;
        rest.conservativeResize(Eigen::NoChange, rest.cols() + 1);
        rest.rightCols(1) = p.a.col(j).normalized();
      }
      EXPECT_EQ(rest.cols(), rank);
      EXPECT_GT(support::singular_values(rest)(rank - 1), 1e-10);
      // The four conditions of Penrose fix (RᵀR)⁺ = S Sᵀ; two of them, with full column rank of S, suffice
      // here.
      const Eigen::MatrixXd s = linalg::replicate(solver.covariance_factor());
      EXPECT_LE((solver.covariance_diagonal() - s.rowwise().squaredNorm()).norm(), bound * s.squaredNorm());
      EXPECT_NEAR(solver.deviation_along(s.rowwise().sum()), (s.transpose() * s.rowwise().sum()).norm(),
                  bound * s.squaredNorm());
      ASSERT_EQ(s.cols(), rank);
      const Eigen::MatrixXd gram = p.a.transpose() * p.a;
      const Eigen::MatrixXd pseudo = s * s.transpose();
      EXPECT_LE((gram * pseudo * gram - gram).norm(), bound * gram.norm());
      EXPECT_LE((pseudo * gram * pseudo - pseudo).norm(), bound * pseudo.norm());
      const Eigen::VectorXd g = p.a.transpose() * p.b;
      EXPECT_LE((solver.solve_normal(g) - should).norm(), bound * should.norm());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Orders, SolverOnGrids, testing::Values<Index>(1, 2, 7, 33),
                         [](const auto& tested) { return fmt::format("K{}", tested.param); });

// Catches a cutoff that is 0 for the zero matrix, ranges without columns, division by 0.
TEST(TriangularSolver, ZeroColumnsGetZeroCoefficients) {
  for (const linalg::ProcessGrid& grid : all_grids()) {
    for (const Index k : {1, 3}) {
      const LeastSquaresSystem zero{.r = linalg::distribute(grid, Eigen::MatrixXd::Zero(k, k), 2),
                                    .z = Eigen::VectorXd::Zero(k),
                                    .rho = 1.0,
                                    .intercept = std::nullopt,
                                    .n_rows = 9};
      const TriangularSolver solver(zero, {});
      EXPECT_EQ(solver.rank(), 0);
      EXPECT_EQ(solver.coefficients(), Eigen::VectorXd::Zero(k));
      EXPECT_EQ(static_cast<Index>(solver.dependent_columns().size()), k);
      EXPECT_EQ(solver.covariance_factor().rows(), k);
      EXPECT_EQ(solver.covariance_factor().cols(), 0);
      EXPECT_EQ(solver.solve_normal(Eigen::VectorXd::Ones(k)), Eigen::VectorXd::Zero(k));
    }
  }
}

/// Two columns of unit size at an angle of about `angle`.
LeastSquaresSystem two_columns(const linalg::ProcessGrid& grid, double angle) {
  Eigen::MatrixXd r(2, 2);
  r << 0.75, 0.75, 0.0, 0.75 * angle;
  return {.r = linalg::distribute(grid, r, 1),
          .z = Eigen::Vector2d(1.0, 0.3),
          .rho = 0.0,
          .intercept = std::nullopt,
          .n_rows = 9};
}

// The singular values of [1 1; 0 t] are √2 and t / √2 for small t: their ratio is t / 2. Catches rcond that
// is compared with squares, with the wrong singular value, or with >= turned round by more than a tenth.
TEST(TriangularSolver, RankIsDecidedByRcond) {
  for (const linalg::ProcessGrid& grid : all_grids()) {
    SCOPED_TRACE(testing::Message() << "grid " << grid.rows() << " x " << grid.cols());
    for (const double rcond : {1e-13, 1e-6, 1e-3}) {
      const TriangularSolver above(two_columns(grid, 2.2 * rcond), {.rcond = rcond});
      EXPECT_EQ(above.rank(), 2) << rcond;
      EXPECT_TRUE(above.dependent_columns().empty());
      EXPECT_NEAR(above.condition() * 1.1 * rcond, 1.0, 0.01);
      // θ = (z1 - θ2, z2 / t); the relative error of a singular value t is eps / t.
      const double second = 0.3 / 0.75 / (2.2 * rcond);
      EXPECT_NEAR(above.coefficients()(1) / second, 1.0, 100.0 * eps / rcond);
      const TriangularSolver below(two_columns(grid, 1.8 * rcond), {.rcond = rcond});
      EXPECT_EQ(below.rank(), 1) << rcond;
      EXPECT_EQ(below.dependent_columns().size(), 1U);
      EXPECT_NEAR(below.coefficients()(0), 0.5 / 0.75, 3.0 * rcond + 100.0 * eps / rcond);
      EXPECT_NEAR(below.coefficients()(1), 0.5 / 0.75, 3.0 * rcond + 100.0 * eps / rcond);
    }
  }
}

TEST(TriangularSolver, QrIsKeptWhereAskedForUnlessTheFactorIsSingular) {
  for (const linalg::ProcessGrid& grid : all_grids()) {
    const TriangularSolver kept(two_columns(grid, 1e-14), {.algorithm = Algorithm::qr});
    EXPECT_EQ(kept.algorithm(), "qr");
    EXPECT_EQ(kept.rank(), 2);
    EXPECT_NE(kept.reason().find("asked for"), std::string::npos) << kept.reason();
    const TriangularSolver taken(two_columns(grid, 0.0), {.algorithm = Algorithm::qr});
    EXPECT_EQ(taken.algorithm(), "svd");
    EXPECT_EQ(taken.rank(), 1);
    EXPECT_EQ(taken.condition(), std::numeric_limits<double>::infinity());
  }
}

// The augmentation by sqrt(λ) I and tr(H), on every grid, against the augmented rows in extended precision.
TEST(Augmented, RidgeOnEveryGrid) {
  const Index k = 7;
  const double lambda = 0.4;
  const Problem p = make_problem(k, 2, 1.0);
  const Eigen::MatrixXd gram = p.a.transpose() * p.a + lambda * Eigen::MatrixXd::Identity(k, k);
  support::LongMatrix rows = support::LongMatrix::Zero(p.a.rows() + k, k);
  rows.topRows(p.a.rows()) = p.a.cast<long double>();
  rows.bottomRows(k).diagonal().setConstant(std::sqrt(static_cast<long double>(lambda)));
  support::LongVector targets = support::LongVector::Zero(rows.rows());
  targets.head(p.a.rows()) = p.b.cast<long double>();
  const Eigen::VectorXd should = support::least_squares(rows, targets).cast<double>();
  const Eigen::ArrayXd squares = support::singular_values(p.a).array().square();
  const double trace = (squares / (squares + lambda)).sum();
  const double residual = (p.a * should - p.b).norm();
  // κ of the Gram matrix is below ‖A‖² / λ < 200.
  const double bound = 1e4 * static_cast<double>(k) * eps;
  for (const linalg::ProcessGrid& grid : all_grids()) {
    SCOPED_TRACE(testing::Message() << "grid " << grid.rows() << " x " << grid.cols());
    const LeastSquaresSystem system = system_of(grid, p);
    const estimate::LinearFit fit = estimate::fit_quadratic(system, lambda, {});
    EXPECT_LE((fit.coefficients - should).norm(), bound * should.norm());
    EXPECT_NEAR(fit.effective_dof, trace, bound * trace);
    EXPECT_NEAR(fit.residual_norm, residual, bound * residual);
    const LeastSquaresSystem more = estimate::augmented(system, lambda);
    EXPECT_NEAR(more.rho * more.rho, residual * residual + lambda * should.squaredNorm(), bound);
    const Eigen::MatrixXd r = linalg::replicate(more.r);
    EXPECT_LE((r.transpose() * r - gram).norm(), bound * gram.norm());
    EXPECT_EQ(Eigen::MatrixXd(r.triangularView<Eigen::StrictlyLower>()).norm(), 0.0);
  }
}

}  // namespace
}  // namespace tallfit::test
