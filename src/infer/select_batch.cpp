#include "tallfit/infer/select_batch.hpp"

#include <algorithm>
#include <limits>

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"

namespace tallfit::infer {

namespace {

constexpr double no_gain = -std::numeric_limits<double>::infinity();

/// The best of some configurations.
struct Best {
  double rate = no_gain;  ///< gain, or gain for each row
  double gain = 0.0;
  Index unit = std::numeric_limits<Index>::max();

  bool is_better_than(const Best& other) const {
    return rate > other.rate || (rate == other.rate && unit < other.unit);
  }
};

class GreedySelection {
public:
  GreedySelection(const PoolTable& pool, const PoolBlocks& blocks, DesignCriterion& criterion,
                  const BatchOptions& options)
      : pool_(pool),
        blocks_(blocks),
        criterion_(criterion),
        options_(options),
        information_(blocks.n_coordinates) {
    const auto n = static_cast<std::size_t>(pool.mine.count);
    known_.resize(n);
    is_open_.assign(n, true);
    for (const Index unit : options.left_out)
      if (is_mine(unit)) is_open_[local(unit)] = false;
  }

  /// Gains of all my configurations, also of those that may not be chosen.
  std::vector<double> scores() {
    std::vector<double> all(known_.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      known_[i] = evaluate(i);
      all[i] = known_[i].rate;
    }
    are_fresh_ = true;
    return all;
  }

  /// The best of mine.
  Best best() {
    Best found;
    const bool is_lazy = criterion_.gains_only_fall();
    for (const std::size_t i : is_lazy ? open_by_gain() : open()) {
      if (is_lazy && known_[i].rate + slack(known_[i].rate) < found.rate) break;
      if (!are_fresh_) known_[i] = evaluate(i);
      if (known_[i].is_better_than(found)) found = known_[i];
    }
    are_fresh_ = false;
    return found;
  }

  Choice choose(const Best& best, const comm::Communicator& comm) {
    Choice choice{.unit = best.unit, .change = {}, .gain = best.gain};
    const int owner = owner_of(best.unit, comm);
    double squares = 0.0;
    Index n_rows = 0;
    if (owner == comm.rank()) {
      squares = blocks_.squares[local(best.unit)];
      n_rows = blocks_.blocks[local(best.unit)].cols();
      is_open_[local(best.unit)] = false;
    }
    comm::broadcast(comm, std::span(&squares, 1), owner);
    comm::broadcast(comm, std::span(&n_rows, 1), owner);
    Eigen::MatrixXd block(blocks_.n_coordinates, n_rows);
    if (owner == comm.rank()) block = blocks_.blocks[local(best.unit)];
    comm::broadcast(comm, std::span(block.data(), static_cast<std::size_t>(block.size())), owner);
    choice.change.before = criterion_.value({information_.whitened(block), squares});
    information_.add(block);
    criterion_.update(information_, squares);
    choice.change.after = criterion_.value({information_.whitened(block), squares});
    return choice;
  }

  Index evaluations() const { return evaluations_; }

private:
  bool is_mine(Index unit) const {
    return unit >= pool_.mine.first && unit < pool_.mine.first + pool_.mine.count;
  }
  std::size_t local(Index unit) const { return static_cast<std::size_t>(unit - pool_.mine.first); }

  int owner_of(Index unit, const comm::Communicator& comm) const {
    Index owner = is_mine(unit) ? comm.rank() : 0;
    comm::max_in_place(comm, std::span(&owner, 1));
    return static_cast<int>(owner);
  }

  /// Rounding may raise a gain that only falls: what comes as close as this is computed again, so that the
  /// choice does not depend on which gains a rank has computed before.
  static double slack(double bound) { return 1e-9 * std::abs(bound); }

  Best evaluate(std::size_t i) {
    ++evaluations_;
    const double gain = criterion_.gain({information_.whitened(blocks_.blocks[i]), blocks_.squares[i]});
    const Index unit = pool_.mine.first + static_cast<Index>(i);
    const double rate = options_.per_row ? gain / static_cast<double>(pool_.unit(unit).n_rows) : gain;
    return {.rate = rate, .gain = gain, .unit = unit};
  }

  std::vector<std::size_t> open() const {
    std::vector<std::size_t> list;
    for (std::size_t i = 0; i < is_open_.size(); ++i)
      if (is_open_[i]) list.push_back(i);
    return list;
  }

  std::vector<std::size_t> open_by_gain() const {
    std::vector<std::size_t> list = open();
    std::sort(list.begin(), list.end(),
              [&](std::size_t a, std::size_t b) { return known_[a].is_better_than(known_[b]); });
    return list;
  }

  const PoolTable& pool_;
  const PoolBlocks& blocks_;
  DesignCriterion& criterion_;
  const BatchOptions& options_;
  Information information_;
  std::vector<Best> known_;    ///< gains that were true once
  std::vector<bool> is_open_;  ///< may still be chosen
  bool are_fresh_ = false;     ///< known gains are those of this step
  Index evaluations_ = 0;
};

}  // namespace

Batch select_batch(const PoolTable& pool, const PoolBlocks& blocks, DesignCriterion& criterion,
                   const BatchOptions& options, const comm::Communicator& comm) {
  const Index n_open = pool.size() - static_cast<Index>(options.left_out.size());
  comm::require_replicated(comm, options.size <= n_open, ErrorKind::input,
                           "select.size = {} is more than the {} configurations that may be chosen",
                           options.size, n_open);
  GreedySelection selection(pool, blocks, criterion, options);
  Batch batch;
  batch.scores = comm::all_gather(comm, selection.scores());
  for (Index step = 0; step < options.size; ++step) {
    Best best;
    for (const Best& of_rank : comm::all_gather(comm, std::vector<Best>{selection.best()}))
      if (of_rank.is_better_than(best)) best = of_rank;
    batch.choices.push_back(selection.choose(best, comm));
  }
  batch.evaluations = selection.evaluations();
  comm::sum_in_place(comm, std::span(&batch.evaluations, 1));
  return batch;
}

}  // namespace tallfit::infer
