/// What a pass over the rows makes of each leaf.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "tallfit/comm/communicator.hpp"
#include "tallfit/compress/checkpoint.hpp"
#include "tallfit/compress/row_layout.hpp"

namespace tallfit::compress {

/// Numbers of rows that a pass leaves somewhere, as in a file, for a checkpoint to save with their leaves.
class RowStore {
public:
  RowStore() = default;
  RowStore(const RowStore&) = delete;
  RowStore& operator=(const RowStore&) = delete;
  virtual ~RowStore() = default;

  /// Those of rows [begin, end), which this rank has left there. Local.
  virtual std::vector<double> numbers_of(Index begin, Index end) = 0;
  /// Leaves them there again. Local.
  virtual void take(Index begin, Index end, std::span<const double> numbers) = 0;
};

/// Numbers of this rank's leaves: facts, whatever rank made them. A leaf that is made again has the same.
class LeafNumbers {
public:
  void set(Index leaf, std::vector<double> numbers) { of_leaf_[leaf] = std::move(numbers); }
  bool has(Index leaf) const { return of_leaf_.contains(leaf); }
  /// Those of this rank, by leaf.
  const std::map<Index, std::vector<double>>& all() const { return of_leaf_; }

  /// @param rows  whose numbers are saved with their leaves; none: nowhere
  void put(NumberSink& sink, const RowLayout& layout, RowStore* rows = nullptr) const;
  /// Takes those of this rank's leaves that it does not have. @param rows  as put() had it
  void take(NumberSource& source, const RowLayout& layout, RowStore* rows = nullptr);
  /// The leaves of this rank without numbers. Local.
  std::vector<LeafRange> missing(const RowLayout& layout) const;

  /// The numbers of all leaves, in the order of the leaves, on every rank: what is summed in this order has
  /// the same bits on any number of ranks. @collective
  std::vector<double> gathered(const comm::Communicator& comm) const;

private:
  std::map<Index, std::vector<double>> of_leaf_;
};

}  // namespace tallfit::compress
