#include "tallfit/infer/scale_prior.hpp"

#include <fmt/format.h>

#include <cmath>

namespace tallfit::infer {

namespace {

/// (s / S)² without overflow where it is of no more interest.
double relative_square(double log_s, double scale) { return std::exp(2.0 * (log_s - std::log(scale))); }

}  // namespace

double ScalePrior::log_density(double log_s) const {
  switch (kind) {
    case ScalePriorKind::log_flat:
      return 0.0;
    case ScalePriorKind::flat:
      return log_s;
    case ScalePriorKind::half_cauchy:
      return log_s - std::log1p(relative_square(log_s, scale));
    case ScalePriorKind::half_normal:
      return log_s - 0.5 * relative_square(log_s, scale);
  }
  return 0.0;
}

double ScalePrior::slope(double log_s) const {
  const double square = relative_square(log_s, scale);
  switch (kind) {
    case ScalePriorKind::log_flat:
      return 0.0;
    case ScalePriorKind::flat:
      return 1.0;
    case ScalePriorKind::half_cauchy:
      return 1.0 - 2.0 / (1.0 + 1.0 / square);
    case ScalePriorKind::half_normal:
      return 1.0 - square;
  }
  return 0.0;
}

std::string ScalePrior::describe() const {
  switch (kind) {
    case ScalePriorKind::log_flat:
      return "1/s";
    case ScalePriorKind::flat:
      return "flat";
    case ScalePriorKind::half_cauchy:
      return fmt::format("half-Cauchy of scale {:.6g}", scale);
    case ScalePriorKind::half_normal:
      return fmt::format("half-normal of scale {:.6g}", scale);
  }
  return {};
}

}  // namespace tallfit::infer
