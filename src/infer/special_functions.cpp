#include "special_functions.hpp"

#include <unsupported/Eigen/SpecialFunctions>

#include <cmath>

namespace tallfit::infer {

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

}  // namespace tallfit::infer
