#include "tallfit/estimate/robust_loss.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tallfit/base/error.hpp"

namespace tallfit::estimate {

namespace {

LossTerms huber_terms(double r, double s, double epsilon) {
  const double size = std::abs(r);
  if (size < epsilon * s) {
    const double part = r * r / s;
    return {.value = s + part,
            .slope = 2.0 * r / s,
            .curvature = 2.0 / s,
            .majorant = 2.0 / s,
            .scale_slope = s - part,
            .cross = -2.0 * r / s,
            .scale_curvature = s + part};
  }
  const double flat = s * (1.0 - epsilon * epsilon);
  return {.value = flat + 2.0 * epsilon * size,
          .slope = std::copysign(2.0 * epsilon, r),
          .curvature = 0.0,
          .majorant = 2.0 * epsilon / size,
          .scale_slope = flat,
          .cross = 0.0,
          .scale_curvature = flat};
}

LossTerms student_terms(double r, double s, double nu) {
  const double spread = nu * s * s;
  const double sum = spread + r * r;
  const double tail = r * r / sum;
  return {.value = 0.5 * (nu + 1.0) * std::log1p(r * r / spread) + std::log(s),
          .slope = (nu + 1.0) * r / sum,
          .curvature = (nu + 1.0) * (spread - r * r) / (sum * sum),
          .majorant = (nu + 1.0) / sum,
          .scale_slope = 1.0 - (nu + 1.0) * tail,
          .cross = -2.0 * (nu + 1.0) * spread * r / (sum * sum),
          .scale_curvature = 2.0 * (nu + 1.0) * tail * (spread / sum)};
}

LossTerms laplace_terms(double r, double s) {
  const double size = std::abs(r);
  if (size < s)
    return {.value = 0.5 * (r * r / s + s),
            .slope = r / s,
            .curvature = 1.0 / s,
            .majorant = 1.0 / s,
            .cross = -r / s};
  return {.value = size, .slope = std::copysign(1.0, r), .majorant = 1.0 / size};
}

}  // namespace

double RobustLoss::value(double residual, double scale) const {
  const double size = std::abs(residual);
  switch (kind_) {
    case RobustKind::huber:
      return size < constant_ * scale ? scale + residual * residual / scale
                                      : scale * (1.0 - constant_ * constant_) + 2.0 * constant_ * size;
    case RobustKind::student_t:
      return 0.5 * (constant_ + 1.0) * std::log1p(residual * residual / (constant_ * scale * scale)) +
             std::log(scale);
    case RobustKind::laplace:
      break;
  }
  return size < scale ? 0.5 * (residual * residual / scale + scale) : size;
}

LossTerms RobustLoss::terms(double residual, double scale) const {
  switch (kind_) {
    case RobustKind::huber:
      return huber_terms(residual, scale, constant_);
    case RobustKind::student_t:
      return student_terms(residual, scale, constant_);
    case RobustKind::laplace:
      break;
  }
  return laplace_terms(residual, scale);
}

double RobustLoss::row_weight(double residual, double scale) const {
  const double size = std::abs(residual) / scale;
  switch (kind_) {
    case RobustKind::huber:
      return size > constant_ ? constant_ / size : 1.0;
    case RobustKind::student_t:
      return (constant_ + 1.0) / (constant_ + size * size);
    case RobustKind::laplace:
      break;
  }
  constexpr double touched = 1e-10;  // rows that the fit goes through have residuals of rounding only
  return 1.0 / std::max(size, touched);
}

double huber_scale_of_gaussian(double epsilon) {
  const auto excess = [=](double s) {
    const double bend = epsilon * s;
    const double within = std::erf(bend / std::numbers::sqrt2);
    const double density = std::exp(-0.5 * bend * bend) / std::sqrt(2.0 * std::numbers::pi);
    return (within - 2.0 * bend * density) / (s * s) + epsilon * epsilon * (1.0 - within) - 1.0;
  };
  double low = 0.0;
  double high = 1.0;  // E min(z², ε²) < 1
  while (true) {
    const double middle = 0.5 * (low + high);
    if (middle == low || middle == high) return middle;
    (excess(middle) > 0.0 ? low : high) = middle;
  }
}

const std::vector<std::string>& robust_names() {
  static const std::vector<std::string> names = {"huber", "student_t", "laplace"};
  return names;
}

bool is_robust(const std::string& estimator) {
  const std::vector<std::string>& names = robust_names();
  return std::find(names.begin(), names.end(), estimator) != names.end();
}

RobustKind robust_kind(const std::string& name) {
  if (name == "huber") return RobustKind::huber;
  if (name == "student_t") return RobustKind::student_t;
  require(name == "laplace", ErrorKind::bug, "'{}' is no robust loss", name);
  return RobustKind::laplace;
}

}  // namespace tallfit::estimate
