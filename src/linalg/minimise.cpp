#include "tallfit/linalg/minimise.hpp"

#include <petsctao.h>

#include <algorithm>
#include <exception>
#include <span>
#include <vector>

#include "petsc_objects.hpp"

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"

namespace tallfit::linalg {

namespace {

using detail::check_petsc, detail::VecHandle, detail::vector_over;

using TaoHandle = std::unique_ptr<std::remove_pointer_t<Tao>, detail::PetscDelete<TaoDestroy>>;

/// The function as PETSc calls it. PETSc is C: an exception waits until it has returned.
struct Called {
  const BoundedProblem& problem;
  Eigen::VectorXd x;
  Eigen::VectorXd gradient;
  Index evaluations = 0;
  std::exception_ptr thrown;

  double evaluate(const double* at) {
    x = Eigen::Map<const Eigen::VectorXd>(at, x.size());
    ++evaluations;
    return problem.value(x, gradient);
  }
};

PetscErrorCode value_and_gradient(Tao /*tao*/, Vec x, PetscReal* value, Vec gradient, void* context) {
  Called& called = *static_cast<Called*>(context);
  try {
    const double* at = nullptr;
    check_petsc(VecGetArrayRead(x, &at), "VecGetArrayRead");
    *value = called.evaluate(at);
    check_petsc(VecRestoreArrayRead(x, &at), "VecRestoreArrayRead");
    double* out = nullptr;
    check_petsc(VecGetArray(gradient, &out), "VecGetArray");
    std::copy(called.gradient.begin(), called.gradient.end(), out);
    check_petsc(VecRestoreArray(gradient, &out), "VecRestoreArray");
    return 0;
  } catch (...) {
    called.thrown = std::current_exception();
    return PETSC_ERR_LIB;
  }
}

/// Norm of what is left of a step down the gradient, of length 1, within the bounds.
double projected_norm(const BoundedProblem& problem, const Eigen::VectorXd& x,
                      const Eigen::VectorXd& gradient) {
  const Eigen::VectorXd moved = (x - gradient).cwiseMax(problem.lower).cwiseMin(problem.upper);
  return (x - moved).norm();
}

std::span<double> numbers_of(Eigen::VectorXd& x) { return {x.data(), static_cast<std::size_t>(x.size())}; }

}  // namespace

Minimum minimise(const BoundedProblem& problem, const MinimiseStop& stop) {
  const Index n = problem.start.size();
  require(problem.lower.size() == n && problem.upper.size() == n, ErrorKind::bug,
          "bounds of {} and {} numbers for {} variables", problem.lower.size(), problem.upper.size(), n);
  Minimum minimum{.x = problem.start, .reason = "CONVERGED_USER"};
  Called called{.problem = problem,
                .x = problem.start,
                .gradient = Eigen::VectorXd::Zero(n),
                .evaluations = 0,
                .thrown = nullptr};
  if (n > 0) {
    const VecHandle x = vector_over(MPI_COMM_SELF, minimum.x.data(), n);
    const VecHandle lower = vector_over(MPI_COMM_SELF, problem.lower.data(), n);
    const VecHandle upper = vector_over(MPI_COMM_SELF, problem.upper.data(), n);
    Tao created = nullptr;
    check_petsc(TaoCreate(MPI_COMM_SELF, &created), "TaoCreate");
    const TaoHandle tao(created);
    check_petsc(TaoSetType(tao.get(), TAOBLMVM), "TaoSetType");
    check_petsc(TaoSetSolution(tao.get(), x.get()), "TaoSetSolution");
    check_petsc(TaoSetVariableBounds(tao.get(), lower.get(), upper.get()), "TaoSetVariableBounds");
    check_petsc(TaoSetObjectiveAndGradient(tao.get(), nullptr, &value_and_gradient, &called),
                "TaoSetObjectiveAndGradient");
    check_petsc(TaoSetTolerances(tao.get(), stop.gradient_below, 0.0, 0.0), "TaoSetTolerances");
    check_petsc(
        TaoSetMaximumIterations(tao.get(), detail::to_petsc(stop.max_iterations, "iterations of TAO")),
        "TaoSetMaximumIterations");
    check_petsc(TaoSetMaximumFunctionEvaluations(
                    tao.get(), detail::to_petsc(stop.max_evaluations, "evaluations of TAO")),
                "TaoSetMaximumFunctionEvaluations");
    check_petsc(TaoSetFromOptions(tao.get()), "TaoSetFromOptions");
    const int code = TaoSolve(tao.get());
    if (called.thrown) std::rethrow_exception(called.thrown);
    check_petsc(code, "TaoSolve");
    PetscInt iterations = 0;
    TaoConvergedReason reason = TAO_CONTINUE_ITERATING;
    check_petsc(TaoGetSolutionStatus(tao.get(), &iterations, nullptr, nullptr, nullptr, nullptr, &reason),
                "TaoGetSolutionStatus");
    minimum.iterations = iterations;
    minimum.reason = TaoConvergedReasons[reason];
  }
  // A line search that ends in rounding may have stopped where the goal is met.
  minimum.value = called.evaluate(minimum.x.data());
  minimum.evaluations = called.evaluations;
  minimum.gradient_norm = projected_norm(problem, minimum.x, called.gradient);
  minimum.converged = minimum.gradient_norm <= stop.gradient_below;
  return minimum;
}

Minimum minimise_together(const comm::Communicator& comm, BoundedProblem problem, const MinimiseStop& stop) {
  const auto together = problem.value;
  Eigen::VectorXd x = problem.start;
  Eigen::VectorXd gradient = Eigen::VectorXd::Zero(x.size());
  int goes_on = 1;
  Minimum minimum;
  minimum.x = x;
  std::exception_ptr of_root;
  if (comm.is_root()) {
    problem.value = [&](const Eigen::VectorXd& at, Eigen::VectorXd& slope) {
      x = at;
      comm::broadcast(comm, std::span(&goes_on, 1), 0);
      comm::broadcast(comm, numbers_of(x), 0);
      return together(x, slope);
    };
    try {
      minimum = minimise(problem, stop);
    } catch (const Error& error) {
      if (error.is_collective()) throw;  // the others have it too
      of_root = std::current_exception();
    } catch (...) {
      of_root = std::current_exception();
    }
    goes_on = 0;
    comm::broadcast(comm, std::span(&goes_on, 1), 0);
  } else {
    for (;;) {
      comm::broadcast(comm, std::span(&goes_on, 1), 0);
      if (goes_on == 0) break;
      comm::broadcast(comm, numbers_of(x), 0);
      together(x, gradient);
    }
  }
  comm::all_or_none(comm, [&] {
    if (of_root) std::rethrow_exception(of_root);
  });
  comm::broadcast(comm, numbers_of(minimum.x), 0);
  std::vector<double> numbers = {minimum.value, minimum.gradient_norm,
                                 static_cast<double>(minimum.iterations),
                                 static_cast<double>(minimum.evaluations), minimum.converged ? 1.0 : 0.0};
  comm::broadcast(comm, numbers, 0);
  comm::broadcast(comm, minimum.reason, 0);
  minimum.value = numbers[0];
  minimum.gradient_norm = numbers[1];
  minimum.iterations = static_cast<Index>(numbers[2]);
  minimum.evaluations = static_cast<Index>(numbers[3]);
  minimum.converged = numbers[4] != 0.0;
  return minimum;
}

}  // namespace tallfit::linalg
