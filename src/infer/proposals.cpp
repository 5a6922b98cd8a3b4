#include "proposals.hpp"

#include <cmath>
#include <limits>
#include <numeric>

namespace tallfit::infer {

Proposal proposal_for(std::vector<Index> walkers, Index dimension) {
  const auto n = static_cast<Index>(walkers.size());
  return {.walkers = std::move(walkers),
          .points = Eigen::MatrixXd(dimension, n),
          .log_factor = Eigen::VectorXd::Zero(n)};
}

Eigen::VectorXd safe_values(const LogDensity& density, const Eigen::MatrixXd& points) {
  const Eigen::VectorXd values = density.values(points);
  return values.array().isNaN().select(-std::numeric_limits<double>::infinity(), values);
}

Eigen::VectorXd accept_in_place(ChainState& state, const Proposal& proposal, const LogDensity& density,
                                RandomStream& random, const Eigen::VectorXd& beta) {
  const Eigen::VectorXd proposed = safe_values(density, proposal.points);
  Eigen::VectorXd accepted = Eigen::VectorXd::Zero(proposed.size());
  for (Index j = 0; j < proposed.size(); ++j) {
    const Index walker = proposal.walkers[static_cast<std::size_t>(j)];
    const double inverse_temperature = beta.size() > 0 ? beta(walker) : 1.0;
    const double log_ratio =
        inverse_temperature * (proposed(j) - state.log_density(walker)) + proposal.log_factor(j);
    if (!(std::log(random.uniform()) < log_ratio)) continue;
    state.points.col(walker) = proposal.points.col(j);
    state.log_density(walker) = proposed(j);
    accepted(j) = 1.0;
  }
  return accepted;
}

std::vector<Index> random_order(Index begin, Index end, RandomStream& random) {
  std::vector<Index> order(static_cast<std::size_t>(end - begin));
  std::iota(order.begin(), order.end(), begin);
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[static_cast<std::size_t>(random.below(static_cast<Index>(i)))]);
  return order;
}

std::pair<Index, Index> two_of(Index n, RandomStream& random) {
  const Index first = random.below(n);
  const Index second = random.below(n - 1);
  return {first, second + (second >= first ? 1 : 0)};
}

}  // namespace tallfit::infer
