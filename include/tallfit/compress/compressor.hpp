/// Rows in, compressed design out.
#pragma once

#include <optional>
#include <vector>

#include "tallfit/compress/checkpoint.hpp"
#include "tallfit/compress/compressed_design.hpp"
#include "tallfit/compress/fold_schedule.hpp"
#include "tallfit/compress/row_pass.hpp"
#include "tallfit/compress/waiting_rows.hpp"
#include "tallfit/linalg/fold.hpp"

namespace tallfit::compress {

/// Folds the rows of a pass into the cells of a plan.
///
/// Rows of a cell are folded in equal parts while they are read, through whole nodes of the tree of leaves
/// where folded_nodes() allows it; elsewhere the rows of each leaf are kept and merged over the tree. The
/// order depends on the layout only, so the factors are bitwise the same on any number of ranks. Cost: 2 N
/// K^2 / P flops; memory as predict_bytes_in_place() says.
class Compressor final : public RowVisitor {
public:
  /// @param checkpoint  where factors are saved between leaves; none: nowhere
  Compressor(const RowLayout& layout, const CellPlan& plan, Checkpoint* checkpoint = nullptr);

  /// Takes what earlier runs saved: the same factors of the same nodes, whatever ranks had made them. Before
  /// the pass. @collective @throws Error{input} for a damaged file.
  void restore(const comm::Communicator& comm);
  /// Whether the pass has to show a leaf of this rank: of some cell the factor is not there yet. Local.
  bool needs(Index leaf) const;
  /// All such leaves. Local.
  std::vector<LeafRange> remaining() const;

  /// For passes that save the factors with results of their own: what restore() takes, one rank's at a time.
  /// Local.
  void put(NumberSink& sink) const;
  void take(NumberSource& source);

  void begin_leaf(Index leaf) override;
  void visit(const LeafRows& rows) override;
  void end_leaf(Index leaf) override;

  /// Merges over the ranks. @collective
  CompressedDesign finish(const design::DesignInfo& info, const comm::Communicator& comm);

private:
  /// What is read of one cell.
  struct Progress {
    Index expected = 0;                     ///< rows of the present leaf still to come
    std::vector<double> rows;               ///< w [a 1 b] of this leaf, where they are kept
    std::vector<FoldedNode> nodes;          ///< where they are folded
    std::size_t next_node = 0;              ///< the present one or the next
    std::size_t next_part = 0;              ///< of its parts
    Index left_in_part = 0;                 ///< rows
    Index fold_rows = 0;                    ///< of this part that are folded together
    WaitingRows waiting;                    ///< rows of this part that are not folded yet, where these stay
    std::optional<linalg::RowTiles> tiles;  ///< and where they do not
    std::vector<double> triangle;           ///< the folded ones of the node
    std::vector<bool> restored;             ///< by leaf of this rank: its rows are in a factor already

    /// Rows that are not folded yet.
    Index n_taken() const { return tiles ? tiles->n_rows() : waiting.n_rows(); }
    bool folds(Index leaf) const { return next_node < nodes.size() && nodes[next_node].first_leaf() <= leaf; }
  };

  void keep(Progress& cell, const LeafRows& rows, Index first, Index count) const;
  void fold(Progress& cell, const LeafRows& rows, Index first, Index count);
  void take(Progress& cell, const LeafRows& rows, Index first, Index count) const;
  void fold_taken(Progress& cell);
  bool is_restored(const Progress& cell, Index leaf) const {
    return cell.restored[static_cast<std::size_t>(leaf - layout_.my_first_leaf)];
  }
  bool takes(const TreeNode& node) const;
  void restore(const TreeNode& node, Factor factor);

  const RowLayout& layout_;
  const CellPlan& plan_;
  Checkpoint* checkpoint_;
  std::vector<std::vector<Index>> rows_;  ///< [cell][leaf of this rank]
  std::vector<Progress> cells_;
  Index leaf_ = 0;                                ///< the present one
  std::optional<linalg::RowTiles> shared_tiles_;  ///< of the cells whose rows stay in memory
  TreePieces pieces_;
};

}  // namespace tallfit::compress
