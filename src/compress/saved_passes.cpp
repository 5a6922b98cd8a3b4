#include "tallfit/compress/saved_passes.hpp"

#include <utility>

#include "tallfit/base/log.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"

namespace tallfit::compress {

void SavedPasses::restore(std::vector<double> start, const comm::Communicator& comm) {
  if (checkpoint_ == nullptr) return;
  start_ = std::move(start);
  comm::all_or_none(comm, [&] {
    if (!comm.is_root()) return;
    checkpoint_->restore(stage_, [&](NumberSource& source) {
      Results found = read_results(source);
      if (found.size() > results_.size()) results_ = std::move(found);
    });
  });
  Index count = static_cast<Index>(results_.size());
  comm::broadcast(comm, std::span(&count, 1), 0);
  results_.resize(static_cast<std::size_t>(count));
  for (std::vector<double>& result : results_) comm::broadcast(comm, result, 0);
  if (count > 0) log::info("{}: the results of {} passes are in the checkpoint", stage_, count);
}

std::vector<double> SavedPasses::next(const comm::Communicator& comm,
                                      const std::function<std::vector<double>()>& make) {
  const auto at = static_cast<std::size_t>(n_done_);
  std::vector<double> result = at < results_.size() ? results_[at] : make();
  if (at >= results_.size() && checkpoint_ != nullptr && comm.is_root()) results_.push_back(result);
  ++n_done_;
  fold_ = nullptr;
  return result;
}

std::vector<LeafRange> SavedPasses::begin(const comm::Communicator& comm, Compressor* fold) {
  leaves_ = {};
  fold_ = fold;
  is_root_ = comm.is_root();
  take_over(checkpoint_, stage_, comm,
            {.read = [&](NumberSource& source) { take_leaves(source); },
             .write = [&](NumberSink& sink) { put(sink); }});
  return my_leaves_if(
      layout_, [&](Index leaf) { return !leaves_.has(leaf) || (fold_ != nullptr && fold_->needs(leaf)); });
}

void SavedPasses::end_leaf(Index leaf, std::vector<double> numbers) {
  leaves_.set(leaf, std::move(numbers));
  save_if_due(checkpoint_, stage_, [&](NumberSink& sink) { put(sink); });
}

/// The results come from rank 0, the leaves from each.
void SavedPasses::put(NumberSink& sink) const {
  sink.put(std::span<const double>(start_));
  sink.put(is_root_ ? static_cast<Index>(results_.size()) : Index{0});
  if (is_root_)
    for (const std::vector<double>& result : results_) sink.put(std::span<const double>(result));
  sink.put(n_done_);
  leaves_.put(sink, layout_);
  if (fold_ != nullptr) fold_->put(sink);
}

/// None where they are of another start.
SavedPasses::Results SavedPasses::read_results(NumberSource& source) const {
  const bool is_of_start = source.numbers() == start_;
  Results results(static_cast<std::size_t>(source.index()));
  for (std::vector<double>& result : results) result = source.numbers();
  return is_of_start ? results : Results();
}

/// Those of the pass in work; what was saved of other passes is in a result, or will be made again.
void SavedPasses::take_leaves(NumberSource& source) {
  const bool is_of_start = source.numbers() == start_;
  for (Index left = source.index(); left > 0; --left) source.numbers();
  if (!is_of_start || source.index() != n_done_) return;
  leaves_.take(source, layout_);
  if (fold_ != nullptr) fold_->take(source);
}

}  // namespace tallfit::compress
