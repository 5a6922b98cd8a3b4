#include "tallfit/base/random.hpp"

#include <Random123/philox.h>

#include <cmath>
#include <numbers>

namespace tallfit {

std::array<std::uint32_t, 4> random_words(StreamKey key, std::uint64_t item, std::uint64_t step) {
  // The purpose is folded into the key's words; 2^64 seeds and 2^32 purposes stay apart because
  // Philox is a bijection of the counter for each key and the purposes are few.
  const r123::Philox4x32::ctr_type counter = {
      {static_cast<std::uint32_t>(item), static_cast<std::uint32_t>(item >> 32U),
       static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(step >> 32U) ^ key.purpose}};
  const r123::Philox4x32::key_type seed = {
      {static_cast<std::uint32_t>(key.seed), static_cast<std::uint32_t>(key.seed >> 32U)}};
  const auto words = r123::Philox4x32()(counter, seed);
  return {words[0], words[1], words[2], words[3]};
}

namespace {

std::uint64_t join(std::uint32_t high, std::uint32_t low) {
  return (static_cast<std::uint64_t>(high) << 32U) | low;
}

}  // namespace

// 52 bits and the half fill a double's 53; with 53 bits the largest value would round to 1.
double to_open_unit(std::uint64_t bits) { return (static_cast<double>(bits >> 12U) + 0.5) * 0x1.0p-52; }

double random_uniform(StreamKey key, std::uint64_t item, std::uint64_t step) {
  const auto words = random_words(key, item, step);
  return to_open_unit(join(words[0], words[1]));
}

double random_normal(StreamKey key, std::uint64_t item, std::uint64_t step) {
  const auto words = random_words(key, item, step);
  const double radius = std::sqrt(-2.0 * std::log(to_open_unit(join(words[0], words[1]))));
  return radius * std::cos(2.0 * std::numbers::pi * to_open_unit(join(words[2], words[3])));
}

std::uint64_t random_hash(StreamKey key, std::uint64_t item, std::uint64_t step) {
  const auto words = random_words(key, item, step);
  return join(words[0], words[1]);
}

}  // namespace tallfit
