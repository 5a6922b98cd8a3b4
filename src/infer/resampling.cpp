#include "tallfit/infer/resampling.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "tallfit/base/error.hpp"
#include "tallfit/base/random.hpp"

namespace tallfit::infer {

namespace {

constexpr std::uint32_t purpose_of_draws = 0x62616701;  // a stream of its own

/// Any of n things, all alike to 2^-64 n.
Index any_of(Index n, std::uint64_t bits) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<Index>(
      static_cast<std::uint64_t>((static_cast<Wide>(bits) * static_cast<Wide>(n)) >> 64U));
}

/// A Poisson count by inversion; the chance of more than the last is below 2^-53.
float poisson(double mean, double uniform) {
  double term = std::exp(-mean);
  double sum = term;
  int count = 0;
  while (uniform > sum && count < 200) {
    ++count;
    term *= mean / count;
    sum += term;
  }
  return static_cast<float>(count);
}

/// The units in a random order.
std::vector<Index> shuffled(Index n, StreamKey key, std::uint64_t item) {
  std::vector<std::uint64_t> place(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < place.size(); ++i) place[i] = random_hash(key, item, i);
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index a, Index b) {
    const auto pa = place[static_cast<std::size_t>(a)];
    const auto pb = place[static_cast<std::size_t>(b)];
    return pa != pb ? pa < pb : a < b;
  });
  return order;
}

/// Draws one replica.
class Drawer {
public:
  Drawer(const Resampling& how, const UnitRange& units)
      : how_(how),
        units_(units),
        n_drawn_(std::max<Index>(1, std::llround(how.fraction * static_cast<double>(units.total)))) {}

  void draw(Index replica, Eigen::Ref<Eigen::VectorXf> weights) const {
    const auto item = static_cast<std::uint64_t>(replica);
    weights.setZero();
    switch (how_.draw) {
      case Draw::bootstrap:
        for (Index i = 0; i < n_drawn_; ++i)
          add(any_of(units_.total, random_hash(key(), item, static_cast<std::uint64_t>(i))), weights);
        return;
      case Draw::poisson:
        for (Index i = 0; i < units_.count; ++i)
          weights(i) = poisson(how_.fraction,
                               random_uniform(key(), item, static_cast<std::uint64_t>(units_.first + i)));
        return;
      case Draw::bayesian:
        return draw_dirichlet(item, weights);
      case Draw::subsample: {
        const std::vector<Index> order = shuffled(units_.total, key(), item);
        for (Index i = 0; i < n_drawn_; ++i) add(order[static_cast<std::size_t>(i)], weights);
        return;
      }
      case Draw::folds: {
        // Each round of `folds` replicas shares an order, of which a replica leaves one part out.
        const Index part = (replica - 1) % how_.folds;
        const std::vector<Index> order =
            shuffled(units_.total, key(), static_cast<std::uint64_t>((replica - 1) / how_.folds));
        for (Index i = 0; i < units_.total; ++i)
          if (i % how_.folds != part) add(order[static_cast<std::size_t>(i)], weights);
        return;
      }
    }
  }

private:
  StreamKey key() const { return {.seed = how_.seed, .purpose = purpose_of_draws}; }

  void add(Index unit, Eigen::Ref<Eigen::VectorXf>& weights) const {
    if (unit >= units_.first && unit < units_.first + units_.count) weights(unit - units_.first) += 1.0F;
  }

  /// Exponential variates over their sum; the sum goes over all units in order, on every rank.
  void draw_dirichlet(std::uint64_t item, Eigen::Ref<Eigen::VectorXf>& weights) const {
    const auto variate = [&](Index unit) {
      return -std::log(random_uniform(key(), item, static_cast<std::uint64_t>(unit)));
    };
    double sum = 0.0;
    for (Index i = 0; i < units_.total; ++i) sum += variate(i);
    for (Index i = 0; i < units_.count; ++i) {
      const double weight = variate(units_.first + i) * static_cast<double>(units_.total) / sum;
      weights(i) = static_cast<float>(
          std::ldexp(std::max(1.0, std::nearbyint(std::ldexp(std::min(weight, 15.0), 20))), -20));
    }
  }

  const Resampling& how_;
  const UnitRange& units_;
  Index n_drawn_;
};

}  // namespace

Eigen::MatrixXf replica_weights(const Resampling& how, const UnitRange& units, Index first, Index count) {
  require(units.total > 0, ErrorKind::input, "no training rows: nothing can be drawn");
  require(how.fraction > 0.0 && (how.draw != Draw::subsample || how.fraction <= 1.0), ErrorKind::input,
          "bag.fraction = {}: expected a number above 0, and at most 1 without replacement", how.fraction);
  require(how.draw != Draw::folds || units.total >= how.folds, ErrorKind::input,
          "{} units cannot be dealt to {} folds. Set bag.folds lower", units.total, how.folds);
  Eigen::MatrixXf weights(units.count, count);
  const Drawer drawer(how, units);
  for (Index r = 0; r < count; ++r) drawer.draw(first + r, weights.col(r));
  return weights;
}

}  // namespace tallfit::infer
