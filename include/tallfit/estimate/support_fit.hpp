/// A fit of the columns that some rule has chosen.
#pragma once

#include <Eigen/Core>

#include <vector>

#include "tallfit/estimate/estimator.hpp"

namespace tallfit::estimate {

/// What a rule has chosen: columns, and what pulls their coefficients.
struct Support {
  std::vector<Index> columns;
  Eigen::VectorXd gradient = {};  ///< of the absolute-value penalty, with its sign; empty: none
  double square = 0.0;            ///< λ of λ ‖θ‖²
};

/// The coefficients that solve (RᵀR + square I) θ = Rᵀz - gradient on the support, by QR of its columns; 0
/// elsewhere.
///
/// Standard errors are those of this linear map, support and signs held as they are: what the choice itself
/// varies is not in them. Coefficients that were not chosen have standard errors of 0. The number of
/// coefficients that the data determine is tr(H): the size of the support where square = 0.
/// Cost: select_columns() and fit_quadratic(). @collective over the grid
/// @see Zou, Hastie, Tibshirani, Ann. Statist. 35 (2007) 2173 (degrees of freedom)
LinearFit fit_support(const LeastSquaresSystem& system, const Support& support,
                      const EstimatorOptions& options);

}  // namespace tallfit::estimate
