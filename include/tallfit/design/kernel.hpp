/// Covariance functions of descriptors.
#pragma once

#include <Eigen/Core>

#include "tallfit/base/numeric.hpp"

namespace tallfit::design {

enum class KernelShape { rbf, matern, polynomial };

/// k(x, z) of variance 1, scikit-learn's names. With Δ_d = (x_d - z_d) / l_d and r = ‖Δ‖:
///
///   rbf         exp(-r² / 2)
///   matern      exp(-r), (1 + √3 r) exp(-√3 r), (1 + √5 r + 5 r²/3) exp(-√5 r)   for nu = 0.5, 1.5, 2.5
///   polynomial  (σ₀² + Σ x_d z_d / l_d²)^degree
///
/// @see Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), section 4.2
struct Kernel {
  KernelShape shape = KernelShape::rbf;
  Eigen::VectorXd length_scale;  ///< l, one for each descriptor
  double nu = 1.5;               ///< of matern
  Index degree = 2;              ///< of polynomial
  double sigma_0 = 1.0;          ///< of polynomial

  bool is_stationary() const { return shape != KernelShape::polynomial; }
};

/// @throws Error{input} naming the parameter that is out of range, as a key of [kernel]
void require_valid(const Kernel& kernel);

/// k of a point and each of M points, all of them divided by the length scales already.
///
/// Differences are taken before they are squared, so that near points keep their digits; each value depends
/// on its two points alone, to the last bit.
/// Cost: 3 D M flops and M exponentials. Local.
/// @param points  M x D; @param x  D; @param values  M, overwritten
void kernel_values(const Kernel& kernel, const Eigen::MatrixXd& points, const double* x,
                   Eigen::Ref<Eigen::VectorXd> values);

/// k(x, x) of a point that is divided by the length scales. Local.
double kernel_variance(const Kernel& kernel, const double* x);

/// k(x, z) and its derivatives by the logarithms of the parameters, of points divided by the length scales.
struct KernelSlopes {
  double value = 0.0;
  Eigen::VectorXd by_length;  ///< ∂k/∂ln l_d
  double by_sigma_0 = 0.0;    ///< ∂k/∂ln σ₀
};

/// Cost: O(D). Local. @param x, z  D; @param slopes  its vector has D entries already
void kernel_slopes(const Kernel& kernel, const double* x, const double* z, KernelSlopes& slopes);

}  // namespace tallfit::design
