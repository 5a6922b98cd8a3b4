#include "ensemble.hpp"

#include <cmath>

namespace tallfit::infer {

namespace {

Index at(std::span<const Index> list, Index i) { return list[static_cast<std::size_t>(i)]; }

}  // namespace

double propose_stretch(const Eigen::MatrixXd& points, Index walker, std::span<const Index> others,
                       RandomStream& random, Eigen::Ref<Eigen::VectorXd> proposed) {
  constexpr double longest = 2.0;
  const auto other = points.col(at(others, random.below(static_cast<Index>(others.size()))));
  const double root = 1.0 + (longest - 1.0) * random.uniform();
  const double z = root * root / longest;
  proposed = other + z * (points.col(walker) - other);
  return static_cast<double>(points.rows() - 1) * std::log(z);
}

double propose_difference(const Eigen::MatrixXd& points, Index walker, std::span<const Index> others,
                          RandomStream& random, Eigen::Ref<Eigen::VectorXd> proposed) {
  constexpr double jump_probability = 0.1;
  constexpr double jitter = 0.05;
  const auto [a, b] = two_of(static_cast<Index>(others.size()), random);
  const double length =
      random.uniform() < jump_probability ? 1.0 : 2.38 / std::sqrt(2.0 * static_cast<double>(points.rows()));
  for (Index i = 0; i < points.rows(); ++i) {
    const double gamma = length * (1.0 + jitter * (2.0 * random.uniform() - 1.0));
    proposed(i) = points(i, walker) + gamma * (points(i, at(others, a)) - points(i, at(others, b)));
  }
  return 0.0;
}

double propose_snooker(const Eigen::MatrixXd& points, Index walker, std::span<const Index> others,
                       RandomStream& random, Eigen::Ref<Eigen::VectorXd> proposed) {
  const auto n = static_cast<Index>(others.size());
  const Index anchor = random.below(n);
  auto [a, b] = two_of(n - 1, random);  // of those that are not the anchor
  a += a >= anchor ? 1 : 0;
  b += b >= anchor ? 1 : 0;
  const Eigen::VectorXd line = points.col(walker) - points.col(at(others, anchor));
  const double distance = line.norm();
  const double gamma = 1.2 + random.uniform();
  const double shift =
      gamma * line.dot(points.col(at(others, a)) - points.col(at(others, b))) / (distance * distance);
  proposed = points.col(walker) + shift * line;
  return static_cast<double>(points.rows() - 1) * std::log(std::abs(1.0 + shift));
}

Eigen::VectorXd move_in_halves(ChainState& state, Index group, const EnsembleMove& move,
                               const LogDensity& density, RandomStream& random, const Eigen::VectorXd& beta) {
  const Index n = state.points.cols();
  const Index half = group / 2;
  std::vector<Index> order;
  for (Index begin = 0; begin < n; begin += group) {
    const std::vector<Index> of_group = random_order(begin, begin + group, random);
    order.insert(order.end(), of_group.begin(), of_group.end());
  }
  Eigen::VectorXd moved = Eigen::VectorXd::Zero(n);
  for (const bool first : {true, false}) {
    std::vector<Index> walkers;
    std::vector<std::span<const Index>> others;
    for (Index begin = 0; begin < n; begin += group) {
      const std::span all(order.data() + begin, static_cast<std::size_t>(group));
      const auto low = all.first(static_cast<std::size_t>(half));
      const auto high = all.subspan(static_cast<std::size_t>(half));
      const auto active = first ? low : high;
      walkers.insert(walkers.end(), active.begin(), active.end());
      others.insert(others.end(), active.size(), first ? high : low);
    }
    Proposal proposal = proposal_for(std::move(walkers), state.points.rows());
    for (std::size_t j = 0; j < proposal.walkers.size(); ++j) {
      const auto column = static_cast<Index>(j);
      proposal.log_factor(column) =
          move(state.points, proposal.walkers[j], others[j], random, proposal.points.col(column));
    }
    const Eigen::VectorXd accepted = accept_in_place(state, proposal, density, random, beta);
    for (std::size_t j = 0; j < proposal.walkers.size(); ++j)
      moved(proposal.walkers[j]) = accepted(static_cast<Index>(j));
  }
  return moved;
}

Sampler ensemble_sampler(const std::string& name, Index walkers) {
  const EnsembleMove move = name == "stretch" ? propose_stretch
                            : name == "de"    ? propose_difference
                                              : propose_snooker;
  return {.name = name,
          .walkers = walkers,
          .step = [move, walkers](ChainState& state, const LogDensity& density, RandomStream& random,
                                  Index) -> StepReport {
            const Eigen::VectorXd moved = move_in_halves(state, walkers, move, density, random);
            return {.acceptance = moved.mean(), .evaluations = walkers};
          }};
}

}  // namespace tallfit::infer
