/// Least squares without a factor of all rows: LSQR, preconditioned by the factor of a sketch where K x K
/// fits.
#pragma once

#include <optional>

#include "tallfit/estimate/estimator.hpp"
#include "tallfit/estimate/row_set.hpp"
#include "tallfit/linalg/process_grid.hpp"
#include "tallfit/linalg/sketch.hpp"

namespace tallfit::estimate {

/// What an iterative fit may be told.
struct IterativeOptions {
  EstimatorOptions estimator = {};
  double penalty = 0.0;  ///< λ; it spares the intercept
  Intercept intercept = Intercept::none;
  double tolerance = 1e-14;                                 ///< of the backward error, > 0
  Index max_iterations = 0;                                 ///< > 0
  std::optional<linalg::SketchPlan> sketch = std::nullopt;  ///< none: columns are scaled, no more
};

struct IterativeFit {
  LinearFit fit;  ///< without uncertainties: they need the factor of all rows
  Index iterations = 0;
  double backward_error = 0.0;
  bool converged = false;
};

/// Solves min ‖W (A θ + c - b)‖² + λ ‖θ‖² from rows in memory; every rank gets the whole fit.
///
/// With a sketch: R of the sketch gives a first solution, and LSQR on A R⁻¹ corrects it, of which the
/// condition is about 3 whatever that of A. Without one: LSQR on the columns scaled by powers of two, or with
/// PETSc's preconditioner where -pc_type is set. Each time LSQR stops, the true residual is computed, and if
/// its backward error is too large, LSQR starts again from there: without that the digits of an
/// ill-conditioned problem stagnate.
///
/// The backward error is the size of the smallest change of the equilibrated columns A D, relative to
/// ‖A D‖_F, for which the solution is known to be exact: the least of ‖D Aᵀr‖ / ‖r‖, ‖r‖ / ‖D⁻¹θ‖ and, with
/// a sketch, 3/2 ‖R⁻ᵀ Aᵀ r‖ / ‖D⁻¹θ‖; penalty rows belong to A. Without a sketch none of them may show that a
/// solution with a small residual is as good as rounding lets it be; so an iteration that no longer improves
/// has also converged where ‖D Aᵀr‖ <= ε ‖A D‖_F (‖A D‖_F ‖D⁻¹θ‖ + ‖b‖), which rounding of r explains.
///
/// Where the rank is deficient the solution has the smallest norm: with a sketch that of (c, θ), without one
/// that of the scaled coefficients. Cost of an iteration: 4 flops an entry of A, 2 K² / P with a sketch.
/// @collective over grid.comm()
/// @see Stewart, SIAM Rev. 19 (1977) 634 (the errors); Rokhlin and Tygert, PNAS 105 (2008) 13212 (the
/// sketch); Epperly, Meier, Nakatsukasa, arXiv:2406.03468 (the restart).
IterativeFit fit_iteratively(RowSet rows, const linalg::ProcessGrid& grid, const IterativeOptions& options);

}  // namespace tallfit::estimate
