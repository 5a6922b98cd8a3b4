#include "dream.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ensemble.hpp"

namespace tallfit::infer {

namespace {

constexpr Index archived_per_dimension = 10;
constexpr Index steps_between_archivings = 10;
constexpr double snooker_probability = 0.1;
constexpr double jump_probability = 0.2;
constexpr Index most_pairs = 3;

void begin_archive(Eigen::MatrixXd& archive, Index dimension, RandomStream& random) {
  archive.resize(dimension, std::max(archived_per_dimension * dimension, 4 * most_pairs));
  for (double& number : archive.reshaped()) number = random.normal();
}

void add_to_archive(Eigen::MatrixXd& archive, const Eigen::MatrixXd& points) {
  archive.conservativeResize(Eigen::NoChange, archive.cols() + points.cols());
  archive.rightCols(points.cols()) = points;
}

/// Which coordinates move: each with a probability of 1/3, 2/3 or 1, at least one of them.
std::vector<Index> crossover(Index dimension, RandomStream& random) {
  const double probability = static_cast<double>(1 + random.below(3)) / 3.0;
  std::vector<Index> moving;
  for (Index i = 0; i < dimension; ++i)
    if (random.uniform() < probability) moving.push_back(i);
  if (moving.empty()) moving.push_back(random.below(dimension));
  return moving;
}

void propose_in_subspace(const Eigen::VectorXd& from, const Eigen::MatrixXd& archive, RandomStream& random,
                         Eigen::Ref<Eigen::VectorXd> proposed) {
  constexpr double jitter = 0.05;
  constexpr double noise = 1e-6;
  const std::vector<Index> moving = crossover(from.size(), random);
  const Index pairs = 1 + random.below(most_pairs);
  Eigen::VectorXd difference = Eigen::VectorXd::Zero(from.size());
  for (Index pair = 0; pair < pairs; ++pair) {
    const auto [a, b] = two_of(archive.cols(), random);
    difference += archive.col(a) - archive.col(b);
  }
  const double length =
      random.uniform() < jump_probability
          ? 1.0
          : 2.38 / std::sqrt(2.0 * static_cast<double>(pairs) * static_cast<double>(moving.size()));
  proposed = from;
  for (const Index i : moving) {
    const double gamma = length * (1.0 + jitter * (2.0 * random.uniform() - 1.0));
    proposed(i) += gamma * difference(i) + noise * random.normal();
  }
}

Proposal propose_all(const ChainState& state, RandomStream& random) {
  const Eigen::MatrixXd& archive = state.tuning.archive;
  std::vector<Index> walkers(static_cast<std::size_t>(state.points.cols()));
  std::iota(walkers.begin(), walkers.end(), Index{0});
  Proposal proposal = proposal_for(std::move(walkers), state.points.rows());
  if (random.uniform() < snooker_probability) {
    std::vector<Index> archived(static_cast<std::size_t>(archive.cols()));
    std::iota(archived.begin(), archived.end(), Index{1});  // column 0 is the walker's own
    Eigen::MatrixXd points(archive.rows(), archive.cols() + 1);
    points.rightCols(archive.cols()) = archive;
    for (Index j = 0; j < state.points.cols(); ++j) {
      points.col(0) = state.points.col(j);
      proposal.log_factor(j) = propose_snooker(points, 0, archived, random, proposal.points.col(j));
    }
  } else {
    for (Index j = 0; j < state.points.cols(); ++j)
      propose_in_subspace(state.points.col(j), archive, random, proposal.points.col(j));
  }
  return proposal;
}

}  // namespace

Sampler dream_sampler(Index walkers) {
  return {.name = "dream",
          .walkers = walkers,
          .step = [walkers](ChainState& state, const LogDensity& density, RandomStream& random,
                            Index warmup) -> StepReport {
            Eigen::MatrixXd& archive = state.tuning.archive;
            if (archive.size() == 0) begin_archive(archive, state.points.rows(), random);
            const Eigen::VectorXd accepted =
                accept_in_place(state, propose_all(state, random), density, random);
            if (state.step < warmup && (state.step + 1) % steps_between_archivings == 0)
              add_to_archive(archive, state.points);
            return {.acceptance = accepted.mean(), .evaluations = walkers};
          }};
}

}  // namespace tallfit::infer
