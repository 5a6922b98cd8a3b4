/// Inducing points of a Gaussian process, and what turns covariances with them into features.
#pragma once

#include <Eigen/Core>

#include <string>
#include <vector>

#include "tallfit/design/kernel.hpp"

namespace tallfit::design {

/// Points Z and a lower triangular L: a row of descriptors x becomes φ(x) = L⁻¹ k(Z, x).
///
/// With L Lᵀ = k(Z, Z) a Gaussian process of covariance k is, seen from Z, f(x) = φ(x) v with independent v
/// of variance 1, and ‖φ(x)‖² <= k(x, x); what is missing is the variance of f(x) once f(Z) is known. With L
/// Lᵀ = k(Z, Z) + noise it is the variance once noisy values at Z are known.
struct KernelBasis {
  Kernel kernel;
  std::vector<std::string> column_names;  ///< of the descriptors
  Eigen::MatrixXd points;                 ///< Z / l, M x D
  Eigen::MatrixXd factor;                 ///< L, M x M

  Index size() const { return points.rows(); }
};

/// Chooses up to @p most of the candidates, each the one of the largest variance once f is known at those
/// before it, and ends where no variance is left but rounding, M ε of the largest: copies, and points that
/// the others determine, are left out, so that L needs no jitter.
///
/// Pivoted Cholesky decomposition: L is a part of it. Cost: S most² flops, S most numbers for S candidates.
/// Local.
/// @param candidates  S x D, in units of the descriptors
/// @throws Error{input} where the kernel is not valid
/// @see Harbrecht, Peters, Schneider, Appl. Numer. Math. 62 (2012) 428
KernelBasis choose_basis(const Kernel& kernel, const Eigen::MatrixXd& candidates, Index most);

}  // namespace tallfit::design
