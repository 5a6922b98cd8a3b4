#include "tallfit/estimate/correlated_system.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "tallfit/base/error.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/design/row_stream.hpp"
#include "tallfit/estimate/grid_system.hpp"
#include "tallfit/linalg/cholesky.hpp"
#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/qr.hpp"
#include "tallfit/linalg/transfer.hpp"
#include "tallfit/linalg/triangular.hpp"

namespace tallfit::estimate {

namespace {

using linalg::BlockCyclicMatrix;

std::vector<Index> training_rows(design::RowSource& source) {
  constexpr Index step = 65536;
  std::vector<Index> rows;
  design::RowLabels labels;
  const Index n = source.info().n_rows;
  for (Index at = 0; at < n; at += step) {
    const Index count = std::min(step, n - at);
    source.read_labels(at, count, labels);
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
      if (labels.testing[i] == 0 && labels.scale[i] > 0.0) rows.push_back(at + static_cast<Index>(i));
  }
  return rows;
}

/// Fills this rank's part of a matrix from lines that are read some at a time. Local.
/// @param lines    number of the line for each row of the matrix, increasing
/// @param columns  number of the column in a line for each column of the matrix
/// @param read     lines [begin, begin + count), row-major
void fill_from_lines(BlockCyclicMatrix& to, const std::vector<Index>& lines,
                     const std::vector<Index>& columns, Index width, Index most_lines,
                     const design::RowNumbers& read) {
  const auto line = [&](Index local) { return lines[static_cast<std::size_t>(to.global_row(local))]; };
  std::vector<double> some;
  for (Index at = 0; at < to.local_rows();) {
    Index run = 1;  // lines that follow each other are read at once
    while (at + run < to.local_rows() && run < most_lines && line(at + run) == line(at) + run) ++run;
    some.resize(static_cast<std::size_t>(run * width));
    read(line(at), run, some.data());
    for (Index j = 0; j < to.local_cols(); ++j) {
      const double* column = some.data() + columns[static_cast<std::size_t>(to.global_col(j))];
      for (Index i = 0; i < run; ++i) to.at_local(at + i, j) = column[i * width];
    }
    at += run;
  }
}

std::vector<Index> counted(Index n) {
  std::vector<Index> numbers(static_cast<std::size_t>(n));
  for (Index i = 0; i < n; ++i) numbers[static_cast<std::size_t>(i)] = i;
  return numbers;
}

/// w [a 1 b] of rows.
void read_augmented(design::RowSource& source, Index begin, Index count, double* rows) {
  const Index n = source.info().n_cols;
  design::RowLabels labels;
  source.read_labels(begin, count, labels);
  std::vector<double> features(static_cast<std::size_t>(count * n));
  source.read_features(begin, count, features.data());
  for (Index i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const double w = labels.scale[at];
    double* row = rows + i * (n + 2);
    for (Index j = 0; j < n; ++j) row[j] = w * features[static_cast<std::size_t>(i * n + j)];
    row[n] = w * labels.one(at);
    row[n + 1] = w * labels.target[at];
    const bool finite = std::all_of(row, row + n + 2, [](double x) { return std::isfinite(x); });
    require(
        finite, ErrorKind::input,
        "{}: row {} holds NaN or infinity. Correct it, give it weight 0, or set data.nonfinite = \"drop\"",
        source.info().name, begin + i);
  }
}

/// Asks of C what can be seen entry by entry, naming rows of the design.
void require_symmetric(const BlockCyclicMatrix& c, const std::vector<Index>& training) {
  const comm::Communicator& comm = c.grid().comm();
  const auto row = [&](Index i) { return training[static_cast<std::size_t>(i)]; };
  const Eigen::VectorXd diagonal = linalg::diagonal(c);
  for (Index i = 0; i < diagonal.size(); ++i)
    comm::require_replicated(comm, diagonal(i) > 0.0 && std::isfinite(diagonal(i)), ErrorKind::input,
                             "noise.covariance: row {} has the variance {}; expected a finite number above 0",
                             row(i), diagonal(i));
  const BlockCyclicMatrix mirrored = linalg::transposed(c);
  Index worst = std::numeric_limits<Index>::max();
  for (Index j = 0; j < c.local_cols(); ++j)
    for (Index i = 0; i < c.local_rows(); ++i) {
      const Index at = c.global_row(i) * c.cols() + c.global_col(j);
      const double limit = 1e-12 * std::sqrt(diagonal(c.global_row(i)) * diagonal(c.global_col(j)));
      if (!(std::abs(c.at_local(i, j) - mirrored.at_local(i, j)) <= limit)) worst = std::min(worst, at);
    }
  comm::min_in_place(comm, std::span(&worst, 1));
  const bool symmetric = worst == std::numeric_limits<Index>::max();
  comm::require_replicated(
      comm, symmetric, ErrorKind::input,
      "noise.covariance is not symmetric, or not finite: the covariance of rows {} and {} "
      "is not that of rows {} and {}",
      symmetric ? 0 : row(worst / c.cols()), symmetric ? 0 : row(worst % c.cols()),
      symmetric ? 0 : row(worst % c.cols()), symmetric ? 0 : row(worst / c.cols()));
}

/// C <- Lᵀ. @return ln|C|
double factor_in_place(BlockCyclicMatrix& c, const std::vector<Index>& training) {
  const comm::Communicator& comm = c.grid().comm();
  const Eigen::VectorXd variances = linalg::diagonal(c);
  Index stop = linalg::try_cholesky_in_place(c, "noise.covariance").value_or(-1);
  const Eigen::VectorXd pivots = linalg::diagonal(c);
  // What rounding of the sum leaves of a row that others determine.
  const double rounding = static_cast<double>(c.rows()) * std::numeric_limits<double>::epsilon();
  for (Index i = 0; stop < 0 && i < pivots.size(); ++i)
    if (!(pivots(i) * pivots(i) > rounding * variances(i))) stop = i;
  comm::require_replicated(comm, stop < 0, ErrorKind::input,
                           "noise.covariance is not positive definite up to row {}: its error follows from "
                           "those of the rows before it. Add a variance of its own to each row",
                           stop < 0 ? 0 : training[static_cast<std::size_t>(stop)]);
  return 2.0 * pivots.array().log().sum();
}

}  // namespace

Index correlated_bytes(Index n_rows, Index n_cols, int n_ranks) {
  return (2 * n_rows * n_rows + 2 * n_rows * (n_cols + 2)) * Index{sizeof(double)} / n_ranks;
}

CorrelatedSystem correlated_system(const CorrelatedRows& rows, const linalg::ProcessGrid& grid,
                                   Intercept intercept) {
  const comm::Communicator& comm = grid.comm();
  const design::DesignInfo& info = rows.source.info();
  std::vector<Index> training;
  comm::all_or_none(comm, [&] { training = training_rows(rows.source); });
  const auto n = static_cast<Index>(training.size());
  const Index width = rows.covariance.width;
  comm::require_replicated(
      comm, width == rows.n_lines && (width == info.n_rows || width == n), ErrorKind::input,
      "noise.covariance has {} lines of {} numbers; expected a line and a column for each of the {} rows of "
      "{}, or for each of its {} training rows of positive weight",
      rows.n_lines, width, info.n_rows, info.name, n);
  const std::vector<Index> lines = width == info.n_rows ? training : counted(n);

  BlockCyclicMatrix c(grid, n, n, rows.block);
  {
    const Phase phase("read covariances");
    comm::all_or_none(comm, [&] {
      fill_from_lines(c, lines, lines, width, design::rows_in(rows.block_bytes, width), rows.covariance.read);
    });
    require_symmetric(c, training);
  }
  BlockCyclicMatrix whitened(grid, n, info.n_cols + 2, rows.block);
  {
    const Phase phase("read rows");
    comm::all_or_none(comm, [&] {
      fill_from_lines(
          whitened, training, counted(info.n_cols + 2), info.n_cols + 2,
          design::rows_in(rows.block_bytes, info.n_cols + 2),
          [&](Index begin, Index count, double* to) { read_augmented(rows.source, begin, count, to); });
    });
  }
  const Phase phase("whiten and factor");
  const double log_determinant = factor_in_place(c, training);
  linalg::solve_upper_in_place(c, whitened, linalg::Op::transpose, "noise.covariance");
  linalg::triangularise_in_place(whitened);
  return {.system = make_system(linalg::leading_rows(whitened, std::min(n, info.n_cols + 2)), n, intercept),
          .log_determinant = log_determinant};
}

}  // namespace tallfit::estimate
