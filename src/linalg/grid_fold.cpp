#include "tallfit/linalg/grid_fold.hpp"

#include <algorithm>
#include <utility>

#include "foreign_call.hpp"
#include "lapack.hpp"
#include "scalapack.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/base/memory.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/linalg/matrix_ops.hpp"

namespace tallfit::linalg {

namespace {

constexpr Index chunk_bytes = Index{2} << 20U;
constexpr Index wanted_super_block = 256;
constexpr const char* name = "the panel";

Index chunk_rows(Index n_cols, Index rows_per_rank) {
  const Index most = std::max<Index>(1, chunk_bytes / (8 * std::max<Index>(1, n_cols)));
  return ceil_div(rows_per_rank, ceil_div(rows_per_rank, most));
}

/// A multiple of the chunk.
Index slot_rows(Index n_cols, Index rows_per_rank) {
  const Index chunk = chunk_rows(n_cols, rows_per_rank);
  return ceil_div(rows_per_rank, chunk) * chunk;
}

/// Whole rounds of blocks, so that rows of R and of the panel below them start on the same rank.
Index super_block_rows(int grid_rows, Index block) {
  const Index round = block * grid_rows;
  return round * std::max<Index>(1, (wanted_super_block + round / 2) / round);
}

Index panel_rows(int grid_rows, int grid_cols, Index slot, Index block) {
  return ceil_div(slot * grid_cols, block) * block * grid_rows;
}

/// The panel with a super-block of R above it.
MatrixShape panel_shape(MatrixShape factor, Index rows_per_rank) {
  factor.rows =
      super_block_rows(factor.grid_rows, factor.block) +
      panel_rows(factor.grid_rows, factor.grid_cols, slot_rows(factor.cols, rows_per_rank), factor.block);
  return factor;
}

Index local_bytes(const MatrixShape& shape) { return double_bytes * shape.local_rows() * shape.local_cols(); }

/// Q R of the first @p width of columns [first, cols) of a; the others are multiplied by Q^T.
void factor_columns(BlockCyclicMatrix& a, Index first, Index width) {
  const comm::Communicator& comm = a.grid().comm();
  const int m = detail::rows_of(a);
  const int k = static_cast<int>(width);
  const int rest = static_cast<int>(a.cols() - first - width);
  std::vector<double> tau(static_cast<std::size_t>(std::max(a.local_cols(), width) + 1));
  if (a.grid().is_serial()) {
    const int ld = detail::stride_of(a);
    double* panel = &a.at_local(0, first);
    detail::run_with_workspace({"dgeqrf", name}, qr_workspace(a.shape()), comm,
                               [&](double* work, const int* lwork, int* info) {
                                 dgeqrf_(&m, &k, panel, &ld, tau.data(), work, lwork, info);
                               });
    if (rest == 0) return;
    double* right = &a.at_local(0, first + width);
    detail::run_with_workspace(
        {"dormqr", name}, qr_workspace(a.shape()), comm, [&](double* work, const int* lwork, int* info) {
          dormqr_("L", "T", &m, &rest, &k, panel, &ld, tau.data(), right, &ld, work, lwork, info, 1, 1);
        });
    return;
  }
  const int from = static_cast<int>(first + 1);
  const int after = static_cast<int>(first + width + 1);
  const int* descriptor = a.descriptor().data();
  const Index formula = qr_workspace(a.shape());
  detail::run_with_workspace(
      {"pdgeqrf", name}, formula, comm, [&](double* work, const int* lwork, int* info) {
        pdgeqrf_(&m, &k, a.data(), &detail::one, &from, descriptor, tau.data(), work, lwork, info);
      });
  if (rest == 0) return;
  detail::run_with_workspace(
      {"pdormqr", name}, formula, comm, [&](double* work, const int* lwork, int* info) {
        pdormqr_("L", "T", &m, &rest, &k, a.data(), &detail::one, &from, descriptor, tau.data(), a.data(),
                 &detail::one, &after, descriptor, work, lwork, info, 1, 1);
      });
}

}  // namespace

GridFold::GridFold(const ProcessGrid& grid, Index n_cols, Index rows_per_rank, Index block)
    : chunk_(chunk_rows(n_cols, rows_per_rank)),
      slot_(slot_rows(n_cols, rows_per_rank)),
      super_block_(super_block_rows(grid.rows(), block)),
      row_(grid.comm().split(grid.my_row())),
      r_(grid, n_cols, n_cols, block),
      work_(grid, super_block_ + panel_rows(grid.rows(), grid.cols(), slot_, block), n_cols, block) {}

Index GridFold::factor_bytes(int grid_rows, int grid_cols, Index n_cols, Index block) {
  return local_bytes({n_cols, n_cols, grid_rows, grid_cols, block});
}

Index GridFold::panel_bytes(int grid_rows, int grid_cols, Index n_cols, Index rows_per_rank, Index block) {
  return local_bytes(panel_shape({n_cols, n_cols, grid_rows, grid_cols, block}, rows_per_rank));
}

bool GridFold::is_countable(int grid_rows, int grid_cols, Index n_cols, Index rows_per_rank, Index block) {
  const MatrixShape factor{n_cols, n_cols, grid_rows, grid_cols, block};
  const MatrixShape panel = panel_shape(factor, rows_per_rank);
  return linalg::is_countable(factor) && linalg::is_countable(panel) && qr_workspace(panel) <= most_counted;
}

Index GridFold::exchange_bytes(Index n_cols, Index rows_per_rank) {
  return 3 * double_bytes * chunk_rows(n_cols, rows_per_rank) * n_cols;
}

void GridFold::append(std::span<const double> rows) {
  const Index n = r_.cols();
  const Index count = n > 0 ? static_cast<Index>(rows.size()) / n : 0;
  require(count <= chunk_, ErrorKind::bug, "{} rows appended at once; at most {} are taken", count, chunk_);
  const CyclicAxis& columns = r_.col_axis();
  std::vector<Index> to_each;
  std::vector<double> sent(static_cast<std::size_t>(chunk_ * n));
  double* next = sent.data();
  for (int col = 0; col < r_.grid().cols(); ++col) {
    const Index width = columns.local_size(col);
    to_each.push_back(chunk_ * width);
    for (Index j = 0; j < width; ++j, next += chunk_) {
      const Index global = columns.global_index(j, col);
      for (Index i = 0; i < count; ++i) next[i] = rows[static_cast<std::size_t>(i * n + global)];
    }
  }
  const auto part = static_cast<std::size_t>(chunk_ * r_.local_cols());
  std::vector<double> received(to_each.size() * part);
  const std::vector<Index> from_each(to_each.size(), chunk_ * r_.local_cols());
  comm::all_to_all(row_, sent, to_each, received, from_each);
  for (int col = 0; col < r_.grid().cols(); ++col)
    place(col, std::span(received).subspan(static_cast<std::size_t>(col) * part, part));
  filled_ += chunk_;
  if (filled_ == slot_) fold();
}

/// Columns of a chunk, as one rank of my row of the grid sent them, into its slot.
void GridFold::place(int from_col, std::span<const double> rows) {
  const Index top = super_block_ / r_.grid().rows();
  auto slot = work_.local().middleRows(top + from_col * slot_ + filled_, chunk_);
  slot = Eigen::Map<const Eigen::MatrixXd>(rows.data(), chunk_, r_.local_cols());
}

/// Rows of earlier panels below those of this one.
void GridFold::clear_free_rows() {
  const Index top = super_block_ / r_.grid().rows();
  const Index slots = r_.grid().cols() * slot_;
  for (int col = 0; col < r_.grid().cols(); ++col)
    work_.local().middleRows(top + col * slot_ + filled_, slot_ - filled_).setZero();
  work_.local().bottomRows(work_.local_rows() - top - slots).setZero();
}

void GridFold::fold() {
  clear_free_rows();
  for (Index first = 0; first < r_.cols(); first += super_block_)
    fold_super_block(first, std::min(super_block_, r_.cols() - first));
  filled_ = 0;
}

void GridFold::fold_super_block(Index first, Index width) {
  const int my_row = r_.grid().my_row();
  const Index begin = r_.row_axis().count_before(first, my_row);
  const Index count = r_.row_axis().count_before(first + width, my_row) - begin;
  const Index left = r_.col_axis().count_before(first, r_.grid().my_col());
  const Index n_right = r_.local_cols() - left;
  work_.local().topRows(super_block_ / r_.grid().rows()).setZero();
  work_.local().block(0, left, count, n_right) = r_.local().block(begin, left, count, n_right);
  factor_columns(work_, first, width);
  for (Index j = left; j < r_.local_cols(); ++j) {
    const Index below = r_.row_axis().count_before(r_.global_col(j) + 1, my_row);
    const Index height = std::clamp<Index>(below - begin, 0, count);  // reflectors stand under the diagonal
    r_.local().col(j).segment(begin, height) = work_.local().col(j).head(height);
  }
}

BlockCyclicMatrix GridFold::finish() {
  if (filled_ > 0) fold();
  return std::move(r_);
}

}  // namespace tallfit::linalg
