/// From options to a search for relevant columns, and from its optimum to a fit.
#pragma once

#include "tallfit/estimate/relevance_search.hpp"

namespace tallfit::estimate {

/// How strong the prior of the variances is.
enum class VariancePrior {
  flat,    ///< automatic relevance determination
  laplace  ///< exp(-κ γ_j / 2): coefficients have a Laplace prior
};

/// The fit of greatest evidence. Coefficients and covariances are those of [R_S; sqrt(λ / α)] by QR over the
/// columns S that are left, on the user's scale.
/// Cost: ascend() from one start or two, then select_columns(). @collective over the grid
LinearFit fit_relevant(const LeastSquaresSystem& system, const EstimatorOptions& options,
                       VariancePrior prior);

}  // namespace tallfit::estimate
