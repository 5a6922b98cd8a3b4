#include "grid_merge.hpp"

#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/qr.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::compress {

namespace {

using linalg::BlockCyclicMatrix;

/// All rows of both in this order, those below times a number.
BlockCyclicMatrix stacked(const BlockCyclicMatrix& top, const BlockCyclicMatrix& below, double scale) {
  const Index n = top.cols();
  BlockCyclicMatrix both(top.grid(), top.rows() + below.rows(), n, top.block());
  linalg::copy_part(below, {.row = 0, .col = 0, .rows = below.rows(), .cols = n}, both, {top.rows(), 0});
  both.local() *= scale;
  linalg::copy_part(top, {.row = 0, .col = 0, .rows = top.rows(), .cols = n}, both, {0, 0});
  return both;
}

}  // namespace

void GridMerge::fold_into(BlockCyclicMatrix& r, const BlockCyclicMatrix& below, double scale) {
  const Index n = r.cols();
  if (r.rows() + below.rows() < n) {
    r = stacked(r, below, scale);
    return;
  }
  if (r.rows() < n) r = linalg::square_factor(r);
  const linalg::ProcessGrid& grid = r.grid();
  if (!panel_)
    panel_.emplace(grid, n, linalg::FoldPanel::usual_rows(n, grid.comm().size()) * grid.cols(), r.block());
  panel_->fold_into(r, below, scale);
}

}  // namespace tallfit::compress
