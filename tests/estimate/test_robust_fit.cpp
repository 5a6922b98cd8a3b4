// What every robust fit promises: its equations hold, outliers do not move it, rows count as they are told.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

#include "robust_support.hpp"
#include "support/errors.hpp"

namespace tallfit::test {
namespace {

using estimate::Intercept;
using estimate::LinearFit;
using estimate::RobustKind;
using estimate::RobustOptions;

/// N x 4 rows about θ = (1, -2, 3, 0.5) and c = 10 with noise of 0.1; every tenth is far off. Sizes of the
/// columns span three decades, w is from 1/2 to 2.
Rows rows_with_outliers(Index n, double distance) {
  constexpr std::array<double, 4> theta = {1.0, -2.0, 3.0, 0.5};
  Rows rows;
  rows.a.resize(n, 4);
  rows.b.resize(n);
  rows.w.resize(n);
  for (Index i = 0; i < n; ++i) {
    double target = 10.0;
    for (Index j = 0; j < 4; ++j) {
      rows.a(i, j) = random_entry(1, i, j);
      target += theta[static_cast<std::size_t>(j)] * rows.a(i, j);
      rows.a(i, j) *= std::pow(10.0, static_cast<double>(j - 2));
    }
    rows.b(i) = target + 0.1 * (random_entry(1, i, 10) + random_entry(1, i, 11) + random_entry(1, i, 12));
    if (i % 10 == 3) rows.b(i) += distance * (i % 20 == 3 ? 1.0 : 3.0);
    rows.w(i) = std::exp2(random_entry(1, i, 13));
  }
  return rows;
}

Eigen::VectorXd robust_numbers(const LinearFit& fit) {
  Eigen::VectorXd all(fit.coefficients.size() + 2);
  all << fit.coefficients, fit.intercept, found(fit, "scale");
  return all;
}

/// Largest difference, each coefficient times the size of its column.
double distance(const LinearFit& x, const LinearFit& y) {
  Eigen::VectorXd unit(6);
  unit << 1e-2, 1e-1, 1.0, 10.0, 1.0, 1.0;
  // beside them the scale; that of laplace is the mean of |r|
  if (x.hyperparameters.back().first == "duality_gap") unit(5) = 0.0;
  return (robust_numbers(x) - robust_numbers(y)).cwiseProduct(unit).lpNorm<Eigen::Infinity>();
}

class Robust : public testing::TestWithParam<RobustKind> {
protected:
  static RobustOptions options() { return {.kind = GetParam(), .lambda = 0.0}; }
  const comm::Communicator world_ = comm::Communicator::world();
};

// Least squares is off by the outliers' mean, 20 of 100, the robust fits by less than the noise.
TEST_P(Robust, OutliersDoNotMoveTheFit) {
  const LinearFit near = fit_robustly(rows_with_outliers(600, 100.0), options(), Intercept::fitted, world_);
  const LinearFit far = fit_robustly(rows_with_outliers(600, 1e6), options(), Intercept::fitted, world_);
  EXPECT_TRUE(far.converged) << far.convergence;
  EXPECT_NEAR(far.intercept, 10.0, 0.1);
  EXPECT_NEAR(far.coefficients(3) * 10.0, 0.5, 0.1);
  // Signs are all that huber and laplace see of outliers, of which the targets lose 1e6 ε = 1e-10; to
  // student_t those at 100 are nearly as good as absent.
  EXPECT_LE(distance(near, far), GetParam() == RobustKind::student_t ? 1e-3 : 1e-8);
}

TEST_P(Robust, RowScaleTwoIsFourCopies) {
  Rows once = rows_with_outliers(500, 5.0);
  std::vector<Index> copied;
  for (Index i = 0; i < once.size(); ++i) copied.insert(copied.end(), i % 3 == 0 ? 4 : 1, i);
  const Rows copies = once.picked(copied);
  for (Index i = 0; i < once.size(); i += 3) once.w(i) *= 2.0;
  const LinearFit heavy = fit_robustly(once, options(), Intercept::fitted, world_);
  const LinearFit many = fit_robustly(copies, options(), Intercept::fitted, world_);
  EXPECT_LE(distance(heavy, many), 1e-9);  // tol is 1e-10
  EXPECT_NEAR(found(heavy, "objective"), found(many, "objective"),
              1e-11 * std::abs(found(many, "objective")));
}

TEST_P(Robust, TestRowsAndRowsWithoutWeightCountForNothing) {
  Rows rows = rows_with_outliers(500, 5.0);
  rows.testing.assign(500, 0);
  std::vector<Index> kept;
  for (Index i = 0; i < rows.size(); ++i) {
    if (i % 7 != 0 && i % 11 != 0) {
      kept.push_back(i);
      continue;
    }
    rows.b(i) = 1e3;
    if (i % 7 == 0)
      rows.testing[static_cast<std::size_t>(i)] = 1;
    else
      rows.w(i) = 0.0;
  }
  EXPECT_LE(distance(fit_robustly(rows, options(), Intercept::fitted, world_),
                     fit_robustly(rows.picked(kept), options(), Intercept::fitted, world_)),
            1e-9);
}

// Catches sums over ranks in place of leaves, and decisions that ranks take apart.
TEST_P(Robust, HasTheSameBitsOnAnyNumberOfRanks) {
  const Rows rows = rows_with_outliers(2000, 5.0);
  std::vector<Eigen::VectorXd> results;
  const comm::Communicator self = comm::Communicator::self();
  for (const comm::Communicator* comm : {&world_, &self}) {
    const LinearFit fit = fit_robustly(rows, options(), Intercept::fitted, *comm);
    Eigen::VectorXd all(12);
    all << robust_numbers(fit), fit.standard_errors, found(fit, "objective"), fit.residual_norm;
    results.push_back(all);
  }
  for (Index i = 0; i < 12; ++i)  // as bits: those of laplace hold NaN
    EXPECT_EQ(std::bit_cast<std::uint64_t>(results[0](i)), std::bit_cast<std::uint64_t>(results[1](i))) << i;
}

// Rows in another order, and targets in another unit: the scale, like the coefficients, goes with the
// targets.
TEST_P(Robust, GoesWithOrderAndUnits) {
  const Rows rows = rows_with_outliers(500, 5.0);
  Rows other = rows.picked(random_order(500, 3));
  other.b *= 1024.0;
  const LinearFit want = fit_robustly(rows, options(), Intercept::fitted, world_);
  LinearFit fit = fit_robustly(other, options(), Intercept::fitted, world_);
  fit.coefficients /= 1024.0;
  fit.intercept /= 1024.0;
  for (auto& [name, value] : fit.hyperparameters) value /= 1024.0;
  EXPECT_LE(distance(fit, want), 1e-9);
}

// Columns of condition 1e9: the gradient is known to 1e-7 of its terms, and the fit ends there.
TEST_P(Robust, EndsWhereRoundingDoes) {
  Rows rows = rows_with_outliers(500, 5.0);
  rows.a.col(3) = rows.a.col(2) * 10.0 + rows.a.col(3) * 1e-9;
  RobustOptions chosen = options();
  // Coefficients of 5e8 leave residuals 1e-7: which rows laplace fits exactly can hardly be told.
  if (GetParam() == RobustKind::laplace) chosen.tol = 1e-3;
  const LinearFit fit = fit_robustly(rows, chosen, Intercept::fitted, world_);
  EXPECT_TRUE(fit.converged) << fit.convergence;
  EXPECT_EQ(fit.rank, 4);
  // θ of columns 2 and 3 as they were: 3 = θ2 + 10 θ3 and 0.5 = θ3 1e-9 / 10, the latter to the noise's 0.1
  EXPECT_NEAR(fit.coefficients(2) + 10.0 * fit.coefficients(3), 3.0, 0.1);
  EXPECT_NEAR(fit.coefficients(3) * 1e-8, 0.5, 0.1);
}

TEST_P(Robust, SaysThatItDidNotConverge) {
  RobustOptions few = options();
  few.max_iter = 1;
  const LinearFit fit = fit_robustly(rows_with_outliers(500, 5.0), few, Intercept::fitted, world_);
  EXPECT_FALSE(fit.converged);
  EXPECT_EQ(fit.iterations, 1);
  EXPECT_NE(fit.convergence.find("after 1 passes"), std::string::npos) << fit.convergence;
}

// Equal columns share, zero columns get nothing: steps stay in the range of the design.
TEST_P(Robust, DependentColumnsGetTheSmallestNorm) {
  const Rows rows = rows_with_outliers(500, 5.0);
  Rows more = rows;
  more.a.conservativeResize(rows.size(), 6);
  more.a.col(4) = rows.a.col(1);
  more.a.col(5).setZero();
  const LinearFit want = fit_robustly(rows, options(), Intercept::fitted, world_);
  const LinearFit fit = fit_robustly(more, options(), Intercept::fitted, world_);
  EXPECT_TRUE(fit.converged) << fit.convergence;
  const double half = want.coefficients(1) / 2.0;  // 10
  EXPECT_NEAR(fit.coefficients(1), half, 1e-7);
  EXPECT_NEAR(fit.coefficients(4), half, 1e-7);
  EXPECT_EQ(fit.coefficients(5), 0.0);
  EXPECT_NEAR(fit.coefficients(2), want.coefficients(2), 1e-8);
}

/// The gradient of an objective at a fit, by the test's own formulas: θ, c and ln s.
Eigen::VectorXd gradient_at(const Rows& rows, const LinearFit& fit, const RobustOptions& options) {
  const double s = found(fit, "scale");
  const double nu = options.nu;
  Eigen::VectorXd gradient = Eigen::VectorXd::Zero(6);
  for (Index i = 0; i < rows.size(); ++i) {
    const double w = rows.w(i) * rows.w(i);
    const double z = (rows.b(i) - rows.a.row(i).dot(fit.coefficients) - fit.intercept) / s;
    Eigen::VectorXd a = Eigen::VectorXd::Ones(5);
    a.head(4) = rows.a.row(i);
    const double bent = std::clamp(z, -options.epsilon, options.epsilon);
    const bool is_huber = options.kind == RobustKind::huber;
    gradient.head(5) -= w * (is_huber ? 2.0 * bent : (nu + 1.0) * z / (nu + z * z) / s) * a;
    gradient(5) += w * (is_huber ? s * (1.0 - bent * bent) : 1.0 - (nu + 1.0) * z * z / (nu + z * z));
  }
  if (options.kind == RobustKind::huber) gradient.head(4) += 2.0 * options.lambda * fit.coefficients;
  return gradient;
}

/// Of the losses that have any: laplace has inequalities, and its duality gap.
class RobustEquations : public Robust {};

// A decrement of tol leaves a gradient along a column a of tol sqrt(F a . H a), H about Σ w² a² times the
// curvature 2 / s: 1e-8 is some tens of that.
TEST_P(RobustEquations, Hold) {
  const Rows rows = rows_with_outliers(800, 5.0);
  for (const Intercept intercept : {Intercept::none, Intercept::fitted}) {
    for (const double fixed : {0.0, 0.3}) {
      SCOPED_TRACE(testing::Message() << "scale " << fixed);
      RobustOptions chosen = options();
      chosen.scale = fixed;
      chosen.lambda = 0.7;
      const LinearFit fit = fit_robustly(rows, chosen, intercept, world_);
      EXPECT_TRUE(fit.converged) << fit.convergence;
      EXPECT_TRUE(fixed == 0.0 || found(fit, "scale") == fixed);
      Eigen::VectorXd gradient = gradient_at(rows, fit, chosen);
      if (intercept == Intercept::none) gradient(4) = 0.0;
      if (fixed > 0.0) gradient(5) = 0.0;
      const double total = rows.w.squaredNorm();
      const Eigen::VectorXd sizes = (rows.w.asDiagonal() * rows.a).colwise().norm();
      const double unit = std::sqrt(total) * std::max(1.0, 1.0 / found(fit, "scale"));
      for (Index j = 0; j < 4; ++j) EXPECT_LE(std::abs(gradient(j)), 1e-8 * unit * sizes(j)) << j;
      EXPECT_LE(gradient.tail(2).lpNorm<Eigen::Infinity>(), 1e-8 * unit * std::sqrt(total));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Losses, Robust,
                         testing::Values(RobustKind::huber, RobustKind::student_t, RobustKind::laplace),
                         [](const auto& tested) {
                           return estimate::robust_names()[static_cast<std::size_t>(tested.param)];
                         });

INSTANTIATE_TEST_SUITE_P(Losses, RobustEquations, testing::Values(RobustKind::huber, RobustKind::student_t),
                         [](const auto& tested) {
                           return estimate::robust_names()[static_cast<std::size_t>(tested.param)];
                         });

// A location: one column of ones. The equation of the t has one root amid the data here, which bisection
// finds.
TEST(StudentT, OneParameterIsTheRootOfItsEquation) {
  Rows rows;
  rows.a = Eigen::MatrixXd::Ones(9, 1);
  rows.b.resize(9);
  rows.b << 1.0, 1.3, 0.8, 1.1, 0.9, 1.25, 1.02, 7.0, -3.0;
  constexpr double nu = 3.0;
  constexpr double scale = 0.2;
  const auto slope = [&](double m) {
    return ((rows.b.array() - m) / (nu * scale * scale + (rows.b.array() - m).square())).sum();
  };
  double low = 0.8;
  double high = 1.3;
  EXPECT_GT(slope(low), 0.0);
  EXPECT_LT(slope(high), 0.0);
  for (int i = 0; i < 100; ++i) (slope(0.5 * (low + high)) > 0.0 ? low : high) = 0.5 * (low + high);
  const LinearFit fit = fit_robustly(rows, {.kind = RobustKind::student_t, .nu = nu, .scale = scale},
                                     Intercept::none, comm::Communicator::world());
  EXPECT_NEAR(fit.coefficients(0), low, 1e-10);
}

// Any point beside the solution has a higher objective, by the test's own sums.
TEST(StudentT, IsAMinimum) {
  const Rows rows = rows_with_outliers(400, 5.0);
  const LinearFit fit = fit_robustly(rows, {.kind = RobustKind::student_t, .nu = 2.5}, Intercept::fitted,
                                     comm::Communicator::world());
  const auto objective = [&](const Eigen::VectorXd& all) {
    const Eigen::ArrayXd r = (rows.b - rows.a * all.head(4)).array() - all(4);
    const Eigen::ArrayXd logs = (1.0 + r.square() / (2.5 * all(5) * all(5))).log();
    return (rows.w.array().square() * (0.5 * 3.5 * logs + std::log(all(5)))).sum();
  };
  const Eigen::VectorXd best = robust_numbers(fit);
  const double least = objective(best);
  EXPECT_NEAR(found(fit, "objective"), least, 1e-12 * std::abs(least));
  for (Index j = 0; j < 6; ++j)
    for (const double change : {-1e-3, 1e-3, -0.1, 0.1}) {
      Eigen::VectorXd beside = best;
      beside(j) *= 1.0 + change;
      EXPECT_GT(objective(beside), least) << j << " by " << change;
    }
}

// Nine tenths of the rows are fitted exactly, more than 1 - 1 / ε²: the best scale is 0.
TEST(Huber, ScaleThatVanishesIsTold) {
  Rows rows = rows_with_outliers(400, 5.0);
  for (Index i = 0; i < rows.size(); ++i)
    if (i % 10 != 3) rows.b(i) = 10.0 + 100.0 * rows.a(i, 0);
  const comm::Communicator world = comm::Communicator::world();
  const LinearFit fit = fit_robustly(rows, {.lambda = 0.0}, Intercept::fitted, world);
  EXPECT_FALSE(fit.converged);
  EXPECT_NE(fit.convergence.find("set fit.scale"), std::string::npos) << fit.convergence;
  const LinearFit fixed = fit_robustly(rows, {.lambda = 0.0, .scale = 1e-3}, Intercept::fitted, world);
  EXPECT_TRUE(fixed.converged) << fixed.convergence;
  EXPECT_NEAR(fixed.intercept, 10.0, 1e-3);
}

TEST(RobustOptions, OutOfRangeAreNamed) {
  const auto message = [](const RobustOptions& options) {
    return support::error_of([&] { estimate::require_valid(options); });
  };
  EXPECT_NE(message({.epsilon = 1.0}).find("fit.epsilon = 1"), std::string::npos);
  EXPECT_NE(message({.nu = 0.0}).find("fit.nu = 0"), std::string::npos);
  EXPECT_NE(message({.lambda = -1.0}).find("fit.lambda = -1"), std::string::npos);
  EXPECT_NE(message({.scale = -2.0}).find("fit.scale = -2"), std::string::npos);
  EXPECT_NE(message({.kind = RobustKind::laplace, .scale = 2.0}).find("laplace"), std::string::npos);
  EXPECT_NE(message({.tol = 1.0}).find("fit.tol = 1"), std::string::npos);
}

}  // namespace
}  // namespace tallfit::test
