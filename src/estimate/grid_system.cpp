#include "tallfit/estimate/grid_system.hpp"

#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/compress/row_feed.hpp"
#include "tallfit/linalg/grid_fold.hpp"
#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::estimate {

namespace {

linalg::BlockCyclicMatrix factor_of(const GridRows& rows, const linalg::ProcessGrid& grid, bool ones_first) {
  const comm::Communicator& comm = grid.comm();
  const Index n_rows = rows.layout.n_rows;
  // Leaves are for bits that do not depend on the ranks; here they do, and equal parts need the least memory.
  compress::RowFeed feed(rows.source, n_rows * comm.rank() / comm.size(),
                         n_rows * (comm.rank() + 1) / comm.size(), ones_first, rows.block_bytes);
  linalg::GridFold fold(grid, feed.n_cols(), rows.rows_per_rank);
  const Index most = ceil_div(n_rows, comm.size());
  std::vector<double> some;
  for (Index done = 0; done < most; done += fold.most_rows()) {
    comm::all_or_none(comm, [&] { feed.next(fold.most_rows(), some); });
    fold.append(some);
  }
  return fold.finish();
}

Eigen::VectorXd column(const linalg::BlockCyclicMatrix& a, Index j) {
  return linalg::multiply(a, Eigen::VectorXd::Unit(a.cols(), j));
}

Eigen::VectorXd row(const linalg::BlockCyclicMatrix& a, Index i) {
  return linalg::multiply(a, Eigen::VectorXd::Unit(a.rows(), i), linalg::Op::transpose);
}

}  // namespace

LeastSquaresSystem grid_system(const GridRows& rows, const linalg::ProcessGrid& grid, Intercept intercept) {
  const bool ones_first = intercept == Intercept::fitted;
  const linalg::BlockCyclicMatrix factor = [&] {
    const Phase phase("factor rows");
    return factor_of(rows, grid, ones_first);
  }();
  return system_of(factor, rows.layout.n_cols, compress::count_training_rows(rows.layout), intercept);
}

LeastSquaresSystem system_of(const linalg::BlockCyclicMatrix& factor, Index n_coeffs, Index n_rows,
                             Intercept intercept) {
  const Index n = n_coeffs;
  const Index skip = intercept == Intercept::fitted ? 1 : 0;
  const Eigen::VectorXd target = column(factor, factor.cols() - 1);
  std::optional<InterceptRow> intercept_row;
  if (intercept == Intercept::fitted) {
    const Eigen::VectorXd first = row(factor, 0);
    intercept_row = {.r11 = first(0), .r12 = first.segment(1, n), .z1 = target(0)};
  }
  return {.r = linalg::sub_matrix(factor, skip, skip, n, n),
          .z = target.segment(skip, n),
          .rho = target.tail(target.size() - skip - n).norm(),
          .intercept = std::move(intercept_row),
          .n_rows = n_rows};
}

}  // namespace tallfit::estimate
