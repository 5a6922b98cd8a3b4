/// Random numbers of a Markov chain, keyed by seed, chain and step.
#pragma once

#include <cstdint>

#include "tallfit/base/numeric.hpp"
#include "tallfit/base/random.hpp"

namespace tallfit::infer {

/// The numbers of one step of one chain, one after the other. The next step has others however many are taken
/// (up to 2^24), so that a chain can go on from any step, on any rank.
class RandomStream {
public:
  RandomStream(std::uint64_t seed, Index chain, Index step);

  /// In (0, 1).
  double uniform() { return random_uniform(key_, chain_, next_++); }
  double normal() { return random_normal(key_, chain_, next_++); }
  /// Of 0, ..., n - 1.
  Index below(Index n);
  /// Of Gamma(shape, 1). @see Marsaglia and Tsang, ACM TOMS 26 (2000) 363
  double gamma(double shape);

private:
  StreamKey key_;
  std::uint64_t chain_;
  std::uint64_t next_;
};

}  // namespace tallfit::infer
