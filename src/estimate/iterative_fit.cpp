#include "tallfit/estimate/iterative_fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "tallfit/base/log.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/linalg/lsqr.hpp"
#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::estimate {

namespace {

constexpr double distortion = 1.5;  ///< of norms in a sketch, at most, very probably
/// A triangle of lower condition preconditions well; beyond it the rank is asked of the SVD.
constexpr double doubtful = 1e12;
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

linalg::CompressedRows compressed(const RowSet& rows) { return {rows.begin, rows.column, rows.value}; }

linalg::RowMatrix matrix_of(const comm::Communicator& comm, RowSet& rows) {
  if (!rows.is_sparse) return linalg::RowMatrix::dense(comm, std::move(rows.dense));
  linalg::RowMatrix matrix = linalg::RowMatrix::sparse(comm, rows.n_cols, compressed(rows));
  rows.begin = {0};
  rows.column = {};
  rows.value = {};
  return matrix;
}

double norm_over_ranks(const comm::Communicator& comm, const Eigen::VectorXd& part) {
  double squares[] = {part.squaredNorm()};
  comm::sum_in_place(comm, squares);
  return std::sqrt(squares[0]);
}

/// The problem of the sketch: its solution starts the iteration, its factor makes it short.
TriangularSolver sketch_solver(const linalg::ProcessGrid& grid, const RowSet& rows,
                               const Eigen::VectorXd& penalty, const IterativeOptions& options) {
  const Phase phase("sketch");
  const linalg::SketchRows sketched{.dense = rows.is_sparse ? nullptr : &rows.dense,
                                    .sparse = rows.is_sparse ? std::optional(compressed(rows)) : std::nullopt,
                                    .target = rows.target,
                                    .n_cols = rows.n_cols};
  const linalg::BlockCyclicMatrix factor = linalg::sketched_factor(grid, sketched, penalty, *options.sketch);
  const Index n = rows.n_cols;
  const Eigen::VectorXd last = linalg::multiply(factor, Eigen::VectorXd::Unit(n + 1, n));
  const LeastSquaresSystem system{.r = linalg::sub_matrix(factor, 0, 0, n, n),
                                  .z = last.head(n),
                                  .rho = std::abs(last(n)),
                                  .intercept = std::nullopt,
                                  .n_rows = rows.target.size()};
  TriangularSolver solver(system, {.algorithm = Algorithm::qr, .rcond = options.estimator.solver.rcond});
  if (solver.condition() < doubtful) return solver;
  return {system, options.estimator.solver};
}

/// Where the iteration stands: x, what is left of rows and penalties, the gradient, and how good that is.
struct Standing {
  Eigen::VectorXd residual;          ///< b - A x, this rank's part
  Eigen::VectorXd penalty_residual;  ///< -D x
  Eigen::VectorXd gradient;          ///< of both
  double residual_norm = 0.0;        ///< of both
  double target_gradient = 0.0;      ///< of the preconditioned problem: what the tolerance asks for
  double target_residual = 0.0;
  double backward_error = 0.0;
  bool is_rounded = false;  ///< the gradient is what rounding leaves of the residual
};

class Iteration {
public:
  Iteration(RowSet rows, const linalg::ProcessGrid& grid, const IterativeOptions& options)
      : options_(options), penalty_(make_penalty(rows.n_cols, options)) {
    if (options.sketch) {
      solver_.emplace(sketch_solver(grid, rows, penalty_, options));
      change_ = {
          .n_unknowns = solver_->rank(),
          .apply = [this](const Eigen::VectorXd& y) { return solver_->apply_root(y); },
          .apply_transposed = [this](const Eigen::VectorXd& g) { return solver_->apply_root_transposed(g); }};
    }
    a_.emplace(matrix_of(grid.comm(), rows));
    target_ = std::move(rows.target);
    const Eigen::VectorXd norms = column_norms();
    scale_ = linalg::equilibration(norms);
    matrix_norm_ = norms.cwiseProduct(scale_).norm();
    if (!solver_) {  // the matrix itself is scaled: its unknowns are D⁻¹ θ
      a_->scale_columns_in_place(scale_);
      if (penalty_.size() > 0) penalty_ = penalty_.cwiseProduct(scale_);
    }
    n_rows_ = target_.size();
    comm::sum_in_place(a_->comm(), std::span<Index>(&n_rows_, 1));
    target_norm_ = norm_over_ranks(a_->comm(), target_);
  }

  IterativeFit run() {
    const Phase phase("iterate");
    IterativeFit result;
    Eigen::VectorXd x = solver_ ? solver_->coefficients() : Eigen::VectorXd::Zero(a_->cols());
    Standing now = standing(x);
    double before = std::numeric_limits<double>::infinity();
    while (now.backward_error > options_.tolerance && now.backward_error < before / 2.0 &&
           result.iterations < options_.max_iterations) {
      before = now.backward_error;
      const linalg::LsqrResult step =
          linalg::lsqr({*a_, now.residual, penalty_, now.penalty_residual, solver_ ? &change_ : nullptr},
                       {.gradient_below = now.target_gradient,
                        .residual_below = now.target_residual,
                        .ratio_below = solver_ ? 0.0 : options_.tolerance / 2.0 * matrix_norm_,
                        .max_iterations = options_.max_iterations - result.iterations});
      result.iterations += step.iterations;
      const Eigen::VectorXd moved = x + step.x;
      Standing then = standing(moved);
      log::info("LSQR: {} iterations, backward error {:.1e}", result.iterations, then.backward_error);
      if (!(then.backward_error < now.backward_error)) break;  // rounding is all that is left
      x = moved;
      now = std::move(then);
    }
    result.backward_error = now.backward_error;
    const bool may_go_on = result.iterations < options_.max_iterations;
    result.converged = now.backward_error <= options_.tolerance || (may_go_on && now.is_rounded);
    result.fit = make_fit(x, now);
    return result;
  }

private:
  static Eigen::VectorXd make_penalty(Index n_cols, const IterativeOptions& options) {
    if (options.penalty == 0.0) return {};
    Eigen::VectorXd penalty = Eigen::VectorXd::Constant(n_cols, std::sqrt(options.penalty));
    if (options.intercept == Intercept::fitted) penalty(0) = 0.0;
    return penalty;
  }

