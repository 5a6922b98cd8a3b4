#include "tallfit/estimate/relevance_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "tallfit/estimate/relevance_newton.hpp"
#include "tallfit/linalg/matrix_ops.hpp"

namespace tallfit::estimate {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double longest_step = 3.0;  ///< of a logarithm

double penalty_of(const Relevance& relevance, double rate) {
  return rate > 0.0 ? 0.5 * rate * relevance.precisions.cwiseInverse().sum() : 0.0;
}

/// Stands where a posterior will be.
RelevancePosterior nothing_known(const ScaledSystem& system) {
  return {.active = {},
          .mean = {},
          .factor = {system.columns.grid(), 0, 0, system.columns.block()},
          .sparsity = {},
          .quality = {}};
}

/// An ascent: a point, what is known of it, and the way to it.
struct Ascent {
  const ScaledSystem& system;
  const RelevanceSearch& search;
  mutable SortedColumns sorted;  ///< of the last point that was looked at
  RelevanceOptimum at;
  std::vector<bool> barred;  ///< columns that were pruned as weak, for good
  bool has_pruned_idle = false;
  bool is_done = false;

  Ascent(const ScaledSystem& of, const Relevance& start, const RelevanceSearch& how, SavedSearch& saved)
      : system(of),
        search(how),
        at{.relevance = start, .posterior = nothing_known(of), .history = {}},
        barred(static_cast<std::size_t>(start.precisions.size()), false) {
    saved.begin_part([this](compress::NumberSource& source) { read(source); });
    at.posterior = relevance_posterior(of, at.relevance, sorted);
    at.objective = objective(at.relevance, at.posterior);
    if (at.history.empty()) record();
  }

  /// What all else follows from: the posterior too, whose bits do not tell of earlier ones.
  void put(compress::NumberSink& sink) const {
    at.relevance.put(sink);
    for (const double number : {at.gain_left, at.worth}) sink.put(number);
    for (const Index number : {at.iterations, Index{at.converged}, Index{has_pruned_idle}, Index{is_done}})
      sink.put(number);
    sink.put(std::span<const Index>(std::vector<Index>(barred.begin(), barred.end())));
    sink.put(static_cast<Index>(at.history.size()));
    for (const RelevanceStep& step : at.history) {
      sink.put(step.log_evidence);
      sink.put(step.n_active);
      sink.put(step.noise_precision);
      sink.put(Eigen::MatrixXd(step.coefficients));
    }
  }
  void read(compress::NumberSource& source) {
    at.relevance.read(source);
    for (double* number : {&at.gain_left, &at.worth}) *number = source.number();
    at.iterations = source.index();
    for (bool* flag : {&at.converged, &has_pruned_idle, &is_done}) *flag = source.index() == 1;
    const std::vector<Index> flags = source.indices();
    barred.assign(flags.begin(), flags.end());
    at.history.resize(static_cast<std::size_t>(source.index()));
    for (RelevanceStep& step : at.history) {
      step.log_evidence = source.number();
      step.n_active = source.index();
      step.noise_precision = source.number();
      step.coefficients = source.matrix();
    }
  }

  double objective(const Relevance& relevance, const RelevancePosterior& posterior) const {
    return posterior.log_evidence - penalty_of(relevance, search.rate);
  }
  /// Differences of the objective below this are rounding.
  double rounding() const { return 1e-13 * (std::abs(at.objective) + system.n_observations); }

  void record() {
    at.history.push_back({.log_evidence = at.posterior.log_evidence,
                          .n_active = static_cast<Index>(at.posterior.active.size()),
                          .noise_precision = at.relevance.noise_precision,
                          .coefficients = coefficients_of(system, at.relevance, at.posterior)});
  }

