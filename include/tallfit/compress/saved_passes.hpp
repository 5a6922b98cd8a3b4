/// The passes of an iteration over the rows in a checkpoint.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tallfit/compress/compressor.hpp"
#include "tallfit/compress/leaf_numbers.hpp"

namespace tallfit::compress {

/// Passes over the rows of which each depends on the results of those before, and on nothing else. Results
/// are facts: a run that goes on makes the same steps from those of the passes that were finished, without
/// the rows, and begins with what the leaves of the pass in work had given.
class SavedPasses {
public:
  /// @param checkpoint  none: nothing is saved
  /// @param layout      outlives it
  SavedPasses(Checkpoint* checkpoint, std::string stage, const RowLayout& layout)
      : checkpoint_(checkpoint), stage_(std::move(stage)), layout_(layout) {}

  /// Finds the results of finished passes. @collective
  /// @param start  on what the first pass depends: results of another start are not taken
  void restore(std::vector<double> start, const comm::Communicator& comm);

  /// The result of the next pass, the same on every rank: as it was saved, or as @p make finds it.
  std::vector<double> next(const comm::Communicator& comm, const std::function<std::vector<double>()>& make);

  /// Begins a pass, within @p make: takes what was saved of it, of the factors that it folds too. @collective
  /// @param fold  outlives the pass; none: it folds nothing
  /// @return the leaves that it has to show
  std::vector<LeafRange> begin(const comm::Communicator& comm, Compressor* fold = nullptr);
  /// Takes what the pass has made of a leaf, after the factor, and saves where that is due. Local.
  void end_leaf(Index leaf, std::vector<double> numbers);
  /// LeafNumbers::gathered() of the pass. @collective
  std::vector<double> gathered(const comm::Communicator& comm) const { return leaves_.gathered(comm); }

private:
  using Results = std::vector<std::vector<double>>;
  void put(NumberSink& sink) const;
  Results read_results(NumberSource& source) const;
  void take_leaves(NumberSource& source);

  Checkpoint* checkpoint_;
  std::string stage_;
  const RowLayout& layout_;
  std::vector<double> start_;
  Results results_;  ///< of passes, those of this run on rank 0 only
  bool is_root_ = false;
  Index n_done_ = 0;
  LeafNumbers leaves_;  ///< of the pass in work
  Compressor* fold_ = nullptr;
};

}  // namespace tallfit::compress
