/// Ridge regression for all penalties at once, from one singular value decomposition.
#pragma once

#include <Eigen/Core>

#include "tallfit/estimate/least_squares_system.hpp"

namespace tallfit::estimate {

/// R = U diag(values) Vᵀ and u = Uᵀ z: with it everything that ridge regression asks is a sum of K terms.
///
/// The singular values are those of the user's columns, since the penalty is in the user's units. Each is
/// right to K ε of the largest, so figures of a λ below (K ε values(0))² are those of λ = 0.
struct RidgeSpectrum {
  Eigen::VectorXd values;        ///< K, decreasing
  Eigen::VectorXd projected;     ///< u, K
  linalg::BlockCyclicMatrix vt;  ///< Vᵀ, K x K
  double rho = 0.0;
  Index n_rows = 0;
  Index n_taken_out = 0;  ///< beside θ: the intercept, and free columns

  /// ‖W (A θ + c - b)‖² at the θ of λ. Local; O(K).
  double residual_square(double lambda) const;
  /// ‖θ‖² at λ. Local; O(K).
  double coefficient_square(double lambda) const;
  /// tr(H), of what was taken out as well. Local; O(K).
  double effective_dof(double lambda) const;
  /// θ of λ, on every rank. Cost: 2 K² / P flops. @collective
  Eigen::VectorXd coefficients(double lambda) const;
  /// θ of several λ, a column each: one product. @collective
  Eigen::MatrixXd coefficients(const Eigen::VectorXd& lambdas) const;
};

/// Cost: about 22 K³ / P flops, three K x K matrices. @collective over the grid
RidgeSpectrum ridge_spectrum(const LeastSquaresSystem& system);

/// N RSS / (N - tr H)², generalized cross-validation; infinite where no degrees of freedom are left. O(K).
/// @see Golub, Heath, Wahba, Technometrics 21 (1979) 215
double generalized_cross_validation(const RidgeSpectrum& spectrum, double lambda);

}  // namespace tallfit::estimate
