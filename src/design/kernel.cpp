#include "tallfit/design/kernel.hpp"

#include <cmath>

#include "tallfit/base/error.hpp"

namespace tallfit::design {

namespace {

/// A stationary kernel of r², and g = -k'(r) / r, so that ∂k/∂ln l_d = g Δ_d².
struct Radial {
  double value = 0.0;
  double fall = 0.0;
};

Radial radial(const Kernel& kernel, double r2) {
  if (kernel.shape == KernelShape::rbf) {
    const double value = std::exp(-0.5 * r2);
    return {value, value};
  }
  const double r = std::sqrt(r2);
  if (kernel.nu == 0.5) {
    const double value = std::exp(-r);
    return {value, r > 0.0 ? value / r : 0.0};  // Δ² / r is 0 where the points meet
  }
  const double s = std::sqrt(2.0 * kernel.nu) * r;
  const double decay = std::exp(-s);
  if (kernel.nu == 1.5) return {(1.0 + s) * decay, 3.0 * decay};
  return {(1.0 + s + s * s / 3.0) * decay, 5.0 / 3.0 * (1.0 + s) * decay};
}

double polynomial(const Kernel& kernel, double product) {
  return std::pow(kernel.sigma_0 * kernel.sigma_0 + product, static_cast<double>(kernel.degree));
}

}  // namespace

void require_valid(const Kernel& kernel) {
  for (const double length : kernel.length_scale)
    require(length > 0.0 && std::isfinite(length), ErrorKind::input,
            "kernel.length_scale = {}: expected finite numbers > 0", length);
  require(kernel.shape != KernelShape::matern || kernel.nu == 0.5 || kernel.nu == 1.5 || kernel.nu == 2.5,
          ErrorKind::input, "kernel.nu = {}: expected 0.5, 1.5 or 2.5", kernel.nu);
  require(kernel.shape != KernelShape::polynomial || kernel.degree >= 1, ErrorKind::input,
          "kernel.degree = {}: expected a number >= 1", kernel.degree);
  require(kernel.shape != KernelShape::polynomial || (kernel.sigma_0 >= 0.0 && std::isfinite(kernel.sigma_0)),
          ErrorKind::input, "kernel.sigma_0 = {}: expected a finite number >= 0", kernel.sigma_0);
}

void kernel_values(const Kernel& kernel, const Eigen::MatrixXd& points, const double* x,
                   Eigen::Ref<Eigen::VectorXd> values) {
  values.setZero();
  if (!kernel.is_stationary()) {
    for (Index d = 0; d < points.cols(); ++d) values += x[d] * points.col(d);
    for (double& value : values) value = polynomial(kernel, value);
    return;
  }
  for (Index d = 0; d < points.cols(); ++d) values.array() += (points.col(d).array() - x[d]).square();
  for (double& value : values) value = radial(kernel, value).value;
}

double kernel_variance(const Kernel& kernel, const double* x) {
  if (kernel.is_stationary()) return 1.0;
  double product = 0.0;
  for (Index d = 0; d < kernel.length_scale.size(); ++d) product += x[d] * x[d];
  return polynomial(kernel, product);
}

void kernel_slopes(const Kernel& kernel, const double* x, const double* z, KernelSlopes& slopes) {
  const Index n = slopes.by_length.size();
  const Eigen::Map<const Eigen::ArrayXd> a(x, n);
  const Eigen::Map<const Eigen::ArrayXd> b(z, n);
  if (kernel.is_stationary()) {
    slopes.by_length = (a - b).square();
    const Radial at = radial(kernel, slopes.by_length.sum());
    slopes.value = at.value;
    slopes.by_length *= at.fall;
    slopes.by_sigma_0 = 0.0;
    return;
  }
  const double sigma2 = kernel.sigma_0 * kernel.sigma_0;
  slopes.by_length = a * b;
  const double base = sigma2 + slopes.by_length.sum();
  const auto degree = static_cast<double>(kernel.degree);
  const double rise = degree * std::pow(base, degree - 1.0);
  slopes.value = std::pow(base, degree);
  slopes.by_length *= -2.0 * rise;
  slopes.by_sigma_0 = 2.0 * sigma2 * rise;
}

}  // namespace tallfit::design
