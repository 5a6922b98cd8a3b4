/// Rows in, compressed design out.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "tallfit/compress/compressed_design.hpp"
#include "tallfit/compress/factor_tree.hpp"
#include "tallfit/compress/row_pass.hpp"
#include "tallfit/linalg/fold.hpp"

namespace tallfit::compress {

/// Folds the rows of a pass into the cells of a plan.
///
/// Rows are gathered per cell and folded when fold_rows are there or the leaf ends, then merged over
/// the tree of leaves; the order depends on the layout only, so the factors are bitwise the same on any
/// number of ranks. Cost: 2 N K^2 / P flops; memory as predict_bytes_in_place() says.
class Compressor final : public RowVisitor {
public:
  Compressor(const RowLayout& layout, const CellPlan& plan);

  void begin_leaf(Index leaf) override;
  void visit(const LeafRows& rows) override;
  void end_leaf(Index leaf) override;

  /// Merges over the ranks. @collective
  CompressedDesign finish(const design::DesignInfo& info, const comm::Communicator& comm);

private:
  /// The rows of one cell in the present leaf.
  struct Active {
    Index expected = 0;                     ///< still to come
    std::vector<double> rows;               ///< w [a 1 b], while few are expected; else
    std::optional<linalg::RowTiles> tiles;  ///< those not yet folded, and
    std::vector<double> triangle;           ///< the others
  };

  void append(Active& active, const LeafRows& rows, Index first, Index count) const;
  void append_raw(std::vector<double>& to, const LeafRows& rows, Index first, Index count) const;
  void append_tiled(linalg::RowTiles& to, const LeafRows& rows, Index first, Index count) const;

  const RowLayout& layout_;
  const CellPlan& plan_;
  std::vector<LeafCell>::const_iterator next_leaf_cell_;
  std::map<int, Active> active_;
  TreePieces pieces_;
};

}  // namespace tallfit::compress
