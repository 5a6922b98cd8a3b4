#include "tallfit/linalg/transfer.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "foreign_call.hpp"
#include "scalapack.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"

namespace tallfit::linalg {

namespace {

constexpr int panel_tag = 1;

// One block column of the matrix, as one process row sees it: columns [first, first + count), rows of `row`.
struct Panel {
  Index first;
  Index count;
  int process_row;
  int process_col;
};

// Calls visit(panel) for every panel in one order on all ranks, so that blocking messages always meet.
template <class Visit>
void for_each_panel(const BlockCyclicMatrix& a, const Visit& visit) {
  for (Index first = 0; first < a.cols(); first += a.block()) {
    const Index count = std::min(a.block(), a.cols() - first);
    for (int row = 0; row < a.grid().rows(); ++row)
      visit(Panel{first, count, row, a.col_axis().owner(first)});
  }
}

bool is_mine(const BlockCyclicMatrix& a, const Panel& panel) {
  return panel.process_row == a.grid().my_row() && panel.process_col == a.grid().my_col();
}

Eigen::MatrixXd packed(const BlockCyclicMatrix& a, const Eigen::Ref<const Eigen::MatrixXd>& dense,
                       const Panel& panel) {
  Eigen::MatrixXd part(a.row_axis().local_size(panel.process_row), panel.count);
  for (Index j = 0; j < part.cols(); ++j) {
    for (Index i = 0; i < part.rows(); ++i) {
      part(i, j) = dense(a.row_axis().global_index(i, panel.process_row), panel.first + j);
    }
  }
  return part;
}

void unpack(const BlockCyclicMatrix& a, const Eigen::MatrixXd& part, const Panel& panel,
            Eigen::MatrixXd& dense) {
  for (Index j = 0; j < part.cols(); ++j) {
    for (Index i = 0; i < part.rows(); ++i) {
      dense(a.row_axis().global_index(i, panel.process_row), panel.first + j) = part(i, j);
    }
  }
}

std::span<double> values_of(Eigen::MatrixXd& part) {
  return {part.data(), static_cast<std::size_t>(part.size())};
}

std::span<const double> values_of(const Eigen::MatrixXd& part) {
  return {part.data(), static_cast<std::size_t>(part.size())};
}

Eigen::MatrixXd local_panel(const BlockCyclicMatrix& a, const Panel& panel) {
  return a.local().middleCols(a.col_axis().local_index(panel.first), panel.count);
}

}  // namespace

BlockCyclicMatrix distribute(const ProcessGrid& grid, const Eigen::Ref<const Eigen::MatrixXd>& dense,
                             Index block) {
  BlockCyclicMatrix a(grid, dense.rows(), dense.cols(), block);
  if (grid.is_serial())
    a.local() = dense;
  else
    a.fill([&](Index i, Index j) { return dense(i, j); });
  return a;
}

BlockCyclicMatrix distribute_from_root(const ProcessGrid& grid,
                                       const Eigen::Ref<const Eigen::MatrixXd>& dense, Index block) {
  const comm::Communicator& comm = grid.comm();
  std::array<Index, 2> shape = {dense.rows(), dense.cols()};
  comm::broadcast(comm, std::span<Index>(shape), 0);
  BlockCyclicMatrix a(grid, shape[0], shape[1], block);
  for_each_panel(a, [&](const Panel& panel) {
    if (!comm.is_root() && !is_mine(a, panel)) return;
    Eigen::MatrixXd part;
    if (comm.is_root()) {
      part = packed(a, dense, panel);
    } else {
      part.resize(a.local_rows(), panel.count);
      comm::receive(comm, values_of(part), 0, panel_tag);
    }
    if (is_mine(a, panel)) {
      a.local().middleCols(a.col_axis().local_index(panel.first), panel.count) = part;
    } else {
      comm::send(comm, std::span<const double>(values_of(part)),
                 grid.rank_of(panel.process_row, panel.process_col), panel_tag);
    }
  });
  return a;
}

Eigen::MatrixXd gather(const BlockCyclicMatrix& a) {
  const comm::Communicator& comm = a.grid().comm();
  Eigen::MatrixXd dense;
  comm::all_or_none(comm, [&] {
    if (comm.is_root()) dense.resize(a.rows(), a.cols());
  });
  for_each_panel(a, [&](const Panel& panel) {
    if (is_mine(a, panel)) {
      const Eigen::MatrixXd part = local_panel(a, panel);
      comm.is_root() ? unpack(a, part, panel, dense) : comm::send(comm, values_of(part), 0, panel_tag);
    } else if (comm.is_root()) {
      Eigen::MatrixXd part(a.row_axis().local_size(panel.process_row), panel.count);
      comm::receive(comm, values_of(part), a.grid().rank_of(panel.process_row, panel.process_col), panel_tag);
      unpack(a, part, panel, dense);
    }
  });
  return dense;
}

Eigen::MatrixXd replicate(const BlockCyclicMatrix& a) {
  const comm::Communicator& comm = a.grid().comm();
  Eigen::MatrixXd dense = gather(a);
  comm::all_or_none(comm, [&] {
    if (!comm.is_root()) dense.resize(a.rows(), a.cols());
  });
  comm::broadcast(comm, values_of(dense), 0);
  return dense;
}

void copy_part(const BlockCyclicMatrix& from, const Part& part, BlockCyclicMatrix& to,
               const std::array<Index, 2>& row_and_col) {
  const auto [row, col, rows, cols] = part;
  const auto [to_row, to_col] = row_and_col;
  const auto lies_within = [&part](const BlockCyclicMatrix& a, Index i, Index j) {
    return i >= 0 && j >= 0 && part.rows >= 0 && part.cols >= 0 && i + part.rows <= a.rows() &&
           j + part.cols <= a.cols();
  };
  require(lies_within(from, row, col) && lies_within(to, to_row, to_col), ErrorKind::bug,
          "rows {} + {} and columns {} + {} are not within a {} x {} matrix, or not at {}, {} of a {} x {} "
          "one",
          row, rows, col, cols, from.rows(), from.cols(), to_row, to_col, to.rows(), to.cols());
  if (rows == 0) return;
  if (from.grid().is_serial()) {
    to.local().block(to_row, to_col, rows, cols) = from.local().block(row, col, rows, cols);
    return;
  }
  // The routine packs all it is asked for into messages before it sends the first.
  const Index step = 8 * from.block() * from.grid().cols();
  const int m = static_cast<int>(rows);
  const int first_row = static_cast<int>(row + 1);
  const int first_to_row = static_cast<int>(to_row + 1);
  const int context = from.grid().context();
  for (Index j = 0; j < cols; j += step) {
    const int n = static_cast<int>(std::min(step, cols - j));
    const int first_col = static_cast<int>(col + j + 1);
    const int first_to_col = static_cast<int>(to_col + j + 1);
    pdgemr2d_(&m, &n, from.data(), &first_row, &first_col, from.descriptor().data(), to.data(), &first_to_row,
              &first_to_col, to.descriptor().data(), &context);
  }
}

BlockCyclicMatrix sub_matrix(const BlockCyclicMatrix& a, Index row, Index col, Index rows, Index cols) {
  BlockCyclicMatrix part(a.grid(), rows, cols, a.block());
  copy_part(a, {.row = row, .col = col, .rows = rows, .cols = cols}, part, {0, 0});
  return part;
}

BlockCyclicMatrix transposed(const BlockCyclicMatrix& a) {
  BlockCyclicMatrix result(a.grid(), a.cols(), a.rows(), a.block());
  if (a.rows() == 0 || a.cols() == 0) return result;
  if (a.grid().is_serial()) {
    result.local() = a.local().transpose();
    return result;
  }
  const int m = detail::rows_of(result);
  const int n = detail::cols_of(result);
  const double unit = 1.0;
  const double zero = 0.0;
  pdtran_(&m, &n, &unit, a.data(), &detail::one, &detail::one, a.descriptor().data(), &zero, result.data(),
          &detail::one, &detail::one, result.descriptor().data());
  return result;
}

}  // namespace tallfit::linalg
