#include "tallfit/linalg/fold_panel.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include "foreign_call.hpp"
#include "lapack.hpp"
#include "scalapack.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/base/memory.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/linalg/cholesky.hpp"

namespace tallfit::linalg {

namespace {

constexpr Index wanted_super_block = 256;
constexpr const char* panel_name = "the panel";

/// Whole rounds of blocks, so that rows of R and of the panel below them start on the same rank.
Index super_block_rows(int grid_rows, Index block) {
  const Index round = block * grid_rows;
  return round * std::max<Index>(1, (wanted_super_block + round / 2) / round);
}

Index whole_blocks(Index rows, Index block) { return ceil_div(rows, block) * block; }

/// Columns of a matrix, of which only the first rows take part.
struct Columns {
  Index first;
  Index width;
  Index rows;
};

/// Multiplies the @p rest columns to the right of some columns by their Q^T. pdormqr would do it, but takes
/// the first block of reflectors one by one: with four blocks a super-block that is most of the time.
void apply_reflectors(BlockCyclicMatrix& a, const Columns& columns, const std::vector<double>& tau,
                      int rest) {
  const Index block = a.block();
  std::vector<double> t(static_cast<std::size_t>(block * block));
  std::vector<double> work(static_cast<std::size_t>(qr_workspace(a.shape())));
  const int* descriptor = a.descriptor().data();
  const int after = static_cast<int>(columns.first + columns.width + 1);
  for (Index done = 0; done < columns.width; done += block) {
    const int m = static_cast<int>(columns.rows - done);
    const int k = static_cast<int>(std::min(block, columns.width - done));
    const int row = static_cast<int>(done + 1);
    const int col = static_cast<int>(columns.first + done + 1);
    pdlarft_("F", "C", &m, &k, a.data(), &row, &col, descriptor, tau.data(), t.data(), work.data(), 1, 1);
    pdlarfb_("L", "T", "F", "C", &m, &rest, &k, a.data(), &row, &col, descriptor, t.data(), a.data(), &row,
             &after, descriptor, work.data(), 1, 1, 1, 1);
  }
}

/// Q R of some columns of a; those to the right of them are multiplied by Q^T.
void factor_columns(BlockCyclicMatrix& a, const Columns& columns) {
  const auto [first, width, rows] = columns;
  const comm::Communicator& comm = a.grid().comm();
  const int m = static_cast<int>(rows);
  const int k = static_cast<int>(width);
  const int rest = static_cast<int>(a.cols() - first - width);
  std::vector<double> tau(static_cast<std::size_t>(std::max(a.local_cols(), width) + 1));
  if (a.grid().is_serial()) {
    const int ld = detail::stride_of(a);
    double* panel = &a.at_local(0, first);
    detail::run_with_workspace({"dgeqrf", panel_name}, qr_workspace(a.shape()), comm,
                               [&](double* work, const int* lwork, int* info) {
                                 dgeqrf_(&m, &k, panel, &ld, tau.data(), work, lwork, info);
                               });
    if (rest == 0) return;
    double* right = &a.at_local(0, first + width);
    detail::run_with_workspace({"dormqr", panel_name}, qr_workspace(a.shape()), comm,
                               [&](double* work, const int* lwork, int* info) {
                                 dormqr_("L", "T", &m, &rest, &k, panel, &ld, tau.data(), right, &ld, work,
                                         lwork, info, 1, 1);
                               });
    return;
  }
  const int from = static_cast<int>(first + 1);
  detail::run_with_workspace(
      {"pdgeqrf", panel_name}, qr_workspace(a.shape()), comm, [&](double* work, const int* lwork, int* info) {
        pdgeqrf_(&m, &k, a.data(), &detail::one, &from, a.descriptor().data(), tau.data(), work, lwork, info);
      });
  if (rest > 0) apply_reflectors(a, columns, tau, rest);
}

}  // namespace

FoldPanel::FoldPanel(const ProcessGrid& grid, Index n_cols, Index local_rows, Index block)
    : super_block_(super_block_rows(grid.rows(), block)),
      top_(super_block_ / grid.rows()),
      capacity_(whole_blocks(local_rows, block)),
      work_(grid, super_block_ + capacity_ * grid.rows(), n_cols, block) {}

MatrixShape FoldPanel::shape(MatrixShape factor, Index local_rows) {
  factor.rows = super_block_rows(factor.grid_rows, factor.block) +
                whole_blocks(local_rows, factor.block) * factor.grid_rows;
  return factor;
}

Index FoldPanel::bytes(int grid_rows, int grid_cols, Index n_cols, Index local_rows, Index block) {
  const MatrixShape panel = shape({n_cols, n_cols, grid_rows, grid_cols, block}, local_rows);
  return double_bytes * panel.local_rows() * panel.local_cols();
}

void FoldPanel::append(const Eigen::Ref<const Eigen::MatrixXd>& rows) {
  require(rows.rows() <= free_rows() && rows.cols() == work_.local_cols(), ErrorKind::bug,
          "{} x {} rows put into a panel with room for {} x {}", rows.rows(), rows.cols(), free_rows(),
          work_.local_cols());
  work_.local().middleRows(top_ + used_, rows.rows()) = rows;
  used_ += rows.rows();
}

/// Fills up with zeros, in place of rows of earlier panels. @return local rows that take part
Index FoldPanel::close_rows() {
  Index most = used_;
  comm::max_in_place(grid().comm(), std::span(&most, 1));
  most = whole_blocks(most, block());
  work_.local().middleRows(top_ + used_, most - used_).setZero();
  used_ = 0;
  return most;
}

void FoldPanel::fold_into(BlockCyclicMatrix& r) {
  const Index rows = close_rows() * grid().rows();
  if (rows == 0) return;
  for (Index first = 0; first < r.rows(); first += super_block_)
    fold_super_block(r, first, std::min(super_block_, r.rows() - first), rows);
}

void FoldPanel::add_gram_to(BlockCyclicMatrix& gram) {
  const Index rows = close_rows() * grid().rows();
  add_gram_in_place(gram, work_, super_block_, rows);
}

void FoldPanel::fold_into(BlockCyclicMatrix& r, const BlockCyclicMatrix& below, double scale) {
  require(used_ == 0 && r.rows() == n_cols() && r.cols() == n_cols() && below.cols() == n_cols() &&
              below.rows() <= n_cols() && r.grid() == grid() && below.grid() == grid() &&
              r.block() == block() && below.block() == block(),
          ErrorKind::bug, "a {} x {} matrix folded into a {} x {} one by a panel of {} columns", below.rows(),
          below.cols(), r.rows(), r.cols(), n_cols());
  const bool triangular = below.rows() == below.cols();
  const Index slice = capacity_ * grid().rows();  // whole rounds of blocks: every row is where it must be
  for (Index begin = 0; begin < below.rows(); begin += slice) {
    const Index count = std::min(slice, below.rows() - begin);
    const Index from = below.row_axis().count_before(begin, grid().my_row());
    const Index mine = below.row_axis().count_before(begin + count, grid().my_row()) - from;
    work_.local().middleRows(top_, mine) = scale * below.local().middleRows(from, mine);
    // A triangle is zero left of these rows, and under the diagonal of the super-block.
    for (Index first = triangular ? begin / super_block_ * super_block_ : 0; first < r.rows();
         first += super_block_) {
      const Index width = std::min(super_block_, r.rows() - first);
      fold_super_block(r, first, width, triangular ? std::min(count, first + width - begin) : count);
    }
  }
}

/// Folds the first @p rows of the panel into rows [first, first + width) of R.
void FoldPanel::fold_super_block(BlockCyclicMatrix& r, Index first, Index width, Index rows) {
  const int my_row = r.grid().my_row();
  const Index begin = r.row_axis().count_before(first, my_row);
  const Index count = r.row_axis().count_before(first + width, my_row) - begin;
  const Index left = r.col_axis().count_before(first, r.grid().my_col());
  const Index n_right = r.local_cols() - left;
  work_.local().topRows(top_).setZero();
  work_.local().block(0, left, count, n_right) = r.local().block(begin, left, count, n_right);
  factor_columns(work_, {.first = first, .width = width, .rows = super_block_ + rows});
  for (Index j = left; j < r.local_cols(); ++j) {
    const Index below = r.row_axis().count_before(r.global_col(j) + 1, my_row);
    const Index height = std::clamp<Index>(below - begin, 0, count);  // reflectors stand under the diagonal
    r.local().col(j).segment(begin, height) = work_.local().col(j).head(height);
  }
}

}  // namespace tallfit::linalg
