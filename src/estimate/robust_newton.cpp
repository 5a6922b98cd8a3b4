#include "robust_newton.hpp"

#include <algorithm>
#include <cmath>

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"

namespace tallfit::estimate {

namespace {

RobustNewton solve_newton(const RobustPass& pass, const RobustPoint& at, const RobustOptions& options) {
  const RobustSums& sums = pass.sums;
  const Index n = at.x.size() - 1;
  const double lambda = options.penalty();
  const LeastSquaresSystem& rows = *pass.system;
  const TriangularSolver solver = lambda > 0.0
                                      ? TriangularSolver(augmented(rows, 2.0 * lambda), options.solver)
                                      : TriangularSolver(rows, options.solver);
  Eigen::VectorXd downhill = sums.slopes;
  downhill.head(n) -= 2.0 * lambda * at.x.head(n);
  if (!rows.intercept) downhill(n) = 0.0;

  RobustNewton newton;
  newton.rank = solver.rank();
  newton.step.x = solve_normal(solver, rows.intercept, downhill);
  newton.along = solve_normal(solver, rows.intercept, sums.cross);
  // Below its minimum in ln s the objective may be concave there; that of s itself is not.
  const double curvature = sums.scale_curvature + std::max(0.0, -sums.scale_slope);
  if (options.estimates_scale()) {
    const double coupled = curvature - sums.cross.dot(newton.along);
    constexpr double lost = 0.01;
    double& change = newton.step.log_scale;
    if (coupled > lost * curvature) {
      change = (sums.cross.dot(newton.step.x) - sums.scale_slope) / coupled;
      newton.step.x += change * newton.along;
    } else {
      change = curvature > 0.0 ? -sums.scale_slope / curvature : -std::copysign(1.0, sums.scale_slope);
    }
  }
  const double gain = downhill.dot(newton.step.x) - sums.scale_slope * newton.step.log_scale;
  const double size = std::abs(sums.value) + curvature;
  newton.decrement = size > 0.0 ? std::sqrt(std::max(0.0, gain) / size) : 0.0;
  constexpr double longest = 2.0;  // of a change of ln s: the model holds no further
  if (std::abs(newton.step.log_scale) > longest) {
    const double length = longest / std::abs(newton.step.log_scale);
    newton.step.x *= length;
    newton.step.log_scale *= length;
  }
  return newton;
}

}  // namespace

std::vector<double> packed(const RobustNewton& newton) {
  std::vector<double> numbers = {newton.step.log_scale, newton.decrement, static_cast<double>(newton.rank)};
  numbers.insert(numbers.end(), newton.step.x.begin(), newton.step.x.end());
  numbers.insert(numbers.end(), newton.along.begin(), newton.along.end());
  return numbers;
}

RobustNewton unpacked_newton(std::span<const double> numbers, Index n) {
  return {.step = {.x = Eigen::Map<const Eigen::VectorXd>(numbers.data() + 3, n), .log_scale = numbers[0]},
          .along = Eigen::Map<const Eigen::VectorXd>(numbers.data() + 3 + n, n),
          .decrement = numbers[1],
          .rank = static_cast<Index>(numbers[2])};
}

RobustNewton robust_newton(const RobustPass& pass, const RobustPoint& at, const RobustOptions& options,
                           const comm::Communicator& comm) {
  std::vector<double> numbers;
  comm::all_or_none(comm, [&] {
    if (comm.is_root()) numbers = packed(solve_newton(pass, at, options));
  });
  comm::broadcast(comm, numbers, 0);
  return unpacked_newton(numbers, at.x.size());
}

}  // namespace tallfit::estimate
