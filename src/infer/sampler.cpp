#include "tallfit/infer/sampler.hpp"

#include <algorithm>
#include <cmath>

#include "dream.hpp"
#include "ensemble.hpp"
#include "hmc.hpp"
#include "metropolis.hpp"
#include "proposals.hpp"
#include "tempering.hpp"

#include "tallfit/base/nearest_name.hpp"

namespace tallfit::infer {

namespace {

constexpr Index fewest_walkers = 8;  // snooker moves need three in the other half
constexpr Index dream_walkers = 10;

bool is_single(const std::string& name) { return name == "metropolis" || name == "hmc" || name == "nuts"; }

Index least_walkers(const std::string& name, Index dimension) {
  return name == "dream" ? 3 : std::max(2 * dimension, fewest_walkers);
}

/// The number asked for, or one that serves.
Index walkers_of(const std::string& name, Index dimension, Index wanted) {
  const Index least = is_single(name) ? 1 : least_walkers(name, dimension);
  if (wanted == 0) return is_single(name) ? 1 : name == "dream" ? dream_walkers : 2 * least;
  require(!is_single(name) || wanted == 1, ErrorKind::input,
          "sample.walkers = {}, but sample.sampler = \"{}\" has chains of a single point. Leave it out, or "
          "raise sample.chains",
          wanted, name);
  require(wanted >= least, ErrorKind::input,
          "sample.walkers = {} is too few for sample.sampler = \"{}\" in {} dimensions: it needs at least {}",
          wanted, name, dimension, least);
  require(is_single(name) || name == "dream" || wanted % 2 == 0, ErrorKind::input,
          "sample.walkers = {} is odd, but sample.sampler = \"{}\" moves one half of them by the other",
          wanted, name);
  return wanted;
}

}  // namespace

const std::vector<std::string>& sampler_names() {
  static const std::vector<std::string> names = {"stretch",    "de",  "snooker", "dream",
                                                 "metropolis", "hmc", "nuts",    "tempered"};
  return names;
}

Sampler make_sampler(const std::string& name, Index dimension, const SamplerOptions& options) {
  const Index walkers = walkers_of(name, dimension, options.walkers);
  if (name == "stretch" || name == "de" || name == "snooker") return ensemble_sampler(name, walkers);
  if (name == "dream") return dream_sampler(walkers);
  if (name == "metropolis") return metropolis_sampler();
  if (name == "hmc") return hmc_sampler(options.target_accept);
  if (name == "nuts") return nuts_sampler(options.target_accept, options.max_depth);
  require(name == "tempered", ErrorKind::bug, "no sampler '{}'", name);
  return tempered_sampler(walkers, options.temperatures, dimension);
}

ChainState start_chain(const LogDensity& density, const Sampler& sampler, RandomStream random) {
  constexpr int most_tries = 100;
  const Index n = sampler.walkers * sampler.replicas;
  ChainState state;
  state.points.resize(density.dimension(), n);
  for (double& number : state.points.reshaped()) number = random.normal();
  state.log_density = safe_values(density, state.points);
  for (int i = 0; i < most_tries && !state.log_density.allFinite(); ++i) {
    for (Index j = 0; j < n; ++j) {
      if (std::isfinite(state.log_density(j))) continue;
      for (double& number : state.points.col(j)) number = random.normal();
    }
    state.log_density = safe_values(density, state.points);
  }
  require(state.log_density.allFinite(), ErrorKind::numerical,
          "the density is 0 or not a number near the starting point: after {} tries some walkers of {} have "
          "no place to start from",
          most_tries, sampler.name);
  return state;
}

}  // namespace tallfit::infer
