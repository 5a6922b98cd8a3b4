#include "tallfit/linalg/lsqr.hpp"

#include <algorithm>
#include <exception>
#include <span>
#include <vector>

#include "row_matrix_state.hpp"

#include "tallfit/comm/exchange.hpp"
#include "tallfit/linalg/petsc_session.hpp"

namespace tallfit::linalg {

namespace {

using detail::check_petsc, detail::MatHandle, detail::VecHandle, detail::vector_over;

/// B = [A; D] N as PETSc calls it. A rank's rows are its rows of A, then those of D for its columns.
class Stacked {
public:
  explicit Stacked(const LsqrProblem& problem)
      : problem_(problem),
        a_(problem.a.state()),
        n_penalties_(problem.penalty.size() > 0 ? a_.n_local_cols : 0),
        x_(Eigen::VectorXd::Zero(a_.n_local_cols)) {
    const Index unknowns = problem.change != nullptr ? problem.change->n_unknowns : 0;
    Mat shell = nullptr;
    check_petsc(
        MatCreateShell(a_.comm.get(), static_cast<PetscInt>(a_.local_rows + n_penalties_),
                       problem.change != nullptr ? PETSC_DECIDE : static_cast<PetscInt>(a_.n_local_cols),
                       PETSC_DETERMINE,
                       problem.change != nullptr ? static_cast<PetscInt>(unknowns) : PETSC_DETERMINE, this,
                       &shell),
        "MatCreateShell");
    shell_.reset(shell);
    check_petsc(MatShellSetOperation(shell, MATOP_MULT, reinterpret_cast<void (*)()>(&mult)),
                "MatShellSetOperation");
    check_petsc(
        MatShellSetOperation(shell, MATOP_MULT_TRANSPOSE, reinterpret_cast<void (*)()>(&mult_transposed)),
        "MatShellSetOperation");
  }

  Mat shell() const { return shell_.get(); }
  const comm::Communicator& comm() const { return a_.comm; }
  Index n_local_rows() const { return a_.local_rows + n_penalties_; }

  /// [r; s] of this rank.
  Eigen::VectorXd right_side() const {
    Eigen::VectorXd side(n_local_rows());
    side.head(a_.local_rows) = problem_.residual;
    if (n_penalties_ > 0)
      side.tail(n_penalties_) = problem_.penalty_residual.segment(a_.first_col, n_penalties_);
    return side;
  }

  /// x = N y for the part of y that a rank has.
  Eigen::VectorXd solution(std::span<const double> y) const {
    const Eigen::VectorXd whole = gathered(y);
    return problem_.change != nullptr ? problem_.change->apply(whole) : whole;
  }

  /// What a call from within PETSc threw.
  void rethrow() const {
    if (thrown_) std::rethrow_exception(thrown_);
  }

private:
  static PetscErrorCode mult(Mat shell, Vec y, Vec out) {
    return guarded(shell, [&](Stacked& self) { self.apply(y, out); });
  }
  static PetscErrorCode mult_transposed(Mat shell, Vec in, Vec out) {
    return guarded(shell, [&](Stacked& self) { self.apply_transposed(in, out); });
  }

  /// PETSc is C: an exception waits until it has returned.
  template <class Work>
  static PetscErrorCode guarded(Mat shell, const Work& work) {
    void* context = nullptr;
    if (MatShellGetContext(shell, &context) != 0) return PETSC_ERR_LIB;
    Stacked& self = *static_cast<Stacked*>(context);
    try {
      work(self);
      return 0;
    } catch (...) {
      self.thrown_ = std::current_exception();
      return PETSC_ERR_LIB;
    }
  }

  Eigen::VectorXd gathered(std::span<const double> part) const {
    const std::vector<double> all = comm::all_gather(a_.comm, std::vector<double>(part.begin(), part.end()));
    return Eigen::Map<const Eigen::VectorXd>(all.data(), static_cast<Index>(all.size()));
  }

  void apply(Vec y, Vec out) {
    if (problem_.change != nullptr) {
      const Eigen::VectorXd x = problem_.change->apply(gathered(numbers(y)));
      x_ = x.segment(a_.first_col, a_.n_local_cols);
    } else {
      const std::span<const double> part = numbers(y);
      x_ = Eigen::Map<const Eigen::VectorXd>(part.data(), a_.n_local_cols);
    }
    double* rows = nullptr;
    check_petsc(VecGetArray(out, &rows), "VecGetArray");
    const VecHandle x = vector_over(a_.comm.get(), x_.data(), a_.n_local_cols);
    const VecHandle top = vector_over(a_.comm.get(), rows, a_.local_rows);
    check_petsc(MatMult(a_.mat.get(), x.get(), top.get()), "MatMult");
    for (Index j = 0; j < n_penalties_; ++j)
      rows[a_.local_rows + j] = problem_.penalty(a_.first_col + j) * x_(j);
    check_petsc(VecRestoreArray(out, &rows), "VecRestoreArray");
  }

  void apply_transposed(Vec in, Vec out) {
    const std::span<const double> rows = numbers(in);
    const VecHandle top = vector_over(a_.comm.get(), rows.data(), a_.local_rows);
    const VecHandle x = vector_over(a_.comm.get(), x_.data(), a_.n_local_cols);
    check_petsc(MatMultTranspose(a_.mat.get(), top.get(), x.get()), "MatMultTranspose");
    for (Index j = 0; j < n_penalties_; ++j)
      x_(j) += problem_.penalty(a_.first_col + j) * rows[static_cast<std::size_t>(a_.local_rows + j)];
    Eigen::VectorXd y = x_;
    PetscInt first = 0;
    PetscInt size = 0;
    check_petsc(VecGetOwnershipRange(out, &first, &size), "VecGetOwnershipRange");
    if (problem_.change != nullptr)
      y = problem_.change
              ->apply_transposed(gathered(std::span(x_.data(), static_cast<std::size_t>(x_.size()))))
              .segment(first, size - first)
              .eval();
    double* result = nullptr;
    check_petsc(VecGetArray(out, &result), "VecGetArray");
    std::copy(y.begin(), y.end(), result);
    check_petsc(VecRestoreArray(out, &result), "VecRestoreArray");
  }

