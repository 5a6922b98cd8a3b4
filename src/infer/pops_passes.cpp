#include "pops_passes.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "tallfit/base/double_double.hpp"
#include "tallfit/base/random.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/linalg/dense_products.hpp"
#include "tallfit/linalg/dot.hpp"

namespace tallfit::infer {

namespace {

constexpr std::uint32_t pops_choice = 0x504f5053;  // a stream of random numbers of its own

/// Leverages below this part of their mean are rounding.
constexpr double least_part_of_mean = 1e-8;

/// b - prediction of weighted row i.
double residual_of(const Whitening& whitening, const UnitRun& run, Index i) {
  return run.target(i) - linalg::dot(run.rows.col(i).data(), whitening.coefficients.data(), run.rows.rows()) -
         run.ones(i) * whitening.intercept;
}

}  // namespace

double order_statistic(const std::vector<double>& values, Index k, const comm::Communicator& comm) {
  std::uint64_t found = 0;  // bits of positive numbers are ordered as the numbers are
  for (int bit = 62; bit >= 0; --bit) {
    const std::uint64_t trial = found | (std::uint64_t{1} << static_cast<unsigned>(bit));
    Index below = std::count_if(values.begin(), values.end(),
                                [&](double x) { return std::bit_cast<std::uint64_t>(x) < trial; });
    comm::sum_in_place(comm, std::span(&below, 1));
    if (below <= k) found = trial;
  }
  return std::bit_cast<double>(found);
}

void PopsLeverages::add(const UnitRun& run) {
  const Eigen::MatrixXd q = whitened(whitening_, run.rows, run.ones);
  for (Index i = 0; i < run.size(); ++i) {
    const double h = q.col(i).squaredNorm();
    const double e = residual_of(whitening_, run, i);
    leverage_.push_back(h);
    square_.push_back(h > 0.0 ? e * e / h : 0.0);
  }
}

PopsRows PopsLeverages::choose(double percentile, const comm::Communicator& comm) const {
  auto n = static_cast<Index>(leverage_.size());
  comm::sum_in_place(comm, std::span(&n, 1));
  comm::require_replicated(comm, n > 0 && whitening_.rank() > 0, ErrorKind::numerical,
                           "no training row has a leverage: there is nothing to correct");
  const Index k = std::min(n - 1, static_cast<Index>(percentile / 100.0 * static_cast<double>(n)));
  const double mean = static_cast<double>(whitening_.rank()) / static_cast<double>(n);
  PopsRows rows{.least_leverage = std::max(order_statistic(leverage_, k, comm), least_part_of_mean * mean)};
  DoubleDouble mine;
  for (std::size_t i = 0; i < leverage_.size(); ++i) {
    if (leverage_[i] < rows.least_leverage) continue;
    ++rows.count;
    mine = mine + square_[i];
  }
  comm::sum_in_place(comm, std::span(&rows.count, 1));
  DoubleDouble squares;
  for (const DoubleDouble part : comm::all_gather(comm, std::vector<DoubleDouble>{mine}))
    squares = squares + part;
  rows.squares = squares.value();
  return rows;
}

Eigen::MatrixXd corrections(const Whitening& whitening, const PopsRows& rows, const UnitRun& run) {
  Eigen::MatrixXd delta = whitened(whitening, run.rows, run.ones);
  for (Index i = 0; i < run.size(); ++i) {
    const double h = delta.col(i).squaredNorm();
    delta.col(i) *= h < rows.least_leverage ? 0.0 : residual_of(whitening, run, i) / h;
  }
  return delta;
}

void PopsChoice::add(const UnitRun& run) {
  const Eigen::MatrixXd q = whitened(whitening_, run.rows, run.ones);
  for (Index i = 0; i < run.size(); ++i) {
    const double h = q.col(i).squaredNorm();
    if (h < rows_.least_leverage) continue;
    const Index number = run.numbers[static_cast<std::size_t>(i)];
    const Rank rank = {
        random_hash({.seed = options_.seed, .purpose = pops_choice}, static_cast<std::uint64_t>(number), 0),
        number};
    const bool full = static_cast<Index>(chosen_.size()) == options_.samples;
    if (full && rank > chosen_.rbegin()->first) continue;
    if (full) chosen_.erase(std::prev(chosen_.end()));
    chosen_[rank] = q.col(i) * (residual_of(whitening_, run, i) / h);
  }
}

std::pair<Eigen::MatrixXd, std::vector<Index>> PopsChoice::total(const comm::Communicator& comm) const {
  std::vector<Rank> mine;
  for (const auto& [rank, delta] : chosen_) mine.push_back(rank);
  std::vector<Rank> all = comm::all_gather(comm, mine);
  std::sort(all.begin(), all.end());
  if (static_cast<Index>(all.size()) > options_.samples)
    all.resize(static_cast<std::size_t>(options_.samples));
  Eigen::MatrixXd delta = Eigen::MatrixXd::Zero(whitening_.rank(), static_cast<Index>(all.size()));
  std::vector<Index> numbers;
  for (std::size_t s = 0; s < all.size(); ++s) {
    numbers.push_back(all[s].number);
    if (const auto at = chosen_.find(all[s]); at != chosen_.end())
      delta.col(static_cast<Index>(s)) = at->second;
  }
  comm::sum_in_place(comm, std::span(delta.data(), static_cast<std::size_t>(delta.size())));
  return {delta, numbers};
}

PopsMoments::PopsMoments(const Whitening& whitening, const PopsRows& rows)
    : whitening_(whitening),
      rows_(rows),
      unit_(std::exp2(std::ceil(std::log2(rows.squares)) - 51.0)),
      sum_(Eigen::MatrixXd::Zero(whitening.rank(), whitening.rank())) {}

void PopsMoments::add(const UnitRun& run) {
  if (rows_.squares == 0.0) return;
  const Eigen::MatrixXd delta = corrections(whitening_, rows_, run);
  const Eigen::MatrixXd part = linalg::product(delta, delta.transpose());
  sum_ += (part.array() / unit_).round().matrix() * unit_;
}

Eigen::MatrixXd PopsMoments::total(const comm::Communicator& comm) const {
  Eigen::MatrixXd sum = sum_;
  comm::sum_in_place(comm, std::span(sum.data(), static_cast<std::size_t>(sum.size())));
  return sum;
}

PopsBounds::PopsBounds(const Whitening& whitening, const PopsRows& rows, Eigen::MatrixXd axes,
                       const Eigen::VectorXd& moments)
    : whitening_(whitening),
      rows_(rows),
      axes_(std::move(axes)),
      size_(2.0 * moments.cwiseSqrt()),  // 2: rounding of moments
      extremes_(Eigen::MatrixXd::Zero(axes_.cols(), 2)),
      counts_(decltype(counts_)::Zero(2 * n_bins, axes_.cols())) {}

Index PopsBounds::bin_of(double x) {
  const std::uint64_t below = std::bit_cast<std::uint64_t>(1.0) - std::bit_cast<std::uint64_t>(x);
  return std::min(n_bins, static_cast<Index>(below >> 47U));  // 5 bits of the 52 of a mantissa are left
}

double PopsBounds::end_of(Index bin) {
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(1.0) - (static_cast<std::uint64_t>(bin) << 47U));
}

