/// How the rows of a design are cut into leaves, dealt to ranks and folds, and what each leaf holds.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "tallfit/comm/communicator.hpp"
#include "tallfit/compress/cell_key.hpp"
#include "tallfit/design/row_source.hpp"

namespace tallfit::compress {

/// Number of leaves: depends on N and K only, so that sums and factors over the tree of leaves do too.
Index leaf_count(Index n_rows, Index n_cols);

/// The rows of one leaf that share a finest cell key.
struct LeafCell {
  Index leaf = 0;
  CellKey key;
  TargetSums sums;
};

/// Leaves first, ..., end - 1.
struct LeafRange {
  Index first = 0;
  Index end = 0;
};

/// Where the rows are; the same on every rank. Made by survey().
struct RowLayout {
  Index n_rows = 0;
  Index n_cols = 0;
  int n_folds = 0;  ///< < 2: none
  std::uint64_t seed = 0;
  Index n_configurations = 0;
  Index n_used = 0;                  ///< rows with w > 0
  std::vector<Index> leaf_begin;     ///< first row of each leaf, and n_rows at the end
  std::vector<LeafCell> leaf_cells;  ///< by leaf, then key
  std::vector<Index> ordinals;       ///< of my leaves x groups: training configurations before the leaf
  Index my_first_leaf = 0;
  Index my_end_leaf = 0;

  Index n_leaves() const { return static_cast<Index>(leaf_begin.size()) - 1; }
  Index my_begin() const { return leaf_begin[static_cast<std::size_t>(my_first_leaf)]; }
  Index my_end() const { return leaf_begin[static_cast<std::size_t>(my_end_leaf)]; }
};

/// The leaves of this rank that @p wanted holds for, in as few ranges as there are. Local.
std::vector<LeafRange> my_leaves_if(const RowLayout& layout, const std::function<bool(Index leaf)>& wanted);

/// First leaf of a rank; rank n_ranks gives the end of the last. Leaves are dealt in contiguous runs.
Index first_leaf_of(int rank, int n_ranks, Index n_leaves);

/// Reads all labels (not the features) and lays the rows out.
///
/// Checks that targets and scales are finite, that rows of one configuration are adjacent and that some row
/// has w > 0. Rows with w = 0 are in no cell. Cost: two passes over the labels (one without folds), two
/// gathers of the leaf cells. @collective
/// @throws Error{input} naming the row.
RowLayout survey(design::RowSource& source, const comm::Communicator& comm, int n_folds, std::uint64_t seed);

/// Gives the rows of one leaf, in order, their finest cell keys.
class RowClassifier {
public:
  RowClassifier(const RowLayout& layout, Index leaf);

  /// Keys of the next rows of the leaf. @p keys is resized; rows with w = 0 get a key that means nothing.
  void classify(const design::RowLabels& labels, std::vector<CellKey>& keys);
  /// The same for rows [begin, end) of the labels.
  void classify(const design::RowLabels& labels, Index begin, Index end, std::vector<CellKey>& keys);

private:
  const RowLayout& layout_;
  std::vector<Index> ordinals_;
  bool started_ = false;
  std::uint64_t configuration_ = 0;
  int fold_ = CellKey::any;
  double last_scale_ = -1.0;
  int last_decade_ = 0;
};

}  // namespace tallfit::compress
