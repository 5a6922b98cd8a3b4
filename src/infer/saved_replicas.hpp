/// Replicas in a checkpoint: those that are finished, and the sums of those in work.
#pragma once

#include <vector>

#include "tallfit/compress/checkpoint.hpp"
#include "tallfit/compress/row_pass.hpp"
#include "tallfit/infer/bag.hpp"
#include "tallfit/infer/replica_sums.hpp"

namespace tallfit::infer {

/// Replicas first, ..., first + count - 1: one pass over the rows.
struct ReplicaBatch {
  Index first = 0;
  Index count = 0;
  bool operator==(const ReplicaBatch&) const = default;
};

/// Finds finished replicas. The same on every rank. @collective
void restore_finished(compress::Checkpoint* checkpoint, const comm::Communicator& comm, Ensemble& ensemble);

/// Saves the sums of a batch after each leaf where it is due. Sums are exact, so that ranks may take over
/// those that others had made, in any order, without a change of a bit.
class ReplicaSaver final : public compress::RowVisitor {
public:
  /// @param finished  the replicas before the batch; rank 0 saves them too
  ReplicaSaver(compress::Checkpoint* checkpoint, const compress::RowLayout& layout, ReplicaBatch batch,
               const Ensemble& finished, const comm::Communicator& comm, ReplicaSums& sums);

  /// Takes over saved sums of this batch. @collective
  void restore();
  /// Leaves of this rank whose rows are in no sums yet. Local.
  std::vector<compress::LeafRange> remaining() const;

  void visit(const compress::LeafRows& /*rows*/) override {}
  void end_leaf(Index leaf) override;

private:
  void take(compress::NumberSource& source, Index part);
  void put(compress::NumberSink& sink);

  compress::Checkpoint* checkpoint_;
  const compress::RowLayout& layout_;
  ReplicaBatch batch_;
  const Ensemble& finished_;
  const comm::Communicator& comm_;
  ReplicaSums& sums_;
  std::vector<bool> known_;   ///< by leaf of all ranks: in the sums that were saved
  std::vector<Index> added_;  ///< leaves that are in the sums of this rank
};

}  // namespace tallfit::infer
