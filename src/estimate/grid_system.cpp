#include "tallfit/estimate/grid_system.hpp"

#include <algorithm>
#include <cmath>

#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/compress/row_feed.hpp"
#include "tallfit/linalg/cholesky.hpp"
#include "tallfit/linalg/grid_fold.hpp"
#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::estimate {

namespace {

struct FoldedRows {
  linalg::BlockCyclicMatrix matrix;
  double sum_of_weights;
};

/// Reads the training rows once and folds w [1 A b], or w [A b].
FoldedRows fold_rows(const GridRows& rows, const linalg::ProcessGrid& grid, bool ones_first,
                     linalg::FoldedInto into) {
  const comm::Communicator& comm = grid.comm();
  const Index n_rows = rows.layout.n_rows;
  // Leaves are for bits that do not depend on the ranks; here they do, and equal parts need the least memory.
  compress::RowFeed feed(rows.source, n_rows * comm.rank() / comm.size(),
                         n_rows * (comm.rank() + 1) / comm.size(), ones_first, rows.block_bytes);
  linalg::GridFold fold(grid, feed.n_cols(), rows.rows_per_rank, rows.block, into);
  const Index most = ceil_div(n_rows, comm.size());
  std::vector<double> some;
  for (Index done = 0; done < most; done += fold.most_rows()) {
    comm::all_or_none(comm, [&] { feed.next(fold.most_rows(), some); });
    fold.append(some);
  }
  double sum = feed.sum_of_weights();
  comm::sum_in_place(comm, std::span(&sum, 1));
  return {.matrix = fold.finish(), .sum_of_weights = sum};
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
  const FoldedRows folded = [&] {
    const Phase phase("factor rows");
    return fold_rows(rows, grid, ones_first, linalg::FoldedInto::triangle);
  }();
  return system_of(folded.matrix, rows.layout.n_cols,
                   {compress::count_training_rows(rows.layout), folded.sum_of_weights}, intercept);
}

LeastSquaresSystem normal_system(const GridRows& rows, const linalg::ProcessGrid& grid, Intercept intercept) {
  const bool ones_first = intercept == Intercept::fitted;
  auto [gram, sum_of_weights] = [&] {
    const Phase phase("multiply rows");
    return fold_rows(rows, grid, ones_first, linalg::FoldedInto::gram);
  }();
  const Phase phase("factor the Gram matrix");
  const Eigen::VectorXd norms = linalg::diagonal(gram).cwiseSqrt();
  const Eigen::VectorXd scale = linalg::equilibration(norms);
  linalg::scale_columns_in_place(gram, scale);
  linalg::scale_rows_in_place(gram, scale);
  // The last pivot is that of the targets, ρ², and may be nothing but rounding: 1 keeps it positive.
  const Index last = gram.cols() - 1;
  if (gram.owns(last, last)) gram.at_local(gram.local_rows() - 1, gram.local_cols() - 1) += 1.0;
  linalg::cholesky_in_place(gram, "the Gram matrix of the rows");
  if (gram.owns(last, last)) {
    double& pivot = gram.at_local(gram.local_rows() - 1, gram.local_cols() - 1);
    pivot = std::sqrt(std::max(0.0, pivot * pivot - 1.0));
  }
  linalg::scale_columns_in_place(gram, scale.cwiseInverse());
  return system_of(gram, rows.layout.n_cols, {compress::count_training_rows(rows.layout), sum_of_weights},
                   intercept);
}

LeastSquaresSystem system_of(const linalg::BlockCyclicMatrix& factor, Index n_coeffs,
                             const Observations& rows, Intercept intercept) {
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
          .n_rows = rows.count,
          .sum_of_weights = rows.sum_of_weights};
}

}  // namespace tallfit::estimate
