#include "tallfit/estimate/cell_grams.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/linalg/cholesky.hpp"
#include "tallfit/linalg/dot.hpp"
#include "tallfit/linalg/matrix_ops.hpp"
#include "tallfit/linalg/transfer.hpp"

namespace tallfit::estimate {

namespace {

Eigen::MatrixXd symmetric(const Eigen::MatrixXd& upper) { return upper.selfadjointView<Eigen::Upper>(); }

/// (F B)ᵀ (F B), by BLAS.
Eigen::MatrixXd whitened_gram(const compress::Factor& factor, const Eigen::MatrixXd& basis) {
  const linalg::ProcessGrid serial = linalg::ProcessGrid::serial();
  const Eigen::MatrixXd rows = linalg::multiply(linalg::distribute(serial, factor.dense()), basis);
  linalg::BlockCyclicMatrix gram(serial, basis.cols(), basis.cols());
  linalg::add_gram_in_place(gram, linalg::distribute(serial, rows));
  return symmetric(gram.local());
}

void append(std::vector<double>& values, const Eigen::Ref<const Eigen::MatrixXd>& columns) {
  for (Index j = 0; j < columns.cols(); ++j)
    values.insert(values.end(), columns.col(j).begin(), columns.col(j).end());
}

}  // namespace

/// What the coordinates are, on rank 0.
struct CellGrams::Basis {
  Eigen::MatrixXd of_rows;  ///< B: F B [u; 1] are the residuals of a cell
  double log_determinant = 0.0;
};

CellGrams::Basis CellGrams::reference_basis(const compress::CompressedDesign& design,
                                            const design::GroupMultipliers& at, const WeightedModel& model) {
  const std::optional<LeastSquaresSystem> system = training_system(design, at, model.intercept, comm_);
  Basis basis;
  comm::all_or_none(comm_, [&] {
    if (!system) return;
    LinearFit fit = fit_quadratic(*system, model.lambda, model.options);
    fit.noise_variance = 1.0;
    set_standard_errors(fit);
    const Eigen::MatrixXd root = linalg::replicate(covariance_factor(fit));
    const Index n = design.n_cols();
    const Index r = root.cols() - (fit.has_intercept() ? 0 : 1);  // its column is 0 where there is none
    basis.of_rows = Eigen::MatrixXd::Zero(n + 2, r + 1);
    basis.of_rows.topLeftCorner(n + 1, r) = root.leftCols(r);
    basis.of_rows.col(r) << fit.coefficients, fit.intercept, -1.0;
    // The root is triangular where the rank is full, but for the last row with its own column.
    double logs = root.diagonal().head(n).cwiseAbs().array().log().sum();
    if (fit.has_intercept()) logs += std::log(std::abs(root(n, r - 1)));
    basis.log_determinant = fit.rank == n ? -2.0 * logs : std::numeric_limits<double>::quiet_NaN();
  });
  return basis;
}

CellGrams::CellGrams(const compress::CompressedDesign& design, const design::GroupMultipliers& start,
                     const std::vector<WeightClass>& classes, const Eigen::VectorXd& multipliers,
                     const WeightedModel& model, const comm::Communicator& comm)
    : comm_(comm::Communicator::borrow(comm.get())), n_folds_(design.parts.fold ? design.n_folds : 0) {
  comm::require_replicated(
      comm, !design.on_grid(), ErrorKind::input,
      "{}: weights are optimised with factors that are whole on a rank, not dealt over a "
      "grid. Set solver.engine = \"tall\"",
      design.name);
  Basis basis = reference_basis(design, with_multipliers(start, classes, multipliers), model);
  comm::broadcast(comm_, std::span(&basis.log_determinant, 1), 0);
  log_determinant_ = basis.log_determinant;
  size_ = basis.of_rows.cols();
  comm::broadcast(comm_, std::span(&size_, 1), 0);
  if (!comm_.is_root()) basis.of_rows.resize(design.n_cols() + 2, size_);
  comm::broadcast(comm_, std::span(basis.of_rows.data(), static_cast<std::size_t>(basis.of_rows.size())), 0);
  take_cells(design, classes, basis.of_rows);

  const Eigen::MatrixXd of_coefficients = basis.of_rows.topRows(design.n_cols());
  penalty_ = Eigen::MatrixXd::Zero(size_, my_columns());
  if (model.lambda == 0.0) return;
  for (Index j = 0; j < my_columns(); ++j) {
    const Index column = first_column(comm_.rank()) + j;
    for (Index i = 0; i < size_; ++i)
      penalty_(i, j) = model.lambda * linalg::dot(of_coefficients.col(i).data(),
                                                  of_coefficients.col(column).data(), design.n_cols());
  }
}

void CellGrams::take_cells(const compress::CompressedDesign& design, const std::vector<WeightClass>& classes,
                           const Eigen::MatrixXd& basis) {
  std::vector<std::vector<std::size_t>> of_home(static_cast<std::size_t>(comm_.size()));
  for (const compress::Cell& cell : design.cells) {
    const int of = cell.key.is_test() ? -1 : class_of(classes, cell.key);
    if (of < 0) continue;
    of_home[static_cast<std::size_t>(cell.home)].push_back(cells_.size());
    cells_.push_back({.weight_class = of,
                      .fold = n_folds_ > 1 ? cell.key.fold : 0,
                      .count = cell.sums.count,
                      .mean_weight = 0.0});
  }
  std::vector<const compress::Factor*> factors;
  for (const compress::Cell& cell : design.cells)
    if (!cell.key.is_test() && class_of(classes, cell.key) >= 0) factors.push_back(&cell.factor);

  const auto& mine = of_home[static_cast<std::size_t>(comm_.rank())];
  std::vector<double> weights(cells_.size(), 0.0);
  grams_.resize(cells_.size());
  std::size_t n_rounds = 0;
  for (const auto& cells : of_home) n_rounds = std::max(n_rounds, cells.size());
  for (std::size_t round = 0; round < n_rounds; ++round) {
    const auto taking_part = [&](int rank) { return round < of_home[static_cast<std::size_t>(rank)].size(); };
    std::vector<double> sent;
    comm::all_or_none(comm_, [&] {
      if (!taking_part(comm_.rank())) return;
      const compress::Factor& factor = *factors[mine[round]];
      const auto count = static_cast<double>(cells_[mine[round]].count);
      weights[mine[round]] = factor.dense().col(design.n_cols()).squaredNorm() / count;
      append(sent, whitened_gram(factor, basis));
    });
    std::vector<Index> sent_counts(of_home.size(), 0);
    std::vector<Index> received_counts(of_home.size(), 0);
    for (int rank = 0; rank < comm_.size(); ++rank) {
      const auto at = static_cast<std::size_t>(rank);
      if (taking_part(comm_.rank())) sent_counts[at] = size_ * (first_column(rank + 1) - first_column(rank));
      if (taking_part(rank)) received_counts[at] = size_ * my_columns();
    }
    Index n_received = 0;
    for (const Index count : received_counts) n_received += count;
    std::vector<double> received(static_cast<std::size_t>(n_received));
    comm::all_to_all(comm_, sent, sent_counts, received, received_counts);
    const double* next = received.data();
    for (int rank = 0; rank < comm_.size(); ++rank) {
      if (!taking_part(rank)) continue;
      grams_[of_home[static_cast<std::size_t>(rank)][round]] =
          Eigen::Map<const Eigen::MatrixXd>(next, size_, my_columns());
      next += size_ * my_columns();
    }
  }
  comm::sum_in_place(comm_, weights);  // each has one rank
  totals_.assign(classes.size(), Eigen::MatrixXd::Zero(size_, my_columns()));
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    cells_[i].mean_weight = weights[i];
    totals_[static_cast<std::size_t>(cells_[i].weight_class)] += grams_[i];
  }
}

