#include "tallfit/estimate/greedy_selection.hpp"

#include <cmath>
#include <limits>

#include "tallfit/estimate/active_columns.hpp"
#include "tallfit/estimate/active_factor.hpp"

namespace tallfit::estimate {

namespace {

/// Squared norms of what the chosen columns leave of each column of E.
class LeftNorms {
public:
  explicit LeftNorms(ActiveColumns& columns)
      : columns_(columns), squares_(columns.norms().cwiseAbs2()), exact_(squares_) {}

  double norm(Index j) const { return std::sqrt(squares_(j)); }

  /// Takes off the part along the newest of the chosen. Where a difference has lost half of its digits, the
  /// norm is formed anew.
  void take_off(const Eigen::VectorXd& direction, const ActiveFactor& chosen) {
    constexpr double half_of_digits = 1e-8;
    squares_ = (squares_ - columns_.products(direction).cwiseAbs2()).cwiseMax(0.0);
    std::vector<Index> stale;
    for (Index j = 0; j < squares_.size(); ++j)
      if (exact_(j) > 0.0 && squares_(j) < half_of_digits * exact_(j)) stale.push_back(j);
    columns_.fetch(stale);
    for (const Index j : stale) {
      const double distance = chosen.contains(j) ? 0.0 : chosen.distance(columns_.column(j));
      squares_(j) = exact_(j) = distance * distance;
    }
  }

  void put(compress::NumberSink& sink) const {
    for (const Eigen::VectorXd& squares : {squares_, exact_}) sink.put(Eigen::MatrixXd(squares));
  }
  void read(compress::NumberSource& source) {
    for (Eigen::VectorXd* squares : {&squares_, &exact_}) *squares = source.matrix();
  }

private:
  ActiveColumns& columns_;
  Eigen::VectorXd squares_;
  Eigen::VectorXd exact_;  ///< when they were last formed from the column
};

std::vector<Index> places_of(const std::vector<bool>& flags) {
  std::vector<Index> places;
  for (std::size_t j = 0; j < flags.size(); ++j)
    if (flags[j]) places.push_back(static_cast<Index>(j));
  return places;
}

}  // namespace

void GreedySelection::put(compress::NumberSink& sink) const {
  sink.put(std::span<const Index>(columns));
  sink.put(std::span<const double>(residual_norms));
  for (const Eigen::VectorXd& some : coefficients) sink.put(Eigen::MatrixXd(some));
}

void GreedySelection::read(compress::NumberSource& source) {
  columns = source.indices();
  residual_norms = source.numbers();
  coefficients.resize(residual_norms.size());
  for (Eigen::VectorXd& some : coefficients) some = source.matrix();
}

double correlation_score(const Candidate& candidate) { return std::abs(candidate.correlation); }

double normalized_correlation_score(const Candidate& candidate) {
  return std::abs(candidate.correlation) / candidate.norm;
}

double residual_score(const Candidate& candidate) {
  const double falls = candidate.correlation / candidate.left;
  return falls * falls;
}

GreedySelection select_greedily(const LeastSquaresSystem& system, const CandidateScore& score,
                                const GreedyEnd& end, double rcond, SavedSearch& saved) {
  ActiveColumns columns(system, rcond);
  ActiveFactor factor(system.z, rcond);
  LeftNorms left(columns);
  const Eigen::VectorXd& scale = columns.scale();
  std::vector<bool> out(static_cast<std::size_t>(columns.size()));
  GreedySelection selection{.columns = {},
                            .residual_norms = {std::hypot(system.z.norm(), system.rho)},
                            .coefficients = {Eigen::VectorXd()}};
  const double noise = static_cast<double>(columns.size()) * std::numeric_limits<double>::epsilon() *
                       selection.residual_norms.front();
  Eigen::VectorXd correlations = columns.products(factor.residual());
  saved.begin_part([&](compress::NumberSource& source) {
    selection.read(source);
    columns.read(source);
    factor.read(source);
    left.read(source);
    for (const Index j : source.indices()) out[static_cast<std::size_t>(j)] = true;
    correlations = source.matrix();
  });
  const auto put = [&](compress::NumberSink& sink) {
    selection.put(sink);
    columns.put(sink);
    factor.put(sink);
    left.put(sink);
    sink.put(std::span<const Index>(places_of(out)));
    sink.put(Eigen::MatrixXd(correlations));
  };
  while (factor.size() < end.columns) {
    saved.milestone(put);
    const double residual = selection.residual_norms.back();
    if (residual * residual <= end.squared_residual) break;
    Index best = -1;
    double best_score = 0.0;
    for (Index j = 0; j < columns.size(); ++j) {
      const double norm = columns.norms()(j);
      if (out[static_cast<std::size_t>(j)] || std::abs(correlations(j)) <= noise * norm) continue;
      if (left.norm(j) <= rcond * norm) continue;
      const double value = score({correlations(j) / scale(j), norm / scale(j), left.norm(j) / scale(j)});
      if (value <= best_score) continue;
      best = j;
      best_score = value;
    }
    if (best < 0) break;
    columns.fetch(std::span(&best, 1));
    out[static_cast<std::size_t>(best)] = true;
    if (!factor.append(best, columns.column(best))) continue;
    selection.columns.push_back(best);
    selection.residual_norms.push_back(std::hypot(factor.residual().norm(), system.rho));
    Eigen::VectorXd coefficients = factor.solution();
    for (Index k = 0; k < coefficients.size(); ++k)
      coefficients(k) *= scale(selection.columns[static_cast<std::size_t>(k)]);
    selection.coefficients.push_back(std::move(coefficients));
    correlations = columns.products(factor.residual());
    left.take_off(factor.newest_direction(), factor);
  }
  return selection;
}

}  // namespace tallfit::estimate