  /// Of the columns of A above those of the penalty.
  Eigen::VectorXd column_norms() const {
    Eigen::VectorXd norms = a_->column_norms();
    if (penalty_.size() > 0)
      norms = (norms.array().square() + penalty_.array().square()).sqrt().matrix().eval();
    return norms;
  }

  Standing standing(const Eigen::VectorXd& x) const {
    Standing now;
    now.residual = target_ - a_->multiply(x);
    now.gradient = a_->multiply_transposed(now.residual);
    double penalised = 0.0;
    if (penalty_.size() > 0) {
      now.penalty_residual = -penalty_.cwiseProduct(x);
      now.gradient += penalty_.cwiseProduct(now.penalty_residual);
      penalised = now.penalty_residual.norm();
    }
    now.residual_norm = std::hypot(norm_over_ranks(a_->comm(), now.residual), penalised);
    const double x_norm = solver_ ? x.cwiseQuotient(scale_).norm() : x.norm();
    now.target_residual = options_.tolerance / 2.0 * matrix_norm_ * x_norm;
    now.target_gradient = solver_ ? now.target_residual / distortion : 0.0;
    now.backward_error = backward_error(now, x_norm);
    now.is_rounded =
        (solver_ ? now.gradient.cwiseProduct(scale_) : now.gradient).norm() <=
        std::numeric_limits<double>::epsilon() * matrix_norm_ * (matrix_norm_ * x_norm + target_norm_);
    return now;
  }

  double backward_error(const Standing& now, double x_norm) const {
    if (now.residual_norm == 0.0 || matrix_norm_ == 0.0) return 0.0;
    const Eigen::VectorXd scaled = solver_ ? now.gradient.cwiseProduct(scale_) : now.gradient;
    double error = scaled.norm() / now.residual_norm;
    if (x_norm > 0.0) error = std::min(error, now.residual_norm / x_norm);
    if (solver_ && x_norm > 0.0)
      error = std::min(error, distortion * solver_->apply_root_transposed(now.gradient).norm() / x_norm);
    return error / matrix_norm_;
  }

  LinearFit make_fit(const Eigen::VectorXd& x, const Standing& now) const {
    const Eigen::VectorXd all = solver_ ? x : x.cwiseProduct(scale_);
    const Index skip = options_.intercept == Intercept::fitted ? 1 : 0;
    LinearFit fit;
    fit.coefficients = all.tail(all.size() - skip);
    if (skip == 1) {
      fit.intercept_row.emplace();
      fit.intercept = all(0);
    }
    fit.residual_norm = norm_over_ranks(a_->comm(), now.residual);
    fit.rank = (solver_ ? solver_->rank() : all.size()) - skip;
    fit.effective_dof = penalty_.size() > 0 ? unknown : static_cast<double>(fit.rank + skip);
    const double taken =
        fit.effective_dof + (options_.estimator.noise_dof == NoiseDof::n_minus_k_minus_2 ? 2.0 : 0.0);
    fit.dof = static_cast<double>(n_rows_) - taken;
    fit.noise_variance = fit.dof > 0.0 ? fit.residual_norm * fit.residual_norm / fit.dof : unknown;
    if (options_.estimator.alpha) {
      fit.noise_variance = 1.0 / *options_.estimator.alpha;
      fit.noise_is_known = true;
    }
    fit.standard_errors = Eigen::VectorXd::Constant(fit.coefficients.size(), unknown);
    fit.intercept_standard_error = unknown;
    fit.condition = solver_ ? solver_->condition() : unknown;
    fit.algorithm = "lsqr";
    fit.reason = solver_ ? fmt::format("preconditioned by a sketch of {} rows", options_.sketch->n_rows)
                         : "columns scaled by powers of two; the rank is not examined";
    if (solver_) {
      for (const Index column : solver_->dependent_columns())
        if (column >= skip) fit.dependent_columns.push_back(column - skip);
    }
    return fit;
  }

  const IterativeOptions& options_;
  Eigen::VectorXd penalty_;  ///< sqrt(λ) of each unknown, scaled as the matrix is; empty: none
  std::optional<TriangularSolver> solver_;
  linalg::ChangeOfVariables change_;
  std::optional<linalg::RowMatrix> a_;
  Eigen::VectorXd target_;
  Eigen::VectorXd scale_;     ///< D
  double matrix_norm_ = 0.0;  ///< ‖A D‖_F, penalty rows included
  double target_norm_ = 0.0;  ///< ‖b‖
  Index n_rows_ = 0;          ///< of all ranks
};

}  // namespace

IterativeFit fit_iteratively(RowSet rows, const linalg::ProcessGrid& grid, const IterativeOptions& options) {
  return Iteration(std::move(rows), grid, options).run();
}

}  // namespace tallfit::estimate
