/// Minima of smooth functions of some variables within bounds.
#pragma once

#include <Eigen/Core>

#include <functional>
#include <limits>
#include <string>

#include "tallfit/base/numeric.hpp"
#include "tallfit/comm/communicator.hpp"

namespace tallfit::linalg {

/// min f(x), lower <= x <= upper.
struct BoundedProblem {
  /// f(x); sets the gradient, which has the size of x already.
  std::function<double(const Eigen::VectorXd& x, Eigen::VectorXd& gradient)> value;
  Eigen::VectorXd start;  ///< within the bounds
  Eigen::VectorXd lower;
  Eigen::VectorXd upper;
};

/// Where to stop.
struct MinimiseStop {
  double gradient_below = 1e-6;  ///< norm of the gradient, without the parts that push against a bound
  Index max_iterations = 1000;
  Index max_evaluations = std::numeric_limits<int>::max();
};

struct Minimum {
  Eigen::VectorXd x;
  double value = 0.0;
  double gradient_norm = 0.0;  ///< at x, as MinimiseStop measures it
  Index iterations = 0;
  Index evaluations = 0;
  bool converged = false;
  std::string reason;  ///< PETSc's name of why it stopped, as "CONVERGED_GATOL"
};

/// TAO's bounded limited-memory quasi-Newton method (TAOBLMVM) on this rank alone.
///
/// Options of PETSc's database hold (-tao_type, -tao_monitor). Cost: an evaluation or two an iteration.
/// Local, but PETSc's start is collective: have a PetscSession, one for all minima of a process, for PETSc
/// 3.18 forgets its quasi-Newton matrices when it ends. @throws what the function throws.
/// @see Benson and Moré, "A limited-memory variable-metric algorithm for bound-constrained minimization",
/// ANL/MCS-P909-0901 (2001)
Minimum minimise(const BoundedProblem& problem, const MinimiseStop& stop);

/// The same on rank 0, which decides alone, of a function that all ranks compute together; on every rank.
/// The function must throw on all ranks or on none. @collective
Minimum minimise_together(const comm::Communicator& comm, BoundedProblem problem, const MinimiseStop& stop);

}  // namespace tallfit::linalg