void PopsBounds::add(const UnitRun& run) {
  const Eigen::MatrixXd delta = corrections(whitening_, rows_, run);
  const Eigen::MatrixXd along = linalg::product(axes_, delta, linalg::Op::transpose);
  for (Index i = 0; i < along.cols(); ++i)
    for (Index k = 0; k < along.rows(); ++k) {
      const double x = along(k, i);
      extremes_(k, 0) = std::min(extremes_(k, 0), x);
      extremes_(k, 1) = std::max(extremes_(k, 1), x);
      const double part = std::min(1.0, std::abs(x) / size_(k));
      const Index bin = part > 0.0 ? bin_of(part) : n_bins;
      if (bin < n_bins) ++counts_(x < 0.0 ? bin : n_bins + bin, k);
    }
}

Eigen::MatrixXd PopsBounds::total(double clip, const comm::Communicator& comm) {
  const auto outside = static_cast<Index>(clip * static_cast<double>(rows_.count));
  Eigen::MatrixXd minus_lower = -extremes_.col(0);
  Eigen::MatrixXd upper = extremes_.col(1);
  comm::max_in_place(comm, std::span(minus_lower.data(), static_cast<std::size_t>(minus_lower.size())));
  comm::max_in_place(comm, std::span(upper.data(), static_cast<std::size_t>(upper.size())));
  Eigen::MatrixXd bounds(axes_.cols(), 2);
  bounds << -minus_lower, upper;
  if (outside == 0) return bounds;
  comm::sum_in_place(comm, std::span(counts_.data(), static_cast<std::size_t>(counts_.size())));
  for (Index k = 0; k < bounds.rows(); ++k)
    for (const Index side : {0, 1}) {
      Index seen = 0;
      Index bin = 0;
      while (bin < n_bins && (seen += counts_(side * n_bins + bin, k)) <= outside) ++bin;
      const double end = bin < n_bins ? end_of(bin) * size_(k) : 0.0;
      double& bound = bounds(k, side);
      if (end < std::abs(bound)) bound = side == 0 ? -end : end;
    }
  return bounds;
}

}  // namespace tallfit::infer
