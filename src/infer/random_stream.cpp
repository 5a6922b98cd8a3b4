#include "tallfit/infer/random_stream.hpp"

#include <algorithm>
#include <cmath>

namespace tallfit::infer {

namespace {

constexpr std::uint64_t chains_begin = std::uint64_t{1} << 63U;  // other streams of a seed count items from 0
constexpr unsigned step_bits = 24;

}  // namespace

RandomStream::RandomStream(std::uint64_t seed, Index chain, Index step)
    : key_{.seed = seed, .purpose = 0},
      chain_(chains_begin + static_cast<std::uint64_t>(chain)),
      next_(static_cast<std::uint64_t>(step) << step_bits) {}

Index RandomStream::below(Index n) {
  return std::min(n - 1, static_cast<Index>(uniform() * static_cast<double>(n)));
}

double RandomStream::gamma(double shape) {
  if (shape < 1.0) return gamma(shape + 1.0) * std::pow(uniform(), 1.0 / shape);
  const double d = shape - 1.0 / 3.0;
  const double c = 1.0 / std::sqrt(9.0 * d);
  while (true) {
    const double x = normal();
    const double root = 1.0 + c * x;
    const double v = root * root * root;
    if (root > 0.0 && std::log(uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

}  // namespace tallfit::infer
