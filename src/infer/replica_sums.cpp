#include "tallfit/infer/replica_sums.hpp"

#include <algorithm>
#include <cmath>

#include "tallfit/comm/exchange.hpp"
#include "tallfit/linalg/dense_products.hpp"
#include "tallfit/linalg/dot.hpp"

namespace tallfit::infer {

namespace {

constexpr double quantum = 0x1p-44;
constexpr double coarse_quantum = 0x1p-22;
constexpr double largest_condition = 1e6;

/// The nearest multiple of a power of two, for |x| < 2^51 of it; larger whole numbers stay as they are.
void round_to(double unit, Eigen::Ref<Eigen::MatrixXd> x) {
  const double shift = 0x1.8p52 * unit;
  double* values = x.data();
  for (Index j = 0; j < x.cols(); ++j)
    for (Index i = 0; i < x.rows(); ++i) {
      double& value = values[j * x.outerStride() + i];
      value = (value + shift) - shift;
    }
}

Index sums_of(Index rank) { return linalg::packed_size(rank) + rank + 3; }

}  // namespace

Index ReplicaSums::bytes_of(Index rank) { return sums_of(rank) * static_cast<Index>(sizeof(double)); }

Index ReplicaSums::n_waiting(Index rank, Index wait_bytes) {
  return std::clamp<Index>(wait_bytes / bytes_of(rank), 1, 256);
}

ReplicaSums::ReplicaSums(const Whitening& whitening, const UnitRange& units, Eigen::MatrixXf weights,
                         double sum_of_weights, Index wait_bytes)
    : whitening_(whitening), units_(units), weights_(std::move(weights)), sum_of_weights_(sum_of_weights) {
  whole_weights_ = (weights_.array() == weights_.array().round()).all();
  const Index n = n_waiting(whitening.rank(), wait_bytes);
  waiting_.resize(sums_of(whitening.rank()), n);
  unit_of_.resize(static_cast<std::size_t>(n));
  sums_ = Eigen::MatrixXd::Zero(waiting_.rows(), weights_.cols());
}

void ReplicaSums::add(const UnitRun& run) {
  const Index rank = whitening_.rank();
  const Eigen::MatrixXd q = whitened(whitening_, run.rows, run.ones);
  const double scale = whitening_.residual_norm > 0.0 ? 1.0 / whitening_.residual_norm : 1.0;
  Eigen::VectorXd r(run.size());
  for (Index i = 0; i < run.size(); ++i)
    r(i) = scale * (run.target(i) -
                    linalg::dot(run.rows.col(i).data(), whitening_.coefficients.data(), run.rows.rows()) -
                    run.ones(i) * whitening_.intercept);
  for (const UnitRun::Part& part : run.parts) {
    const Index m = part.end - part.begin;
    double* column = waiting_.col(n_waiting_).data();
    linalg::packed_gram(q.middleCols(part.begin, m), column);
    Eigen::Map<Eigen::VectorXd> rest(column + linalg::packed_size(rank), rank + 3);
    rest.setZero();
    linalg::add_product(q.middleCols(part.begin, m), linalg::Op::none, r.segment(part.begin, m),
                        rest.head(rank));
    rest(rank) = linalg::dot(r.data() + part.begin, r.data() + part.begin, m);
    rest(rank + 1) = static_cast<double>(m);
    rest(rank + 2) =
        linalg::dot(run.scale.data() + part.begin, run.scale.data() + part.begin, m) / sum_of_weights_;
    if (whole_weights_) round_to(quantum, waiting_.col(n_waiting_));  // while it is in the cache
    unit_of_[static_cast<std::size_t>(n_waiting_)] = part.unit - units_.first;
    if (++n_waiting_ == waiting_.cols()) add_waiting();
  }
}

void ReplicaSums::add_waiting() {
  if (n_waiting_ == 0) return;
  Eigen::MatrixXd weights(n_waiting_, n_replicas());
  for (Index i = 0; i < n_waiting_; ++i)
    weights.row(i) = weights_.row(unit_of_[static_cast<std::size_t>(i)]).cast<double>();
  auto waiting = waiting_.leftCols(n_waiting_);
  if (!whole_weights_) {  // 24 bits of weight times 22 of a summand, then the rest of the summand
    Eigen::MatrixXd coarse = waiting;
    round_to(coarse_quantum, coarse);
    waiting -= coarse;
    linalg::add_product(coarse, linalg::Op::none, weights, sums_);
    round_to(quantum, waiting);
  }
  linalg::add_product(waiting, linalg::Op::none, weights, sums_);
  n_waiting_ = 0;
}

const Eigen::MatrixXd& ReplicaSums::settled() {
  add_waiting();
  return sums_;
}

void ReplicaSums::finish(const comm::Communicator& comm) {
  add_waiting();
  waiting_.resize(0, 0);
  comm::sum_in_place(comm, std::span(sums_.data(), static_cast<std::size_t>(sums_.size())));
}

ReplicaSums::Sums ReplicaSums::of(Index replica) const {
  const Index rank = whitening_.rank();
  const double* column = sums_.col(replica).data();
  const double* rest = column + linalg::packed_size(rank);
  return {.gram = column,
          .gradient = {rest, rank},
          .squares = rest[rank],
          .rows = rest[rank + 1],
          .sum_of_weights = rest[rank + 2] * sum_of_weights_};
}

std::optional<ReplicaSolution> solve_replica(const Whitening& whitening, const ReplicaSums::Sums& sums) {
  const std::optional<Eigen::MatrixXd> u = linalg::packed_cholesky(whitening.rank(), sums.gram);
  if (!u) return std::nullopt;
  // Of the 1-norm; M is close to the unit matrix or far from it, so an estimate is enough.
  const double reciprocal = linalg::upper_reciprocal_condition(*u);
  ReplicaSolution solution;
  solution.condition = 1.0 / (reciprocal * reciprocal);
  if (!(solution.condition <= largest_condition)) return std::nullopt;
  const double rho = whitening.residual_norm > 0.0 ? whitening.residual_norm : 1.0;
  const Eigen::VectorXd half =
      u->triangularView<Eigen::Upper>().transpose().solve(Eigen::VectorXd(sums.gradient));
  const Eigen::VectorXd step = rho * u->triangularView<Eigen::Upper>().solve(half);
  const Eigen::VectorXd change = whitening.root * step;
  solution.coefficients = whitening.coefficients + change.head(whitening.n_coeffs());
  solution.intercept = whitening.intercept + change(whitening.n_coeffs());
  solution.residual_norm = rho * std::sqrt(std::max(0.0, sums.squares - half.squaredNorm()));
  solution.n_rows = std::llround(sums.rows);
  solution.sum_of_weights = sums.sum_of_weights;
  solution.factor = *u;
  return solution;
}

}  // namespace tallfit::infer
