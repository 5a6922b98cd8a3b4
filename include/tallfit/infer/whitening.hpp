/// Coordinates in which the training rows of a fit have orthonormal columns.
#pragma once

#include <Eigen/Core>

#include "tallfit/comm/communicator.hpp"
#include "tallfit/estimate/estimator.hpp"

namespace tallfit::infer {

/// q = w (a, 1) S with S Sᵀ = ((A, 1)ᵀ W² (A, 1))⁺: over the training rows Σ q qᵀ = I, ‖q‖² is a row's
/// leverage, and (θ, c) + S δ is the model at δ. Of a fit with a penalty λ, S Sᵀ = ((A, 1)ᵀ W² (A, 1) + λ
/// I)⁻¹ and Σ q qᵀ <= I.
struct Whitening {
  Eigen::MatrixXd root;          ///< S, (K + 1) x rank; its last row is the intercept's, 0 without one
  bool is_triangular = false;    ///< its first K rows and columns are an upper triangle
  Eigen::VectorXd coefficients;  ///< θ, at which residuals are taken
  double intercept = 0.0;        ///< c
  double residual_norm = 0.0;    ///< of the weighted training rows

  Index n_coeffs() const { return coefficients.size(); }
  Index rank() const { return root.cols(); }
};

/// Of a fit that has a solver, on rank 0, for every rank. Cost: K³ / 3 flops, a broadcast of K² numbers.
/// @collective
Whitening whitening_of(const estimate::LinearFit& fit, Index n_cols, const comm::Communicator& comm);

/// Q of some rows, a column for each. Cost: K² flops a row where the rank is full, else 2 K rank. Local.
/// @param rows  w a, K x m
/// @param ones  w times what multiplies the intercept, m
Eigen::MatrixXd whitened(const Whitening& whitening, const Eigen::Ref<const Eigen::MatrixXd>& rows,
                         const Eigen::Ref<const Eigen::VectorXd>& ones);

}  // namespace tallfit::infer
