#include "tallfit/estimate/evidence.hpp"

#include <cmath>
#include <numbers>

namespace tallfit::estimate {

namespace {

/// Slope and curvature of the evidence in t = ln λ.
struct Derivatives {
  double first = 0.0;
  double second = 0.0;
};

Derivatives derivatives(const RidgeSpectrum& spectrum, double n, double lambda) {
  const Eigen::ArrayXd e = spectrum.values.array().square();
  const Eigen::ArrayXd kept = e / (e + lambda);  // dln(λ/(λ+e))/dt
  const Eigen::ArrayXd u2 = spectrum.projected.array().square();
  const double q = spectrum.rho * spectrum.rho + (u2 * (1.0 - kept)).sum();
  const double dq = (u2 * kept * (1.0 - kept)).sum();
  const double ddq = (u2 * kept * (1.0 - kept) * (2.0 * kept - 1.0)).sum();
  return {.first = 0.5 * (kept.sum() - n * dq / q),
          .second = 0.5 * (-(kept * (1.0 - kept)).sum() - n * (ddq / q - dq * dq / (q * q)))};
}

/// Newton's method for a slope of zero between two points where it is positive and negative; it halves the
/// interval where Newton would leave it.
double root_of_slope(const RidgeSpectrum& spectrum, double n, double low, double high) {
  double t = 0.5 * (low + high);
  for (int round = 0; round < 200 && high - low > 1e-13 * (1.0 + std::abs(t)); ++round) {
    const Derivatives at = derivatives(spectrum, n, std::exp(t));
    (at.first > 0.0 ? low : high) = t;
    const double newton = t - at.first / at.second;
    const double next = at.second < 0.0 && newton > low && newton < high ? newton : 0.5 * (low + high);
    if (std::abs(next - t) <= 1e-14 * (1.0 + std::abs(t))) return next;
    t = next;
  }
  return t;
}

}  // namespace

double n_observations(const LeastSquaresSystem& system, const EstimatorOptions& options) {
  const double all = options.evidence_rows == EvidenceRows::rows ? static_cast<double>(system.n_rows)
                                                                 : system.sum_of_weights;
  return all - static_cast<double>(system.n_taken_out());
}

RidgeEvidence ridge_evidence(const RidgeSpectrum& spectrum, double n, double lambda) {
  const Eigen::ArrayXd e = spectrum.values.array().square();
  const Eigen::ArrayXd left = lambda / (e + lambda);
  const double q = spectrum.rho * spectrum.rho + (spectrum.projected.array().square() * left).sum();
  // ln(λ / (λ + s²)) as -ln(1 + s²/λ): exact where λ is far above s²
  const double volume = -(e / lambda).log1p().sum();
  return {.log_evidence = 0.5 * (volume + n * std::log(n / (2.0 * std::numbers::pi * q)) - n),
          .noise_precision = n / q};
}

std::optional<double> best_lambda(const RidgeSpectrum& spectrum, double n) {
  const double largest = spectrum.values(0) * spectrum.values(0);
  const double rounding = static_cast<double>(spectrum.values.size()) *
                          std::numeric_limits<double>::epsilon() * spectrum.values(0);
  const auto rank = static_cast<double>((spectrum.values.array() > rounding).count());
  if (!(largest > 0.0) || n <= rank) return std::nullopt;
  // Below ε² s² a penalty changes no bit of the factor; above s² / ε it leaves no coefficient.
  const double low = std::log(largest) - 73.0;
  const double high = std::log(largest) + 37.0;
  constexpr int points = 441;  // a quarter of an e-fold: maxima are wider than one
  const auto at = [&](int i) { return low + (high - low) * i / (points - 1); };
  int best = 0;
  double greatest = -std::numeric_limits<double>::infinity();
  for (int i = 0; i < points; ++i) {
    const double here = ridge_evidence(spectrum, n, std::exp(at(i))).log_evidence;
    if (here > greatest) {
      greatest = here;
      best = i;
    }
  }
  if (best == 0) return std::nullopt;
  if (best == points - 1) return std::exp(high);
  return std::exp(root_of_slope(spectrum, n, at(best - 1), at(best + 1)));
}

}  // namespace tallfit::estimate
