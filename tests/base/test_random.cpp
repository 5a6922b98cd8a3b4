#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

#include "tallfit/base/random.hpp"

namespace tallfit {
namespace {

using Words = std::array<std::uint32_t, 4>;

// Lines "philox4x32 10" of tests/kat_vectors in the Random123 distribution 1.14:
// counter (4 words), key (2 words), output (4 words). item and step are the counter's halves, low word first.
TEST(Random, MatchesTheKnownAnswersOfRandom123) {
  EXPECT_EQ(random_words({.seed = 0}, 0, 0), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(random_words({.seed = ~0ULL}, ~0ULL, ~0ULL),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(random_words({.seed = 0x299f31d0a4093822}, 0x85a308d3243f6a88, 0x0370734413198a2e),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, PurposeSeedItemAndStepAllMatter) {
  const StreamKey key{.seed = 5, .purpose = 1};
  const std::set<Words> seen = {random_words(key, 2, 3),
                                random_words({.seed = 6, .purpose = 1}, 2, 3),
                                random_words({.seed = 5, .purpose = 2}, 2, 3),
                                random_words(key, 3, 3),
                                random_words(key, 2, 4),
                                random_words(key, 3, 2)};
  EXPECT_EQ(seen.size(), 6U);
}

TEST(Random, DoesNotDependOnOrder) {
  constexpr std::size_t n = 1000;
  std::vector<double> forward(n);
  std::vector<double> backward(n);
  for (std::size_t i = 0; i < n; ++i) forward[i] = random_normal({.seed = 1}, i, 7);
  for (std::size_t i = n; i-- > 0;) backward[i] = random_normal({.seed = 1}, i, 7);
  EXPECT_EQ(forward, backward);
}

TEST(Random, UniformNeverReachesItsEnds) {
  EXPECT_EQ(to_open_unit(0), 0x1.0p-53);
  EXPECT_EQ(to_open_unit(~0ULL), 1.0 - 0x1.0p-53);
}

/// Largest distance between the empirical distribution of @p sample and @p cdf (Kolmogorov-Smirnov).
template <class Cdf>
double distance_to(std::vector<double> sample, const Cdf& cdf) {
  std::sort(sample.begin(), sample.end());
  const auto n = static_cast<double>(sample.size());
  double worst = 0.0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const double expected = cdf(sample[i]);
    worst =
        std::max({worst, expected - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - expected});
  }
  return worst;
}

// P(D > d) <= 2 exp(-2 n d^2) (Massart 1990); 1e-6 for n = 1e5 at d = sqrt(ln(2e6) / 2e5).
constexpr std::size_t n_sample = 100000;
const double bound = std::sqrt(std::log(2.0e6) / (2.0 * n_sample));

TEST(Random, UniformIsUniform) {
  std::vector<double> sample(n_sample);
  for (std::size_t i = 0; i < n_sample; ++i) sample[i] = random_uniform({.seed = 11}, i, 0);
  EXPECT_LT(distance_to(sample, [](double x) { return x; }), bound);
}

TEST(Random, NormalIsNormal) {
  std::vector<double> sample(n_sample);
  for (std::size_t i = 0; i < n_sample; ++i) sample[i] = random_normal({.seed = 11}, 0, i);
  EXPECT_LT(distance_to(sample, [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }), bound);
  // Negative control: the bound tells a standard deviation of 1 from one of 0.95.
  for (double& x : sample) x *= 0.95;
  EXPECT_GT(distance_to(sample, [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }), bound);
}

TEST(Random, NeighbouringStreamsAreUncorrelated) {
  double sum = 0.0;
  for (std::size_t i = 0; i < n_sample; ++i) {
    sum += random_normal({.seed = 1}, i, 0) * random_normal({.seed = 2}, i, 0);
  }
  // The mean of n products of independent normals has standard deviation 1/sqrt(n); 5 of them: 6e-7.
  EXPECT_LT(std::abs(sum / n_sample), 5.0 / std::sqrt(n_sample));
}

TEST(Random, HashesDoNotCollideInSmallSets) {
  std::set<std::uint64_t> seen;
  for (std::uint64_t i = 0; i < 10000; ++i) seen.insert(random_hash({.seed = 0}, i, 0));
  EXPECT_EQ(seen.size(), 10000U);  // chance of a collision: 1e8 / 2^65 = 3e-12
}

}  // namespace
}  // namespace tallfit
