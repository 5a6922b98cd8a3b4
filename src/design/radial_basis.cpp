#include "tallfit/design/radial_basis.hpp"

#include <cmath>

namespace tallfit::design {

void RadialBasis::evaluate(double r, std::span<double> values, std::span<double> slopes) const {
  const double at_inner = std::exp(-inner / decay);
  const double at_cutoff = std::exp(-cutoff / decay);
  const double here = std::exp(-r / decay);
  const double x = 2.0 * (here - at_cutoff) / (at_inner - at_cutoff) - 1.0;
  const double x_slope = -2.0 * here / (decay * (at_inner - at_cutoff));
  const double left = 1.0 - r / cutoff;
  const double fade = left * left * left;
  const double fade_slope = -3.0 * left * left / cutoff;

  // T_{n+1} = 2 x T_n - T_{n-1}, started from T_{-1} = T_1 = x, and the same recurrence differentiated by x.
  double t = 1.0;
  double t_before = x;
  double dt = 0.0;
  double dt_before = 1.0;
  for (std::size_t n = 0; n < values.size(); ++n) {
    values[n] = t * fade;
    slopes[n] = dt * x_slope * fade + t * fade_slope;
    const double t_next = 2.0 * x * t - t_before;
    const double dt_next = 2.0 * t + 2.0 * x * dt - dt_before;
    t_before = t;
    dt_before = dt;
    t = t_next;
    dt = dt_next;
  }
}

}  // namespace tallfit::design
