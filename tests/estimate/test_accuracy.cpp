// How many digits survive in designs that are hard: rank deficient, badly scaled, badly weighted.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "lapack_oracle.hpp"
#include "support/fit_rows.hpp"
#include "support/memory_source.hpp"
#include "support/oracle.hpp"

#include "tallfit/design/matrix_source.hpp"

namespace tallfit::test {
namespace {

double relative(const Eigen::VectorXd& x, const Eigen::VectorXd& y) { return (x - y).norm() / y.norm(); }

// 480 columns of rank 376, 16 of them zero, as quadratic SNAP has them: the singular values fall from 1 to
// 3e-7 and then to rounding. Catches minimum norm of the scaled coefficients (it differs by more than a
// tenth), a rank from raw columns, null vectors of the scaled factor that are not mapped, zero columns that
// are not named.
TEST(Accuracy, MinimumNormOfADeficientDesign) {
  constexpr Index rank = 376;
  design::MatrixSource source({.rows = 2000,
                               .columns = 480,
                               .condition = 3.6e6,
                               .rank = rank,
                               .zero_columns = 16,
                               .noise = 1e-3,
                               .column_decades = 2.0,
                               .rows_per_configuration = 20,
                               .seed = 4});
  const auto comm = comm::Communicator::self();
  const Fitted fitted =
      fit_rows(source, *estimate::make_estimator("ols", {}), estimate::Intercept::none, comm);
  const Rows rows = read_all(source);

  const Eigen::VectorXd scale = powers_of_two(rows.a);
  const SvdSolution scaled = lapack_svd(rows.a * scale.asDiagonal(), rows.b, 1e-13);
  const SvdSolution raw = lapack_svd(rows.a, rows.b, 1e-13);
  const Eigen::VectorXd truth = support::minimum_norm(rows.a, rows.b, rank);
  const Eigen::VectorXd of_scaled = scale.cwiseProduct(scaled.x);
  std::printf(
      "singular values: %.2e | %.2e; rank %lld, LAPACK %d and raw %d\n"
      "error %.2e, dgelss raw %.2e, minimum norm of scaled coefficients %.2f; norms %.6g <= %.6g\n",
      scaled.values(rank - 1) / scaled.values(0), scaled.values(rank) / scaled.values(0),
      static_cast<long long>(fitted.fit.rank), scaled.rank, raw.rank,
      relative(fitted.fit.coefficients, truth), relative(raw.x, truth), relative(of_scaled, truth),
      fitted.fit.coefficients.norm(), of_scaled.norm());

  // The design is the one that is meant.
  EXPECT_LT(scaled.values(rank - 1) / scaled.values(0), 5e-7);
  EXPECT_LT(scaled.values(rank) / scaled.values(0), 1e-15);
  EXPECT_GT(relative(of_scaled, truth), 0.1);

  EXPECT_EQ(fitted.fit.algorithm, "svd");
  EXPECT_EQ(fitted.fit.rank, rank);
  EXPECT_EQ(fitted.fit.dependent_columns.size(), 480U - 376U);
  for (Index j = 0; j < 480; ++j) {
    if (rows.a.col(j).norm() > 0.0) continue;
    EXPECT_EQ(fitted.fit.coefficients(j), 0.0);
    EXPECT_TRUE(
        std::binary_search(fitted.fit.dependent_columns.begin(), fitted.fit.dependent_columns.end(), j));
  }
  // ε over the gap, 3e-7, for null vectors and solution alike: 7e-10; four times that is left for its
  // constant.
  EXPECT_LE(relative(fitted.fit.coefficients, truth), 3e-9);
  EXPECT_LE(relative(fitted.fit.coefficients, raw.x), 3e-9 + relative(raw.x, truth));
  const double should = (rows.a * truth - rows.b).norm();
  EXPECT_NEAR(fitted.fit.residual_norm, should, 1e-10 * should);
}

/// Figures of the badly scaled, badly weighted design.
void badly_scaled(Index n_rows, Index n_cols) {
  design::MatrixSource source({.rows = n_rows,
                               .columns = n_cols,
                               .condition = 8e10,
                               .groups = 15,
                               .noise = 1e-3,
                               .column_decades = 7.0,
                               .weight_max = 1e2,
                               .weight_decades = 14.0,
                               .rows_per_configuration = 40,
                               .seed = 7});
  const auto comm = comm::Communicator::self();
  // With ten rows a column the planner gives up groups and row types; decades of the row scale stay apart.
  const Compressed compressed =
      compress_rows(source, comm, {.group = false, .row_type = false, .fold = false});
  const auto fit_by = [&](estimate::Algorithm algorithm) {
    const auto ols = estimate::make_estimator("ols", {.solver = {.algorithm = algorithm}});
    return fit_compressed(compressed.design, *ols, estimate::Intercept::none, comm);
  };
  const Fitted fitted = fit_by(estimate::Algorithm::automatic);
  const Fitted by_qr = fit_by(estimate::Algorithm::qr);
  // A user who names the parts gets them all the same.
  const Compressed named = compress_rows(source, comm, {.group = true, .row_type = true, .fold = false});
  const Fitted by_cells =
      fit_compressed(named.design, *estimate::make_estimator("ols", {}), estimate::Intercept::none, comm);
  Rows rows = read_all(source);
  const Eigen::VectorXd b = rows.weighted_b();
  const Eigen::MatrixXd a = rows.weighted_a();
  rows = Rows();
  const Eigen::VectorXd scale = powers_of_two(a);
  const Eigen::VectorXd truth = support::refined_solution(a, b, scale);
  const double ours = relative(fitted.fit.coefficients, truth);
  const double qr = relative(lapack_qr_equilibrated(a, b), truth);
  const SvdSolution raw = lapack_svd_fast(a, b, -1.0);
  const double svd = relative(raw.x, truth);

  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(n_cols, n_cols);
  const Eigen::MatrixXd e = a * scale.asDiagonal();
  gram.selfadjointView<Eigen::Upper>().rankUpdate(e.transpose());
  Eigen::VectorXd y = e.transpose() * b;
  const int failed = lapack_cholesky_in_place(gram);
  double cholesky = std::numeric_limits<double>::infinity();
  if (failed == 0) {
    gram.triangularView<Eigen::Upper>().transpose().solveInPlace(y);
    gram.triangularView<Eigen::Upper>().solveInPlace(y);
    cholesky = relative(scale.cwiseProduct(y), truth);
  }
  const double cells = relative(by_cells.fit.coefficients, truth);
  std::printf(
      "%lld x %lld: %s, condition %.2e; errors: ours %.2e (by qr %.2e; %zu cells %.2e), dgels equilibrated "
      "%.2e,\n",
      static_cast<long long>(n_rows), static_cast<long long>(n_cols), fitted.fit.algorithm.c_str(),
      fitted.fit.condition, ours, relative(by_qr.fit.coefficients, truth), named.design.cells.size(), cells,
      qr);
  std::printf("  dgelsd raw %.2e (rank %d), normal equations %.2e (dpotrf info %d)\n", svd, raw.rank,
              cholesky, failed);
  EXPECT_EQ(fitted.fit.rank, n_cols);
  EXPECT_LE(ours, 3.0 * qr);
  EXPECT_LE(cells, 3.0 * qr);
  EXPECT_LE(100.0 * ours, svd);
  EXPECT_TRUE(failed > 0 || cholesky > 100.0 * ours);
}

// Columns over 7 decades, weights over 14, as in SNAP sets with energies, forces and stresses. Catches cells
// of many decades, a heavy factor merged onto a light one, and columns that are not equilibrated.
TEST(Accuracy, BadlyScaledAndWeighted) { badly_scaled(3800, 400); }

// The size of quadratic SNAP for tantalum takes minutes: TALLFIT_FULL_SIZE=1.
TEST(Accuracy, BadlyScaledAndWeightedFullSize) {
  if (std::getenv("TALLFIT_FULL_SIZE") == nullptr) GTEST_SKIP() << "set TALLFIT_FULL_SIZE to run it";
  badly_scaled(15213, 1595);
}

}  // namespace
}  // namespace tallfit::test
