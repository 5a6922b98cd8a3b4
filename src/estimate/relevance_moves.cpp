#include "tallfit/estimate/relevance_moves.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tallfit::estimate {

double best_precision(double s, double q, double rate) {
  const double excess = q * q - s - rate;
  if (!(s > 0.0) || !(excess > 0.0)) return std::numeric_limits<double>::infinity();
  return s * (std::sqrt(s * s + 4.0 * rate * q * q) + s + 2.0 * rate) / (2.0 * excess);
}

double contribution(double s, double q, double precision, double rate) {
  if (!std::isfinite(precision)) return 0.0;
  return 0.5 * (q * q / (precision + s) - std::log1p(s / precision) - rate / precision);
}

std::vector<RelevanceMove> gaining_moves(const RelevancePosterior& posterior, const Relevance& relevance,
                                         double rate) {
  std::vector<RelevanceMove> moves;
  for (Index j = 0; j < relevance.precisions.size(); ++j) {
    const double s = posterior.sparsity(j);
    const double q = posterior.quality(j);
    const double now = relevance.precisions(j);
    const double best = best_precision(s, q, rate);
    if (std::isfinite(now) == std::isfinite(best)) continue;
    const double gain = contribution(s, q, best, rate) - contribution(s, q, now, rate);
    if (gain > 0.0) moves.push_back({.column = j, .precision = best, .gain = gain});
  }
  std::stable_sort(moves.begin(), moves.end(),
                   [](const RelevanceMove& a, const RelevanceMove& b) { return a.gain > b.gain; });
  return moves;
}

}  // namespace tallfit::estimate
