#include "tallfit/infer/special_functions.hpp"

#include <unsupported/Eigen/SpecialFunctions>

#include <cmath>

namespace tallfit::infer {

namespace {

/// Student's quantile from the normal one in powers of 1 / dof. From 1e4 degrees of freedom on the fifth
/// term is below 1e-13 of the sum for |z| < 6, and the beta function of so large a parameter loses digits.
/// @see Abramowitz and Stegun 26.7.5
double from_normal(double z, double dof) {
  const double s = z * z;
  const double g1 = (s + 1.0) / 4.0;
  const double g2 = ((5.0 * s + 16.0) * s + 3.0) / 96.0;
  const double g3 = (((3.0 * s + 19.0) * s + 17.0) * s - 15.0) / 384.0;
  const double g4 = ((((79.0 * s + 776.0) * s + 1482.0) * s - 1920.0) * s - 945.0) / 92160.0;
  return z * (1.0 + (g1 + (g2 + (g3 + g4 / dof) / dof) / dof) / dof);
}

}  // namespace

double normal_quantile(double p) { return Eigen::numext::ndtri(p); }

double beta_quantile(double p, double a, double b) {
  double low = 0.0;
  double high = 1.0;
  while (true) {
    const double middle = 0.5 * (low + high);
    if (middle <= low || middle >= high) return middle;
    (Eigen::numext::betainc(a, b, middle) < p ? low : high) = middle;
    if (high - low <= 1e-16 * high) return middle;
  }
}

double student_quantile(double p, double dof) {
  if (p < 0.5) return -student_quantile(1.0 - p, dof);
  return p == 0.5 ? 0.0 : central_quantile(2.0 * p - 1.0, dof);
}

double central_quantile(double level, double dof) {
  constexpr double many = 1e4;
  if (std::isinf(dof)) return normal_quantile(0.5 + 0.5 * level);
  if (dof > many) return from_normal(normal_quantile(0.5 + 0.5 * level), dof);
  // t² / (dof + t²) is of Beta(1/2, dof / 2), and the rest of Beta(dof / 2, 1/2): the smaller has all digits.
  const double part = beta_quantile(level, 0.5, 0.5 * dof);
  if (part < 0.5) return std::sqrt(dof * part / (1.0 - part));
  const double rest = beta_quantile(1.0 - level, 0.5 * dof, 0.5);
  return std::sqrt(dof * (1.0 - rest) / rest);
}

}  // namespace tallfit::infer