std::map<int, Eigen::MatrixXd> CellGrams::to_owners(std::vector<Eigen::MatrixXd> columns) const {
  if (comm_.size() == 1) {
    std::map<int, Eigen::MatrixXd> all;
    for (Eigen::MatrixXd& whole : columns) all.emplace(static_cast<int>(all.size()), std::move(whole));
    return all;
  }
  std::vector<double> sent;
  std::vector<Index> sent_counts(static_cast<std::size_t>(comm_.size()));
  std::vector<Index> received_counts(static_cast<std::size_t>(comm_.size()));
  std::map<int, Eigen::MatrixXd> mine;
  const auto n = static_cast<int>(columns.size());
  for (int rank = 0; rank < comm_.size(); ++rank) {
    const std::size_t before = sent.size();
    for (int problem = 0; problem < n; ++problem)
      if (owner(problem) == rank) append(sent, columns[static_cast<std::size_t>(problem)]);
    sent_counts[static_cast<std::size_t>(rank)] = static_cast<Index>(sent.size() - before);
  }
  for (int problem = 0; problem < n; ++problem)
    if (owner(problem) == comm_.rank()) mine.emplace(problem, Eigen::MatrixXd(size_, size_));
  for (int rank = 0; rank < comm_.size(); ++rank)
    received_counts[static_cast<std::size_t>(rank)] =
        static_cast<Index>(mine.size()) * size_ * (first_column(rank + 1) - first_column(rank));
  std::vector<double> received(mine.size() * static_cast<std::size_t>(size_ * size_));
  comm::all_to_all(comm_, sent, sent_counts, received, received_counts);
  const double* next = received.data();
  for (int rank = 0; rank < comm_.size(); ++rank) {
    const Index first = first_column(rank);
    const Index count = first_column(rank + 1) - first;
    for (auto& [problem, sum] : mine) {
      sum.middleCols(first, count) = Eigen::Map<const Eigen::MatrixXd>(next, size_, count);
      next += size_ * count;
    }
  }
  return mine;
}