  static std::span<const double> numbers(Vec vec) {
    const double* data = nullptr;
    PetscInt size = 0;
    check_petsc(VecGetLocalSize(vec, &size), "VecGetLocalSize");
    check_petsc(VecGetArrayRead(vec, &data), "VecGetArrayRead");
    const std::span<const double> span(data, static_cast<std::size_t>(size));
    check_petsc(VecRestoreArrayRead(vec, &data), "VecRestoreArrayRead");
    return span;
  }

  const LsqrProblem& problem_;
  const RowMatrix::State& a_;
  Index n_penalties_;
  Eigen::VectorXd x_;  ///< this rank's part of a vector over the columns of A
  MatHandle shell_;
  std::exception_ptr thrown_;
};

PetscErrorCode stop_test(KSP ksp, PetscInt iteration, PetscReal residual, KSPConvergedReason* reason,
                         void* context) {
  const auto& stop = *static_cast<const LsqrStop*>(context);
  *reason = KSP_CONVERGED_ITERATING;
  if (residual <= stop.residual_below) *reason = KSP_CONVERGED_ATOL;
  if (iteration == 0) return 0;  // no gradient yet
  PetscReal gradient = 0.0;
  if (const PetscErrorCode code = KSPLSQRGetNorms(ksp, &gradient, nullptr); code != 0) return code;
  if (gradient <= std::max(stop.gradient_below, stop.ratio_below * residual)) *reason = KSP_CONVERGED_RTOL;
  return 0;
}

/// AᵀA + D² for a preconditioner that the user named, where A is there to form it of.
MatHandle normal_matrix(const LsqrProblem& problem) {
  const RowMatrix::State& a = problem.a.state();
  if (!PetscSession::has_option("-pc_type") || problem.change != nullptr || !a.is_sparse) return nullptr;
  Mat normal = nullptr;
  check_petsc(MatTransposeMatMult(a.mat.get(), a.mat.get(), MAT_INITIAL_MATRIX, PETSC_DEFAULT, &normal),
              "MatTransposeMatMult");
  MatHandle handle(normal);
  if (problem.penalty.size() > 0) {
    const Eigen::VectorXd squares = problem.penalty.cwiseAbs2();
    const VecHandle diagonal = vector_over(a.comm.get(), squares.data() + a.first_col, a.n_local_cols);
    check_petsc(MatDiagonalSet(normal, diagonal.get(), ADD_VALUES), "MatDiagonalSet");
  }
  return handle;
}

}  // namespace

LsqrResult lsqr(const LsqrProblem& problem, const LsqrStop& stop) {
  Stacked stacked(problem);
  const MatHandle normal = normal_matrix(problem);
  KSP created = nullptr;
  check_petsc(KSPCreate(stacked.comm().get(), &created), "KSPCreate");
  const detail::KspHandle ksp(created);
  check_petsc(KSPSetOperators(created, stacked.shell(), normal ? normal.get() : stacked.shell()),
              "KSPSetOperators");
  PC pc = nullptr;
  check_petsc(KSPGetPC(created, &pc), "KSPGetPC");
  check_petsc(KSPSetFromOptions(created), "KSPSetFromOptions");
  if (!normal) check_petsc(PCSetType(pc, PCNONE), "PCSetType");
  check_petsc(KSPSetType(created, KSPLSQR), "KSPSetType");  // whatever the options say: the test asks LSQR
  LsqrStop context = stop;
  check_petsc(KSPSetConvergenceTest(created, stop_test, &context, nullptr), "KSPSetConvergenceTest");
  check_petsc(KSPSetTolerances(created, 0.0, 0.0, PETSC_DEFAULT, static_cast<PetscInt>(stop.max_iterations)),
              "KSPSetTolerances");

  const Eigen::VectorXd side = stacked.right_side();
  const VecHandle b = vector_over(stacked.comm().get(), side.data(), side.size());
  Vec y = nullptr;
  check_petsc(MatCreateVecs(stacked.shell(), &y, nullptr), "MatCreateVecs");
  const VecHandle handle(y);
  const PetscErrorCode code = KSPSolve(created, b.get(), y);
  stacked.rethrow();
  check_petsc(code, "KSPSolve");

  PetscInt iterations = 0;
  KSPConvergedReason reason = KSP_CONVERGED_ITERATING;
  check_petsc(KSPGetIterationNumber(created, &iterations), "KSPGetIterationNumber");
  check_petsc(KSPGetConvergedReason(created, &reason), "KSPGetConvergedReason");
  const double* numbers = nullptr;
  PetscInt size = 0;
  check_petsc(VecGetLocalSize(y, &size), "VecGetLocalSize");
  check_petsc(VecGetArrayRead(y, &numbers), "VecGetArrayRead");
  LsqrResult result;
  result.x = stacked.solution({numbers, static_cast<std::size_t>(size)});
  check_petsc(VecRestoreArrayRead(y, &numbers), "VecRestoreArrayRead");
  result.iterations = iterations;
  result.reached = reason > 0;
  return result;
}

}  // namespace tallfit::linalg
