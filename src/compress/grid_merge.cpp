#include "grid_merge.hpp"

#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/qr.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::compress {

namespace {

using linalg::BlockCyclicMatrix;

/// All rows of both, in this order; a triangle where they are as many as columns.
BlockCyclicMatrix stacked(const BlockCyclicMatrix& top, const BlockCyclicMatrix& bottom) {
  const Index n = top.cols();
  const Index rows = top.rows() + bottom.rows();
  BlockCyclicMatrix both(top.grid(), rows, n, top.block());
  linalg::copy_part(top, {.row = 0, .col = 0, .rows = top.rows(), .cols = n}, both, {0, 0});
  linalg::copy_part(bottom, {.row = 0, .col = 0, .rows = bottom.rows(), .cols = n}, both, {top.rows(), 0});
  if (rows < n) return both;
  linalg::triangularise_in_place(both);
  return rows == n ? both : linalg::leading_rows(both, n);
}

}  // namespace

void GridMerge::fold_into(BlockCyclicMatrix& r, const BlockCyclicMatrix& below, double scale) {
  const Index n = r.cols();
  if (r.rows() < n) {
    BlockCyclicMatrix scaled = below;
    scaled.local() *= scale;
    r = stacked(r, scaled);
    return;
  }
  const linalg::ProcessGrid& grid = r.grid();
  if (!panel_)
    panel_.emplace(grid, n, linalg::FoldPanel::usual_rows(n, grid.comm().size()) * grid.cols(), r.block());
  panel_->fold_into(r, below, scale);
}

}  // namespace tallfit::compress