Eigen::MatrixXd CellGrams::columns_of_total(const Eigen::VectorXd& weights) const {
  Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(size_, my_columns());
  for (Index j = 0; j < my_columns(); ++j) {
    auto column = sum.col(j).head(upper_rows(j));
    column = penalty_.col(j).head(upper_rows(j));
    for (Index c = 0; c < n_classes(); ++c)
      column += weights(c) * totals_[static_cast<std::size_t>(c)].col(j).head(upper_rows(j));
  }
  return sum;
}

std::map<int, Eigen::MatrixXd> CellGrams::training_sums(const Eigen::VectorXd& weights) const {
  if (!has_folds()) return to_owners({columns_of_total(weights)});
  std::vector<Eigen::MatrixXd> sums(static_cast<std::size_t>(n_folds_),
                                    Eigen::MatrixXd::Zero(size_, my_columns()));
  // Sums over the folds before and after each: what is added is never taken away again, which would cost the
  // digits of a direction that only one fold knows. Column by column, so that they stay in the cache.
  Eigen::MatrixXd of_folds(size_, n_folds_);
  Eigen::MatrixXd after(size_, n_folds_ + 1);
  Eigen::VectorXd before(size_);
  for (Index j = 0; j < my_columns(); ++j) {
    const Index rows = upper_rows(j);
    of_folds.topRows(rows).setZero();
    for (std::size_t i = 0; i < cells_.size(); ++i)
      of_folds.col(cells_[i].fold).head(rows) +=
          weights(cells_[i].weight_class) * grams_[i].col(j).head(rows);
    after.col(n_folds_).head(rows).setZero();
    for (int f = n_folds_ - 1; f >= 0; --f)
      after.col(f).head(rows) = after.col(f + 1).head(rows) + of_folds.col(f).head(rows);
    before.head(rows) = penalty_.col(j).head(rows);
    for (int f = 0; f < n_folds_; ++f) {
      sums[static_cast<std::size_t>(f)].col(j).head(rows) = before.head(rows) + after.col(f + 1).head(rows);
      before.head(rows) += of_folds.col(f).head(rows);
    }
  }
  return to_owners(std::move(sums));
}

Eigen::MatrixXd CellGrams::total_sum(const Eigen::VectorXd& weights) const {
  std::map<int, Eigen::MatrixXd> whole = to_owners({columns_of_total(weights)});
  return whole.empty() ? Eigen::MatrixXd() : std::move(whole.at(0));
}

/// Puts the columns of all ranks side by side.
Eigen::MatrixXd CellGrams::gathered(const Eigen::MatrixXd& by_column) const {
  std::vector<double> mine;
  append(mine, by_column);
  const std::vector<double> all = comm::all_gather(comm_, mine);
  return Eigen::Map<const Eigen::MatrixXd>(all.data(), by_column.rows(), size_);
}

Eigen::MatrixXd CellGrams::products(const Eigen::MatrixXd& augmented) const {
  Eigen::MatrixXd found(static_cast<Index>(cells_.size()), my_columns());
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const double* x = augmented.col(cells_[i].fold).data();
    for (Index j = 0; j < my_columns(); ++j)
      found(static_cast<Index>(i), j) = linalg::dot(grams_[i].col(j).data(), x, size_);
  }
  return gathered(found).transpose();
}

Eigen::VectorXd CellGrams::class_inner_products(const Eigen::MatrixXd& x) const {
  Eigen::MatrixXd found(n_classes(), my_columns());
  Eigen::VectorXd both(size_);
  for (Index j = 0; j < my_columns(); ++j) {
    const Index column = upper_rows(j) - 1;
    both.head(column) = x.col(column).head(column) + x.row(column).head(column).transpose();
    both(column) = x(column, column);
    for (Index c = 0; c < n_classes(); ++c)
      found(c, j) = linalg::dot(totals_[static_cast<std::size_t>(c)].col(j).data(), both.data(), column + 1);
  }
  const Eigen::MatrixXd all = gathered(found);
  Eigen::VectorXd sums = Eigen::VectorXd::Zero(n_classes());
  for (Index j = 0; j < size_; ++j) sums += all.col(j);
  return sums;
}

}  // namespace tallfit::estimate
