#include <utility>

#include "tallfit/base/phase.hpp"
#include "tallfit/estimate/grid_system.hpp"
#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/qr.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::estimate {

namespace {

using linalg::BlockCyclicMatrix;

/// The columns of w [A 1 b] with the ones first and zeros below the rows; triangular again.
BlockCyclicMatrix with_ones_first(const BlockCyclicMatrix& factor) {
  const Index n = factor.cols();
  const Index rows = factor.rows();
  BlockCyclicMatrix moved(factor.grid(), n, n, factor.block());
  linalg::copy_part(factor, {.row = 0, .col = n - 2, .rows = rows, .cols = 1}, moved, {0, 0});
  linalg::copy_part(factor, {.row = 0, .col = 0, .rows = rows, .cols = n - 2}, moved, {0, 1});
  linalg::copy_part(factor, {.row = 0, .col = n - 1, .rows = rows, .cols = 1}, moved, {0, n - 1});
  linalg::triangularise_in_place(moved);
  return moved;
}

}  // namespace

LeastSquaresSystem grid_training_system(const compress::CompressedDesign& design,
                                        const design::GroupMultipliers& multipliers, Intercept intercept) {
  BlockCyclicMatrix factor = [&] {
    const Phase phase("merge cells");
    return compress::merge_training_cells_on_grid(design, multipliers);
  }();
  return make_system(std::move(factor), compress::count_training_rows(design, multipliers), intercept);
}

LeastSquaresSystem make_system(BlockCyclicMatrix factor, Index n_rows, Intercept intercept) {
  const Index n = factor.cols() - 2;
  const double norm_of_ones = linalg::column_norms(factor)(n);
  if (intercept == Intercept::fitted) {
    factor = with_ones_first(factor);
  } else if (factor.rows() < factor.cols()) {
    factor = linalg::square_factor(factor);
  }
  return system_of(factor, n, {n_rows, norm_of_ones * norm_of_ones}, intercept);
}

}  // namespace tallfit::estimate