  /// A place to go to.
  struct Candidate {
    Relevance relevance;
    RelevancePosterior posterior;
    double objective;
  };
  Candidate look_at(const Relevance& there) const {
    RelevancePosterior posterior = relevance_posterior(system, there, sorted);
    const double value = objective(there, posterior);
    return {.relevance = there, .posterior = std::move(posterior), .objective = value};
  }
  /// Goes there if it gains at least that much.
  bool accept(Candidate there, double at_least) {
    if (!(there.objective - at.objective >= at_least)) return false;
    at.relevance = std::move(there.relevance);
    at.posterior = std::move(there.posterior);
    at.objective = there.objective;
    ++at.iterations;
    record();
    return true;
  }
  bool accept(const Relevance& there, double at_least) { return accept(look_at(there), at_least); }

  bool noise_is_fixed(const RelevanceCurvature& curve) const {
    return search.noise_is_known || (at.relevance.noise_precision >= largest_noise_precision &&
                                     curve.gradient(curve.gradient.size() - 1) > 0.0);
  }

  /// All moves that gain at least a share of the best, then fewer, down to the best alone.
  bool change_columns(const std::vector<RelevanceMove>& moves) {
    const auto comparable = [&](const RelevanceMove& move) { return move.gain >= 0.1 * moves.front().gain; };
    auto count = static_cast<std::size_t>(std::count_if(moves.begin(), moves.end(), comparable));
    for (;; count = std::max<std::size_t>(1, count / 4)) {
      Relevance there = at.relevance;
      for (std::size_t i = 0; i < count; ++i) there.precisions(moves[i].column) = moves[i].precision;
      const double gain = moves.front().gain;
      if (accept(there, count > 1 ? gain : 0.5 * gain)) return true;
      if (count == 1) return false;
    }
  }

  /// Moves that gain, but for columns that are too weak to have.
  std::vector<RelevanceMove> allowed_moves() const {
    std::vector<RelevanceMove> moves = gaining_moves(at.posterior, at.relevance, search.rate);
    std::erase_if(moves, [&](const RelevanceMove& move) {
      return std::isfinite(move.precision) &&
             (move.precision >= search.threshold || barred[static_cast<std::size_t>(move.column)]);
    });
    return moves;
  }

  /// Prunes all columns beyond the threshold, whatever the evidence says. @return whether there are any
  bool prune_weak_columns() {
    Relevance there = at.relevance;
    for (const Index j : at.posterior.active) {
      if (there.precisions(j) < search.threshold) continue;
      there.precisions(j) = infinity;
      barred[static_cast<std::size_t>(j)] = true;
    }
    return there.active().size() < at.posterior.active.size() && accept(there, -infinity);
  }

  /// Prunes all columns that are not worth a step. @return whether there are any
  bool prune_idle_columns(double worth) {
    Relevance there = at.relevance;
    double lost = rounding();
    for (const Index j : at.posterior.active) {
      const double worth_of =
          contribution(at.posterior.sparsity(j), at.posterior.quality(j), there.precisions(j), search.rate);
      if (worth_of > worth) continue;
      there.precisions(j) = infinity;
      lost += worth;
    }
    return there.active().size() < at.posterior.active.size() && accept(there, -lost);
  }

  Relevance moved(const Eigen::VectorXd& step) const {
    Relevance there = at.relevance;
    for (std::size_t j = 0; j < at.posterior.active.size(); ++j)
      there.precisions(at.posterior.active[j]) *= std::exp(step(static_cast<Index>(j)));
    there.noise_precision = std::min(there.noise_precision * std::exp(step(step.size() - 1)),
                                     std::max(there.noise_precision, largest_noise_precision));
    return there;
  }

  /// The step of expectation maximisation, which never lowers the evidence.
  Eigen::VectorXd safe_step(const Eigen::VectorXd& variances, bool noise_is_fixed) const {
    const auto m = at.posterior.mean.size();
    Eigen::VectorXd step(m + 1);
    for (Index j = 0; j < m; ++j) {
      const double precision = at.relevance.precisions(at.posterior.active[static_cast<std::size_t>(j)]);
      const double square = (at.posterior.mean(j) * at.posterior.mean(j) + variances(j)) / precision;
      const double variance = 2.0 * square / (1.0 + std::sqrt(1.0 + 4.0 * search.rate * square));
      step(j) = -std::log(variance * precision);
    }
    const double determined = static_cast<double>(m) - variances.sum();
    step(m) = noise_is_fixed ? 0.0 : std::log(system.n_observations / (at.posterior.misfit() + determined));
    return step;
  }

