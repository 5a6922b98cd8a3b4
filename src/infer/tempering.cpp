#include "tempering.hpp"

#include <algorithm>
#include <cmath>

#include "ensemble.hpp"

namespace tallfit::infer {

namespace {

/// β of each temperature, from the logarithms of what each temperature adds to the one below.
Eigen::VectorXd inverse_temperatures(const Eigen::VectorXd& log_gaps) {
  Eigen::VectorXd beta = Eigen::VectorXd::Ones(log_gaps.size() + 1);
  double temperature = 1.0;
  for (Index t = 0; t < log_gaps.size(); ++t) {
    temperature += std::exp(log_gaps(t));
    beta(t + 1) = 1.0 / temperature;
  }
  return beta;
}

/// In a Gaussian of d dimensions neighbours at a ratio of 1 + sqrt(2 / d) exchange a quarter of their points.
Eigen::VectorXd geometric_log_gaps(Index temperatures, Index dimension) {
  const double ratio = 1.0 + std::sqrt(2.0 / static_cast<double>(dimension));
  Eigen::VectorXd log_gaps(temperatures - 1);
  for (Index t = 0; t < log_gaps.size(); ++t)
    log_gaps(t) = std::log(ratio - 1.0) + static_cast<double>(t) * std::log(ratio);
  return log_gaps;
}

/// Exchanges points between neighbours, the hottest pair first, each walker with a random one.
/// @return the part of the walkers that was exchanged, of each pair
Eigen::VectorXd exchange(ChainState& state, Index walkers, const Eigen::VectorXd& beta,
                         RandomStream& random) {
  Eigen::VectorXd rates = Eigen::VectorXd::Zero(beta.size() - 1);
  for (Index hot = beta.size() - 1; hot > 0; --hot) {
    const std::vector<Index> partners = random_order((hot - 1) * walkers, hot * walkers, random);
    for (Index w = 0; w < walkers; ++w) {
      const Index a = hot * walkers + w;
      const Index b = partners[static_cast<std::size_t>(w)];
      const double log_ratio = (beta(hot - 1) - beta(hot)) * (state.log_density(a) - state.log_density(b));
      if (!(std::log(random.uniform()) < log_ratio)) continue;
      state.points.col(a).swap(state.points.col(b));
      std::swap(state.log_density(a), state.log_density(b));
      rates(hot - 1) += 1.0 / static_cast<double>(walkers);
    }
  }
  return rates;
}

/// Gaps shrink where fewer points are exchanged than one pair higher; the changes die out as 1 / step.
void adapt_gaps(Eigen::VectorXd& log_gaps, const Eigen::VectorXd& rates, Index step) {
  constexpr double delay = 100.0;
  const double rate = delay / (static_cast<double>(step) + delay) / 10.0;
  for (Index t = 0; t + 1 < log_gaps.size(); ++t) log_gaps(t) += rate * (rates(t) - rates(t + 1));
}

}  // namespace

Sampler tempered_sampler(Index walkers, Index temperatures, Index dimension) {
  return {.name = "tempered",
          .walkers = walkers,
          .replicas = temperatures,
          .step = [=](ChainState& state, const LogDensity& density, RandomStream& random,
                      Index warmup) -> StepReport {
            Eigen::VectorXd& log_gaps = state.tuning.log_gaps;
            if (log_gaps.size() == 0 && temperatures > 1)
              log_gaps = geometric_log_gaps(temperatures, dimension);
            const Eigen::VectorXd beta = inverse_temperatures(log_gaps);
            const Eigen::VectorXd of_walkers =
                beta.transpose().replicate(walkers, 1).reshaped(walkers * temperatures, 1);
            const Eigen::VectorXd moved =
                move_in_halves(state, walkers, propose_stretch, density, random, of_walkers);
            const Eigen::VectorXd rates = exchange(state, walkers, beta, random);
            if (state.step < warmup) adapt_gaps(log_gaps, rates, state.step);
            return {.acceptance = moved.head(walkers).mean(), .evaluations = walkers * temperatures};
          }};
}

}  // namespace tallfit::infer
