#include "tallfit/infer/diagnostics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "tallfit/infer/special_functions.hpp"

namespace tallfit::infer {

namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

bool can_be_judged(const Eigen::MatrixXd& draws) {
  return draws.rows() >= 4 && draws.allFinite() && draws.maxCoeff() > draws.minCoeff();
}

/// Each chain as two; of an odd number of draws the one in the middle is left out.
Eigen::MatrixXd split(const Eigen::MatrixXd& draws) {
  const Index half = draws.rows() / 2;
  Eigen::MatrixXd halves(half, 2 * draws.cols());
  halves << draws.topRows(half), draws.bottomRows(half);
  return halves;
}

/// Each ensemble of so many adjacent columns as one long column.
Eigen::MatrixXd pooled(const Eigen::MatrixXd& draws, Index walkers) {
  return draws.reshaped(draws.rows() * walkers, draws.cols() / walkers);
}

/// The mean of each ensemble at each draw.
Eigen::MatrixXd ensemble_means(const Eigen::MatrixXd& draws, Index walkers) {
  Eigen::MatrixXd means(draws.rows(), draws.cols() / walkers);
  for (Index c = 0; c < means.cols(); ++c)
    means.col(c) = draws.middleCols(c * walkers, walkers).rowwise().mean();
  return means;
}

/// Normal scores of the ranks among all draws; equal draws share their mean rank.
Eigen::MatrixXd rank_normalised(const Eigen::MatrixXd& draws) {
  const auto n = static_cast<std::size_t>(draws.size());
  std::vector<Index> order(n);
  std::iota(order.begin(), order.end(), Index{0});
  const double* values = draws.data();
  std::sort(order.begin(), order.end(), [&](Index a, Index b) { return values[a] < values[b]; });
  Eigen::MatrixXd scores(draws.rows(), draws.cols());
  for (std::size_t begin = 0; begin < n;) {
    std::size_t end = begin + 1;
    while (end < n && values[order[end]] == values[order[begin]]) ++end;
    const double rank = 0.5 * static_cast<double>(begin + 1 + end);
    const double score = normal_quantile((rank - 0.375) / (static_cast<double>(n) + 0.25));
    for (std::size_t i = begin; i < end; ++i) scores.data()[order[i]] = score;
    begin = end;
  }
  return scores;
}

/// Squares about the mean, divided by n - 1.
double variance(const Eigen::MatrixXd& values) {
  return (values.array() - values.mean()).square().sum() / static_cast<double>(values.size() - 1);
}

/// Autocovariances, averaged over the chains, one lag at a time: only the first few are needed.
class Autocovariance {
public:
  explicit Autocovariance(const Eigen::MatrixXd& draws)
      : centred_(draws.rowwise() - draws.colwise().mean().eval()) {}

  double at(Index lag) const {
    const Index n = centred_.rows() - lag;
    return centred_.topRows(n).cwiseProduct(centred_.bottomRows(n)).sum() /
           static_cast<double>(centred_.size());
  }

private:
  Eigen::MatrixXd centred_;
};

/// Sum of the autocorrelations ρ_0, ρ_1, ... by pairs: while their sums are positive, and as large as the
/// pair before at most.
template <class Correlation>
double initial_monotone_time(const Correlation& rho, Index n) {
  std::vector<double> kept = {1.0, rho(1)};
  double even = 1.0;
  double odd = kept[1];
  Index lag = 0;
  while (lag < n - 5 && even + odd > 0.0) {
    lag += 2;
    even = rho(lag);
    odd = rho(lag + 1);
    const bool positive = even + odd >= 0.0;
    kept.push_back(positive ? even : 0.0);
    kept.push_back(positive ? odd : 0.0);
  }
  const auto last = static_cast<std::size_t>(lag);
  if (even > 0.0) kept[last] = even;
  for (std::size_t t = 2; t + 2 <= last; t += 2) {
    const double before = kept[t - 2] + kept[t - 1];
    if (kept[t] + kept[t + 1] > before) kept[t] = kept[t + 1] = 0.5 * before;
  }
  const auto end = kept.begin() + static_cast<std::ptrdiff_t>(last);
  return -1.0 + 2.0 * std::accumulate(kept.begin(), end, 0.0) + kept[last];
}

Eigen::MatrixXd at_most(const Eigen::MatrixXd& draws, double bound) {
  return (draws.array() <= bound).cast<double>();
}

}  // namespace

double basic_r_hat(const Eigen::MatrixXd& draws, Index walkers) {
  const Eigen::MatrixXd chains = pooled(draws, walkers);
  if (!can_be_judged(chains) || chains.cols() < 2) return unknown;
  const auto n = static_cast<double>(chains.rows());
  const Eigen::MatrixXd means = chains.colwise().mean();
  double within = 0.0;
  for (Index j = 0; j < chains.cols(); ++j) within += variance(chains.col(j));
  within /= static_cast<double>(chains.cols());
  return std::sqrt((n * variance(means) / within + n - 1.0) / n);
}