  /// Newton where the evidence is concave and the step is short; else the better of a shifted Newton step and
  /// the fixed point, which leaps where Newton would crawl. @return whether the evidence rose
  bool change_precisions(const RelevanceCurvature& curve, const Eigen::VectorXd& variances, bool fixed) {
    std::optional<Candidate> leap;
    for (const double shift : {0.0, 1e-3, 1e-2, 0.1, 1.0, 10.0}) {
      const std::optional<Eigen::VectorXd> step = newton_step(curve, shift, fixed);
      if (!step) continue;
      const double longest = step->lpNorm<Eigen::Infinity>();
      const double gain = 0.5 * curve.gradient.dot(*step);
      Candidate there = look_at(moved(*step * std::min(1.0, longest_step / longest)));
      const double enough = std::min(0.1 * gain, 0.1 * gain - rounding());
      if (shift == 0.0 && longest <= 1.0 && accept(there, enough)) return true;
      if (!leap) leap = look_at(leaped(variances, fixed));
      if (leap->objective > there.objective && accept(*leap, enough)) return true;
      if (accept(std::move(there), enough)) return true;
    }
    return accept(moved(safe_step(variances, fixed)), -rounding());
  }

  /// Where the fixed point leads.
  Relevance leaped(const Eigen::VectorXd& variances, bool noise_is_fixed) const {
    RelevanceSearch how = search;
    how.noise_is_known = noise_is_fixed;
    return fixed_point_step(system, how, at.relevance, at.posterior, variances, Tied::no);
  }

  /// @return whether there is more to gain
  bool step();
};

bool Ascent::step() {
  const linalg::BlockCyclicMatrix covariance = posterior_covariance(at.posterior);
  const Eigen::VectorXd variances = linalg::diagonal(covariance);
  add_active_in_place(at.posterior, at.relevance, variances);
  const std::vector<RelevanceMove> moves = allowed_moves();
  const double worth = at.worth = std::max(search.tol, rounding());
  at.gain_left = moves.empty() ? 0.0 : moves.front().gain;
  if (at.iterations >= search.max_iter) return false;
  if (at.gain_left > worth && change_columns(moves)) return true;

  const RelevanceCurvature curve = curvature(system, at.posterior, covariance, at.relevance, search.rate);
  const bool fixed = noise_is_fixed(curve);
  const std::optional<Eigen::VectorXd> step = newton_step(curve, 0.0, fixed);
  const double newton_gain = step ? 0.5 * std::abs(curve.gradient.dot(*step)) : infinity;
  at.gain_left = std::max(newton_gain, at.gain_left > worth ? at.gain_left : 0.0);
  if (newton_gain > worth) return change_precisions(curve, variances, fixed);
  at.converged = at.gain_left <= worth;
  if (at.converged && prune_weak_columns()) return true;
  if (at.converged && !std::exchange(has_pruned_idle, true) && prune_idle_columns(worth)) return true;
  // The step that is left is as long as rounding lets it be, and squares the error.
  accept(moved(*step), -rounding());
  return false;
}

}  // namespace

RelevanceOptimum ascend(const ScaledSystem& system, const Relevance& start, const RelevanceSearch& search,
                        SavedSearch& saved) {
  Ascent ascent(system, start, search, saved);
  const auto put = [&](compress::NumberSink& sink) { ascent.put(sink); };
  while (!ascent.is_done) {
    saved.milestone(put);
    ascent.is_done = !ascent.step();
  }
  saved.end_part(put);
  return std::move(ascent.at);
}

}  // namespace tallfit::estimate
