/// A fit by normal equations that gets its digits back from the rows.
#pragma once

#include "tallfit/estimate/estimator.hpp"
#include "tallfit/estimate/grid_system.hpp"

namespace tallfit::estimate {

/// The system that was solved, and the fit after its corrections.
struct NormalFit {
  LeastSquaresSystem system;
  LinearFit fit;
};

/// Fits the system of normal_system() and corrects the fit in two passes over the rows (refine()).
///
/// With columns of equal norms and condition κ the factor alone leaves an error of κ² ε; the corrections
/// leave that of QR while κ is below 1e6. The fit says its algorithm and its condition estimate. Cost: N K² /
/// P flops, and two passes of 4 N K double-double operations. @collective over grid.comm()
/// @throws as normal_system() and refine().
/// @see Björck, Linear Algebra Appl. 88/89 (1987) 31 (corrected semi-normal equations)
NormalFit fit_normal_equations(const GridRows& rows, const linalg::ProcessGrid& grid, Intercept intercept,
                               const Estimator& estimator, const EstimatorOptions& options);

}  // namespace tallfit::estimate
