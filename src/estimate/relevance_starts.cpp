#include "tallfit/estimate/relevance_starts.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tallfit/linalg/triangular.hpp"

namespace tallfit::estimate {

namespace {

constexpr double pruned_precision = std::numeric_limits<double>::infinity();
constexpr double first_noise_precision = 10.0;  // Tipping and Faul: a tenth of the targets' variance
constexpr Index most_steps = 100;
// In log evidence: the ascent that follows is better at the rest.
constexpr double slow_when_tied = 1.0;
constexpr double slow = 0.01;

double noise_step(const ScaledSystem& system, const RelevancePosterior& posterior, double determined) {
  const double n = system.n_observations;
  // Near N = γ the fixed point leaps; expectation maximisation does not.
  return determined < 0.9 * n ? (n - determined) / posterior.misfit() : n / (posterior.misfit() + determined);
}

}  // namespace

Relevance empty_start(const ScaledSystem& system, const RelevanceSearch& search, double noise_precision) {
  return {.precisions = Eigen::VectorXd::Constant(system.n_coeffs(), pruned_precision),
          .noise_precision = search.noise_is_known ? noise_precision : first_noise_precision};
}

Relevance fixed_point_step(const ScaledSystem& system, const RelevanceSearch& search, const Relevance& at,
                           const RelevancePosterior& posterior, const Eigen::VectorXd& variances, Tied tied) {
  Relevance next = at;
  const Eigen::ArrayXd determined = 1.0 - variances.array();
  const Eigen::VectorXd precisions = at.precisions(posterior.active);
  const Eigen::ArrayXd squares = posterior.mean.array().square() / precisions.array();
  const double together = determined.sum() / squares.sum();
  for (std::size_t j = 0; j < posterior.active.size(); ++j) {
    const auto i = static_cast<Index>(j);
    const double precision = tied == Tied::yes ? together : std::max(0.0, determined(i)) / squares(i);
    // No data speak for a column of which nothing is determined.
    const bool pruned = !(precision > 0.0 && precision < search.threshold);
    next.precisions(posterior.active[j]) = precision;
    if (pruned) next.precisions(posterior.active[j]) = pruned_precision;
  }
  if (search.noise_is_known) return next;
  next.noise_precision =
      std::min(largest_noise_precision, at.noise_precision * noise_step(system, posterior, determined.sum()));
  return next;
}

Relevance fixed_point_start(const ScaledSystem& system, const RelevanceSearch& search, double noise_precision,
                            SavedSearch& saved) {
  Relevance now = empty_start(system, search, noise_precision);
  const double uniform = static_cast<double>(system.n_coeffs()) / system.n_observations;
  for (Index j = 0; j < system.n_coeffs(); ++j)
    if (system.norms(j) > 0.0) now.precisions(j) = uniform;
  double evidence = -std::numeric_limits<double>::infinity();
  Tied tied = Tied::yes;
  Index left = std::min(search.max_iter, most_steps);
  saved.begin_part([&](compress::NumberSource& source) {
    left = source.index();
    now.read(source);
    evidence = source.number();
    tied = source.index() == 1 ? Tied::yes : Tied::no;
  });
  const auto put = [&](compress::NumberSink& sink) {
    sink.put(left);
    now.put(sink);
    sink.put(evidence);
    sink.put(Index{tied == Tied::yes ? 1 : 0});
  };
  SortedColumns sorted;
  for (; left > 0; --left) {
    saved.milestone(put);
    const RelevancePosterior posterior = relevance_posterior(system, now, sorted);
    if (posterior.active.empty()) break;
    const double change = std::abs(posterior.log_evidence - evidence);
    if (tied == Tied::no && change < slow) break;
    if (change < slow_when_tied) tied = Tied::no;
    evidence = posterior.log_evidence;
    const Eigen::VectorXd variances =
        linalg::inverse_gram_diagonal(posterior.factor, "the factor of active columns");
    now = fixed_point_step(system, search, now, posterior, variances, tied);
  }
  left = 0;
  saved.end_part(put);
  return now;
}

}  // namespace tallfit::estimate
