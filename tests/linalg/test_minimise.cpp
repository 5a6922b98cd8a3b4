// Minima within bounds, against those known.
#include <gtest/gtest.h>

#include <optional>

#include "support/errors.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/linalg/minimise.hpp"
#include "tallfit/linalg/petsc_session.hpp"

namespace tallfit::test {
namespace {

using linalg::BoundedProblem;

/// One session for all tests.
class Minimise : public testing::Test {
protected:
  static void SetUpTestSuite() { petsc_.emplace(comm::Communicator::world()); }
  static void TearDownTestSuite() { petsc_.reset(); }

private:
  static inline std::optional<linalg::PetscSession> petsc_;
};

/// Rosenbrock's valley: minimum 0 at (1, 1).
BoundedProblem valley(double lower, double upper) {
  return {.value =
              [](const Eigen::VectorXd& x, Eigen::VectorXd& gradient) {
                const double across = x(1) - x(0) * x(0);
                gradient << -400.0 * x(0) * across - 2.0 * (1.0 - x(0)), 200.0 * across;
                return 100.0 * across * across + (1.0 - x(0)) * (1.0 - x(0));
              },
          .start = Eigen::Vector2d(-1.2, 1.0).cwiseMax(lower).cwiseMin(upper),
          .lower = Eigen::Vector2d::Constant(lower),
          .upper = Eigen::Vector2d::Constant(upper)};
}

TEST_F(Minimise, FindsTheMinimumInside) {
  const auto found = linalg::minimise(valley(-5.0, 5.0), {.gradient_below = 1e-8});
  EXPECT_TRUE(found.converged) << found.reason;
  // The smallest eigenvalue of the Hessian at (1, 1) is 0.4: |x - x*| <= |gradient| / 0.4.
  EXPECT_LE((found.x - Eigen::Vector2d(1.0, 1.0)).norm(), 1e-7);
  EXPECT_GT(found.iterations, 5);
  EXPECT_GE(found.evaluations, found.iterations);
}

// With x(1) <= 0.25 the best x(0) solves 200 x (x² - 0.25) = 1 - x near 0.5.
TEST_F(Minimise, StopsAtABound) {
  BoundedProblem problem = valley(-5.0, 5.0);
  problem.upper(1) = 0.25;
  problem.start(1) = 0.0;
  const auto found = linalg::minimise(problem, {.gradient_below = 1e-8});
  EXPECT_TRUE(found.converged) << found.reason;
  EXPECT_EQ(found.x(1), 0.25);
  const double x = found.x(0);
  EXPECT_NEAR(200.0 * x * (x * x - 0.25), 1.0 - x, 1e-7);
}

TEST_F(Minimise, SaysWhenItDidNotGetThere) {
  const auto found = linalg::minimise(valley(-5.0, 5.0), {.gradient_below = 1e-8, .max_iterations = 3});
  EXPECT_FALSE(found.converged);
  EXPECT_EQ(found.iterations, 3);
}

TEST_F(Minimise, PassesOnWhatTheFunctionThrows) {
  BoundedProblem problem = valley(-5.0, 5.0);
  problem.value = [](const Eigen::VectorXd&, Eigen::VectorXd&) -> double {
    fail(ErrorKind::numerical, "no value here");
  };
  EXPECT_THROW(linalg::minimise(problem, {}), Error);
}

}  // namespace
}  // namespace tallfit::test
