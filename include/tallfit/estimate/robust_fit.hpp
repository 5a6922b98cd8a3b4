/// Fits by losses other than squares, which need the rows again for every step.
#pragma once

#include "tallfit/compress/cell_plan.hpp"
#include "tallfit/compress/checkpoint.hpp"
#include "tallfit/compress/row_layout.hpp"
#include "tallfit/estimate/estimator.hpp"
#include "tallfit/estimate/robust_loss.hpp"

namespace tallfit::estimate {

/// What a robust fit may be told. Names are scikit-learn's where it has them.
struct RobustOptions {
  RobustKind kind = RobustKind::huber;
  double epsilon = 1.35;  ///< > 1: of huber, beyond how many scales a residual counts linearly
  double nu = 4.0;        ///< > 0: degrees of freedom of student_t
  double lambda = 1e-4;   ///< of huber: penalty λ ‖θ‖²
  double scale = 0.0;     ///< > 0: fixed; 0: estimated with the coefficients. laplace has none
  double tol = 1e-10;
  Index max_iter = 10000;  ///< passes over the rows
  NoiseDof noise_dof = NoiseDof::n_minus_k;
  TriangularSolver::Options solver = {};

  RobustLoss loss() const { return {kind, kind == RobustKind::huber ? epsilon : nu}; }
  double penalty() const { return kind == RobustKind::huber ? lambda : 0.0; }
  EstimatorOptions uncertainty() const { return {.noise_dof = noise_dof, .solver = solver}; }
  bool estimates_scale() const { return kind != RobustKind::laplace && scale == 0.0; }
};

/// @throws Error{input} naming the key of an option out of range.
void require_valid(const RobustOptions& options);

/// "sum w^2 (s + H(r / s) s) + lambda ||theta||^2, ...", for fit.json.
std::string objective(const RobustOptions& options);

/// The rows of a robust fit and how they are folded.
struct RobustRows {
  design::RowSource& source;
  const compress::RowLayout& layout;
  const compress::CellPlan& cells;  ///< in which they are folded, those of the first pass
  const comm::Communicator& comm;
  Index block_bytes;
  compress::Checkpoint* checkpoint = nullptr;  ///< where passes are saved; none: nowhere
};

/// Minimises Σ w² ρ(b - A θ - c, s) + λ ‖θ‖² over θ, c and, unless it is fixed, s; the sum is over training
/// rows.
///
/// A row of scale w counts as w² rows: scikit-learn's sample_weight is w². Each step is one pass over the
/// rows, which sums the gradient, folds the rows scaled by w sqrt(ω) into a factor R, never a Gram matrix,
/// and evaluates the objective at ten lengths of the step before. The next step solves with RᵀR. With ω =
/// ρ_rr that is Newton's (semismooth, so that it ends when the rows beyond ε s are known), with ω = ρ_r / r
/// that of iteratively reweighted least squares; ω = max(ρ_rr, μ ρ_r / r) has a μ that falls as long as whole
/// steps lower the objective and rises when one does not, so that the objective never increases beyond
/// rounding. Where ρ_rr < 0 (student_t beyond sqrt(ν) s) convergence is linear, with a factor of about 1/10.
/// laplace: the smoothing falls to 0 along the path of its solutions, of which each gives a solution of the
/// dual problem, and ends when the duality gap is below tol of the objective.
///
/// It has converged when the Newton decrement, sqrt(δᵀ H δ), is below tol of the root of the objective. Sums
/// follow the leaves and factors their tree: the bits do not depend on the number of ranks.
/// Standard errors: Huber's asymptotic covariance, κ² [Σ w² ρ_r² / (N - p)] / [Σ w² ρ_rr / Σ w²]² (AᵀW²A)⁻¹;
/// that of laplace needs the density of the errors at 0 and is NaN.
/// Cost of a pass: 2 N K² / P flops, one merge of factors, K³ on rank 0, a gather of leaves x 2 K numbers.
/// @collective over rows.comm
///
/// @param system  on rank 0: of the training rows as they are; null elsewhere
/// @return        coefficients on every rank, the rest on rank 0
/// @throws Error{input} as require_valid(), and for rows that are not finite.
/// @see Huber, Robust Statistics (1981), 7.6 to 7.8; Madsen and Nielsen, SIAM J. Optim. 3 (1993) 223
LinearFit fit_robust(const RobustRows& rows, const LeastSquaresSystem* system, Intercept intercept,
                     const RobustOptions& options);

}  // namespace tallfit::estimate
