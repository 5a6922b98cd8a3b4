#include "tallfit/infer/noise_density.hpp"

#include <array>
#include <cmath>
#include <numbers>

#include "tallfit/base/numeric.hpp"

namespace tallfit::infer {

namespace {

/// Σ ln(1 + z²/ν). A logarithm costs as much as 20 products, so it is taken of products of many factors; four
/// at a time, for one product would wait for the other. Rounding: N ulp at most.
double sum_of_logs(const Eigen::Ref<const Eigen::VectorXd>& z, double nu) {
  constexpr Index lanes = 4;
  constexpr double large = 1e150;  // the next factor, z² ν⁻¹ of a finite z² at most 1e150, still fits
  std::array<double, lanes> products = {1.0, 1.0, 1.0, 1.0};
  const double over_nu = 1.0 / nu;
  double sum = 0.0;
  Index i = 0;
  for (; i + lanes <= z.size(); i += lanes) {
    double largest = 0.0;
    for (Index l = 0; l < lanes; ++l) {
      double& product = products[static_cast<std::size_t>(l)];
      product *= 1.0 + z(i + l) * z(i + l) * over_nu;
      largest = product > largest ? product : largest;
    }
    if (!(largest > large)) continue;
    for (double& product : products) {
      sum += std::log(product);
      product = 1.0;
    }
  }
  for (; i < z.size(); ++i) sum += std::log1p(z(i) * z(i) * over_nu);
  for (const double product : products) sum += std::log(product);
  return sum;
}

double sum_of_huber(const Eigen::Ref<const Eigen::VectorXd>& z, double epsilon) {
  // z²/2 - (|z| - ε)₊²/2 is both branches in one
  const auto beyond = (z.array().abs() - epsilon).max(0.0);
  return 0.5 * (z.array().square() - beyond.square()).sum();
}

}  // namespace

double NoiseDensity::cost(const Eigen::Ref<const Eigen::VectorXd>& z) const {
  return kind == NoiseKind::student_t ? 0.5 * (constant + 1.0) * sum_of_logs(z, constant)
                                      : sum_of_huber(z, constant);
}

double NoiseDensity::log_normaliser() const {
  constexpr double pi = std::numbers::pi;
  if (kind == NoiseKind::student_t)
    return std::lgamma(0.5 * (constant + 1.0)) - std::lgamma(0.5 * constant) - 0.5 * std::log(constant * pi);
  return -std::log(std::sqrt(2.0 * pi) * std::erf(constant / std::numbers::sqrt2) +
                   2.0 * std::exp(-0.5 * constant * constant) / constant);
}

Eigen::VectorXd NoiseDensity::slopes(const Eigen::VectorXd& z) const {
  if (kind == NoiseKind::huber) return z.array().max(-constant).min(constant);
  return (constant + 1.0) * z.array() / (constant + z.array().square());
}

}  // namespace tallfit::infer
