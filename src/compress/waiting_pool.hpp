/// Rows of many cells that wait in one piece of memory.
#pragma once

#include <vector>

#include "tallfit/compress/cell_plan.hpp"
#include "tallfit/compress/row_pass.hpp"

namespace tallfit::compress {

/// Takes w [a 1 b] of the rows of a pass, and gives those of each cell back in the order in which they came.
/// Rows of cells that the plan does not have are left out. Memory: capacity rows. Local.
class WaitingPool final : public RowVisitor {
public:
  WaitingPool(const CellPlan& plan, Index n_cols, Index capacity);

  void visit(const LeafRows& rows) override;

  /// Rows of all cells, and of each.
  Index n_rows() const { return capacity_ - static_cast<Index>(free_.size()); }
  Index n_rows(std::size_t cell) const { return static_cast<Index>(waiting_[cell].size()); }
  std::size_t n_cells() const { return waiting_.size(); }
  std::size_t fullest_cell() const;
  Index capacity() const { return capacity_; }

  /// K + 2 numbers of row i of a cell.
  const double* row(std::size_t cell, Index i) const {
    return values_.data() + waiting_[cell][static_cast<std::size_t>(i)] * (n_cols_ + 2);
  }
  /// Lets the first rows of a cell go.
  void drop(std::size_t cell, Index count);

private:
  const CellPlan& plan_;
  Index n_cols_;
  Index capacity_;
  std::vector<double> values_;
  std::vector<Index> free_;                  ///< places
  std::vector<std::vector<Index>> waiting_;  ///< of each cell: places
};

}  // namespace tallfit::compress
