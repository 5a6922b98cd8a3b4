/// What a point of a lasso path is as a fit. Private to the layer.
#pragma once

#include <vector>

#include "tallfit/estimate/candidates.hpp"
#include "tallfit/estimate/lasso_path.hpp"
#include "tallfit/estimate/support_fit.hpp"

namespace tallfit::estimate {

CoordinateDescent::Options descent_options(const EstimatorOptions& options);

/// The columns of a point, with what pulls them.
Support support_of(const LassoPath& path, const LassoPoint& point);

/// tr(H) beside the intercept: the number of coefficients, less with a square part. @collective
double degrees_of_freedom(const LeastSquaresSystem& system, const LassoPath& path, const LassoPoint& point,
                          const EstimatorOptions& options);

/// Whether a fit with these options is a point of a path: `lasso` or `elastic_net` with an absolute-value
/// penalty.
bool is_on_lasso_path(const std::string& estimator, const EstimatorOptions& options);

/// A candidate, fitted.
struct LassoCandidate {
  Index number = 0;
  LassoPoint point;
  double effective_dof = 0.0;
};

/// Fits those candidates that are on a path: λ in decreasing order, each from where the last one ended, for
/// each choice of the other options. Cost: LassoPath::descend()'s. @collective over the grid of the system
std::vector<LassoCandidate> fit_along_paths(const LeastSquaresSystem& system, const Candidates& candidates);

}  // namespace tallfit::estimate