double split_r_hat(const Eigen::MatrixXd& draws, Index walkers) { return basic_r_hat(split(draws), walkers); }

double r_hat(const Eigen::MatrixXd& draws, Index walkers) {
  if (!can_be_judged(draws)) return unknown;
  const Eigen::MatrixXd halves = split(draws);
  const double median = quantile(halves, 0.5);
  const Eigen::MatrixXd folded = (halves.array() - median).abs();
  return std::max(basic_r_hat(rank_normalised(halves), walkers),
                  basic_r_hat(rank_normalised(folded), walkers));
}

double basic_ess(const Eigen::MatrixXd& draws, Index walkers) {
  if (!can_be_judged(draws)) return unknown;
  if (walkers > 1) {
    const Eigen::MatrixXd means = ensemble_means(draws, walkers);
    return basic_ess(means) * variance(draws) / variance(means);
  }
  const auto n = static_cast<double>(draws.rows());
  const Autocovariance covariance(draws);
  const double within = covariance.at(0) * n / (n - 1.0);
  double total = covariance.at(0);
  if (draws.cols() > 1) total += variance(draws.colwise().mean());
  const double time = initial_monotone_time(
      [&](Index lag) { return 1.0 - (within - covariance.at(lag)) / total; }, draws.rows());
  const auto size = static_cast<double>(draws.size());
  return size / std::max(time, 1.0 / std::log10(size));
}

double ess_mean(const Eigen::MatrixXd& draws, Index walkers) { return basic_ess(split(draws), walkers); }

double ess_bulk(const Eigen::MatrixXd& draws, Index walkers) {
  return can_be_judged(draws) ? basic_ess(rank_normalised(split(draws)), walkers) : unknown;
}

double ess_quantile(const Eigen::MatrixXd& draws, double p, Index walkers) {
  return can_be_judged(draws) ? basic_ess(split(at_most(draws, quantile(draws, p))), walkers) : unknown;
}

double ess_tail(const Eigen::MatrixXd& draws, Index walkers) {
  return std::min(ess_quantile(draws, 0.05, walkers), ess_quantile(draws, 0.95, walkers));
}

double ess_sd(const Eigen::MatrixXd& draws, Index walkers) {
  return basic_ess(split((draws.array() - draws.mean()).square()), walkers);
}

double autocorrelation_time(const Eigen::MatrixXd& draws, Index walkers) {
  return static_cast<double>(draws.size()) / ess_mean(draws, walkers);
}

double quantile(const Eigen::MatrixXd& draws, double p) {
  std::vector<double> values(draws.data(), draws.data() + draws.size());
  const double place = p * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(std::floor(place));
  std::nth_element(values.begin(), values.begin() + below, values.end());
  const double low = values[static_cast<std::size_t>(below)];
  if (below + 1 == draws.size()) return low;
  const double high = *std::min_element(values.begin() + below + 1, values.end());
  return low + (place - static_cast<double>(below)) * (high - low);
}

double mean(const Eigen::MatrixXd& draws) { return draws.mean(); }

double standard_deviation(const Eigen::MatrixXd& draws) { return std::sqrt(variance(draws)); }

double mcse_mean(const Eigen::MatrixXd& draws, Index walkers) {
  return standard_deviation(draws) / std::sqrt(ess_mean(draws, walkers));
}

double mcse_sd(const Eigen::MatrixXd& draws, Index walkers) {
  const Eigen::ArrayXXd squares = (draws.array() - draws.mean()).square();
  const double second = squares.mean();
  return std::sqrt((squares.square().mean() - second * second) / ess_sd(draws, walkers) / second / 4.0);
}

double mcse_quantile(const Eigen::MatrixXd& draws, double p, Index walkers) {
  const double ess = ess_quantile(draws, p, walkers);
  if (std::isnan(ess)) return unknown;
  std::vector<double> values(draws.data(), draws.data() + draws.size());
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  const auto value = [&](double rank) { return values[static_cast<std::size_t>(rank) - 1]; };
  constexpr double one_sd_below = 0.1586553;  // the five digits of R's posterior
  const double low = beta_quantile(one_sd_below, ess * p + 1.0, ess * (1.0 - p) + 1.0);
  const double high = beta_quantile(1.0 - one_sd_below, ess * p + 1.0, ess * (1.0 - p) + 1.0);
  return 0.5 * (value(std::min(std::ceil(high * n), n)) - value(std::max(std::floor(low * n), 1.0)));
}

}  // namespace tallfit::infer
