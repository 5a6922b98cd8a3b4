#include "saved_replicas.hpp"

#include <algorithm>

#include "tallfit/comm/collective_error.hpp"

namespace tallfit::infer {

namespace {

constexpr std::string_view bag_stage = "bag";

void put_numbers(compress::NumberSink& sink, const std::vector<Index>& numbers) {
  const std::vector<double> values(numbers.begin(), numbers.end());
  sink.put(std::span<const double>(values));
}

std::vector<Index> read_numbers(compress::NumberSource& source) {
  const std::vector<double> values = source.numbers();
  return {values.begin(), values.end()};
}

void put_finished(compress::NumberSink& sink, const Ensemble& finished) {
  put_numbers(sink, finished.numbers);
  put_numbers(sink, finished.refitted);
  sink.put(Eigen::MatrixXd(finished.models.leftCols(static_cast<Index>(finished.numbers.size()))));
}

Ensemble read_finished(compress::NumberSource& source) {
  Ensemble finished;
  finished.numbers = read_numbers(source);
  finished.refitted = read_numbers(source);
  finished.models = source.matrix();
  return finished;
}

}  // namespace

void restore_finished(compress::Checkpoint* checkpoint, const comm::Communicator& comm, Ensemble& ensemble) {
  if (checkpoint == nullptr) return;
  comm::all_or_none(comm, [&] {
    checkpoint->restore(bag_stage, [&](compress::NumberSource& source) {
      Ensemble found = read_finished(source);
      if (found.numbers.size() <= ensemble.numbers.size()) return;
      ensemble.models.leftCols(found.models.cols()) = found.models;
      ensemble.numbers = std::move(found.numbers);
      ensemble.refitted = std::move(found.refitted);
    });
  });
}

ReplicaSaver::ReplicaSaver(compress::Checkpoint* checkpoint, const compress::RowLayout& layout,
                           ReplicaBatch batch, const Ensemble& finished, const comm::Communicator& comm,
                           ReplicaSums& sums)
    : checkpoint_(checkpoint),
      layout_(layout),
      batch_(batch),
      finished_(finished),
      comm_(comm),
      sums_(sums),
      known_(static_cast<std::size_t>(layout.n_leaves())) {}

void ReplicaSaver::restore() {
  if (checkpoint_ == nullptr) return;
  comm::all_or_none(comm_, [&] {
    Index part = 0;
    checkpoint_->restore(bag_stage, [&](compress::NumberSource& source) { take(source, part++); });
    if (part > 0) checkpoint_->save(bag_stage, [&](compress::NumberSink& sink) { put(sink); });
  });
  comm::all_or_none(comm_, [&] {
    if (comm_.is_root()) checkpoint_->forget_earlier(bag_stage);
  });
}

/// All ranks go through all parts, the latest first, and agree whose each becomes. A part that has a leaf of
/// one before it was taken over in that one.
void ReplicaSaver::take(compress::NumberSource& source, Index part) {
  read_finished(source);
  ReplicaBatch batch;
  batch.first = source.index();
  batch.count = source.index();
  const std::vector<Index> leaves = read_numbers(source);
  const auto is_known = [&](Index leaf) { return known_.at(static_cast<std::size_t>(leaf)); };
  if (!(batch == batch_) || std::any_of(leaves.begin(), leaves.end(), is_known)) return;
  for (const Index leaf : leaves) known_.at(static_cast<std::size_t>(leaf)) = true;
  if (part % comm_.size() != comm_.rank()) return;
  sums_.add(source.matrix());
  added_.insert(added_.end(), leaves.begin(), leaves.end());
}

std::vector<compress::LeafRange> ReplicaSaver::remaining() const {
  return compress::my_leaves_if(layout_, [&](Index leaf) { return !known_[static_cast<std::size_t>(leaf)]; });
}

void ReplicaSaver::end_leaf(Index leaf) {
  added_.push_back(leaf);
  compress::save_if_due(checkpoint_, bag_stage, [&](compress::NumberSink& sink) { put(sink); });
}

void ReplicaSaver::put(compress::NumberSink& sink) {
  put_finished(sink, comm_.is_root() ? finished_ : Ensemble());
  sink.put(batch_.first);
  sink.put(batch_.count);
  put_numbers(sink, added_);
  sink.put(sums_.settled());
}

}  // namespace tallfit::infer
