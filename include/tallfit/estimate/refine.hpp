/// Iterative refinement of a fit with extended-precision residuals from the rows.
#pragma once

#include "tallfit/compress/checkpoint.hpp"
#include "tallfit/compress/row_layout.hpp"
#include "tallfit/estimate/estimator.hpp"

namespace tallfit::estimate {

/// What a refinement did.
struct Refinement {
  int passes = 0;
  bool converged =
      false;  ///< corrections fell below half a unit in the last place, or stopped shrinking there
  double last_correction = 0.0;  ///< largest |δ_j| / |θ_j| of the last pass
};

/// The rows that a refinement reads.
struct RefineRows {
  design::RowSource& source;
  const compress::RowLayout& layout;
  const comm::Communicator& comm;
  Index block_bytes;
  int max_passes = 10;
  compress::Checkpoint* checkpoint = nullptr;  ///< where gradients are saved; none: nowhere
};

/// Corrects θ (and c) until they stop moving, 2 or 3 passes as a rule.
///
///   g = Aᵀ w² (b - A θ - c) - λ θ,   θ <- θ + (RᵀR + λI)⁺ g
///
/// Rows are read unweighted; residual and gradient are accumulated and reduced in double-double, since
/// rounding the residual first would leave sets like Wampler5 at 6 digits, and θ is carried in double-double.
/// The residual norm comes from the last pass, standard errors from it. Sums follow the leaves, so the bits
/// do not depend on the number of ranks. Cost: 4 N K double-double operations a pass; one gather of leaves x
/// K numbers. @collective
///
/// @param fit     on rank 0, or on all ranks where the system's grid spans them: the fit to correct
/// @param system  likewise: the system that was fitted, without penalty
/// @see Björck, Numerical Methods for Least Squares Problems (1996), 2.9 and 6.6.5 (corrected semi-normal
/// equations)
Refinement refine(const RefineRows& rows, LinearFit* fit, const LeastSquaresSystem* system, double lambda,
                  const EstimatorOptions& options);

}  // namespace tallfit::estimate
