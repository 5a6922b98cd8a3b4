/// Counter-based random numbers: any number of any stream is made from its keys alone, so results
/// do not depend on the number of ranks or on the order of work.
#pragma once

#include <array>
#include <cstdint>

namespace tallfit {

/// Names one stream: a seed and up to two labels (what it is for, which item).
struct StreamKey {
  std::uint64_t seed = 0;
  std::uint32_t purpose = 0;
};

/// Four 32-bit words of Philox4x32-10 at (key, counter). Local; about 10 ns.
/// @see Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11.
std::array<std::uint32_t, 4> random_words(StreamKey key, std::uint64_t item, std::uint64_t step);

/// The high 52 bits of @p bits as a number in [2^-53, 1 - 2^-53].
double to_open_unit(std::uint64_t bits);

/// Uniform in (0, 1); never 0 nor 1.
double random_uniform(StreamKey key, std::uint64_t item, std::uint64_t step);

/// Standard normal by Box-Muller from one counter.
double random_normal(StreamKey key, std::uint64_t item, std::uint64_t step);

/// A well-mixed 64-bit hash of two words (for dealing items by hash).
std::uint64_t random_hash(StreamKey key, std::uint64_t item, std::uint64_t step);

}  // namespace tallfit
