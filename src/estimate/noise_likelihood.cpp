#include "tallfit/estimate/noise_likelihood.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace tallfit::estimate {

double profile_log_likelihood(double rho, Index n_rows, double log_determinant) {
  const auto n = static_cast<double>(n_rows);
  return -0.5 * n * (std::log(2.0 * std::numbers::pi * rho * rho / n) + 1.0) - 0.5 * log_determinant;
}

namespace {

/// A place and its value.
struct Probe {
  double at = 0.0;
  double value = std::numeric_limits<double>::infinity();
};

/// The step of the parabola through three probes, from the best of them; 0 where there is none.
double parabola_step(const Probe& best, const Probe& second, const Probe& third) {
  const double r = (best.at - second.at) * (best.value - third.value);
  const double q = (best.at - third.at) * (best.value - second.value);
  const double denominator = 2.0 * (q - r);
  if (denominator == 0.0) return 0.0;
  return -((best.at - third.at) * q - (best.at - second.at) * r) / denominator;
}

double brent(const std::function<double(double)>& f, double low, double high, double tolerance, Probe best) {
  constexpr double golden = 0.3819660112501051;
  Probe second = best;
  Probe third = best;
  double step = 0.0;
  double before_last = 0.0;
  for (int i = 0; i < 100; ++i) {
    const double middle = 0.5 * (low + high);
    if (std::abs(best.at - middle) <= 2.0 * tolerance - 0.5 * (high - low)) break;
    double next = parabola_step(best, second, third);
    const double trial = best.at + next;
    const bool takes_parabola =
        next != 0.0 && std::abs(next) < 0.5 * std::abs(before_last) && trial > low && trial < high;
    before_last = step;
    if (!takes_parabola) {
      before_last = best.at < middle ? high - best.at : low - best.at;
      next = golden * before_last;
    }
    step = std::abs(next) >= tolerance ? next : std::copysign(tolerance, next);
    const Probe probe{best.at + step, f(best.at + step)};
    if (probe.value <= best.value) {
      (probe.at < best.at ? high : low) = best.at;
      third = second;
      second = best;
      best = probe;
      continue;
    }
    (probe.at < best.at ? low : high) = probe.at;
    if (probe.value <= second.value || second.at == best.at) {
      third = second;
      second = probe;
    } else if (probe.value <= third.value || third.at == best.at || third.at == second.at) {
      third = probe;
    }
  }
  return best.at;
}

}  // namespace

double minimise(const std::function<double(double)>& f, const SearchInterval& interval) {
  const double step = (interval.high - interval.low) / (interval.points - 1);
  const auto at = [&](int i) { return i == interval.points - 1 ? interval.high : interval.low + step * i; };
  Probe best;
  int place = 0;
  for (int i = 0; i < interval.points; ++i) {
    const Probe probe{at(i), f(at(i))};
    if (probe.value >= best.value) continue;
    best = probe;
    place = i;
  }
  return brent(f, at(std::max(0, place - 1)), at(std::min(interval.points - 1, place + 1)),
               interval.tolerance, best);
}

}  // namespace tallfit::estimate
