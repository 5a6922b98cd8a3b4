#include "tallfit/infer/gaussian_posterior.hpp"

#include <cmath>
#include <numbers>

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/infer/random_stream.hpp"
#include "tallfit/infer/special_functions.hpp"
#include "tallfit/linalg/transfer.hpp"
#include "tallfit/linalg/triangular.hpp"

namespace tallfit::infer {

namespace {

/// λ d_j² of each coefficient.
Eigen::VectorXd precisions_of(const ConjugatePrior& prior, Index n) {
  if (prior.factors.size() == 0) return Eigen::VectorXd::Constant(n, prior.lambda);
  return prior.lambda * prior.factors.cwiseAbs2();
}

/// ln |det S| of the upper triangle of the first n rows and columns. @collective
double log_determinant(const linalg::BlockCyclicMatrix& s, Index n) {
  double sum = 0.0;
  for (Index j = 0; j < n; ++j)
    if (s.owns(j, j))
      sum += std::log(std::abs(s.at_local(s.row_axis().local_index(j), s.col_axis().local_index(j))));
  comm::sum_in_place(s.grid().comm(), std::span(&sum, 1));
  return sum;
}

}  // namespace

double Marginal::sd() const {
  if (std::isinf(dof)) return scale;
  return dof > 2.0 ? scale * std::sqrt(dof / (dof - 2.0)) : std::numeric_limits<double>::infinity();
}

double Marginal::quantile(double p) const { return mean + scale * student_quantile(p, dof); }

GaussianPosterior::GaussianPosterior(const estimate::LinearFit& fit, const ConjugatePrior& prior,
                                     Index n_rows)
    : root_(estimate::covariance_root(fit)) {
  const comm::Communicator& comm = root_.grid().comm();
  const Index n = fit.coefficients.size();
  mean_.resize(n + 1);
  mean_ << fit.coefficients, fit.intercept;
  unit_deviation_.resize(n + 1);
  Eigen::VectorXd last = Eigen::VectorXd::Zero(n + 1);
  last(n) = 1.0;
  unit_deviation_ << fit.covariance_diagonal.cwiseSqrt(),
      linalg::multiply(root_, last, linalg::Op::transpose).norm();
  full_rank_ = fit.rank == n && fit.solver_columns.empty();
  const Eigen::VectorXd precisions = precisions_of(prior, n);
  const Eigen::VectorXd off =
      prior.mean.size() == 0 ? fit.coefficients : Eigen::VectorXd(fit.coefficients - prior.mean);
  const double squares =
      fit.residual_norm * fit.residual_norm + (precisions.array() * off.array().square()).sum();
  const double n_observations = static_cast<double>(n_rows) - (fit.has_intercept() ? 1.0 : 0.0);
  // directions of no information at all have a flat prior, but take no row either
  const Index n_flat = (precisions.array() == 0.0).count() - (n - fit.rank);
  if (fit.noise_is_known) {
    noise_variance_ = fit.noise_variance;
  } else {
    shape_ = prior.shape + 0.5 * (n_observations - static_cast<double>(n_flat));
    rate_ = prior.rate + 0.5 * squares;
    comm::require_replicated(comm, shape_ > 0.0, ErrorKind::numerical,
                             "the posterior of the noise is not defined: {} rows, {} coefficients with a "
                             "flat prior. Set fit.alpha "
                             "where the noise is known, posterior.shape and posterior.rate, or a penalty",
                             n_rows, n_flat);
    dof_ = 2.0 * shape_;
    noise_variance_ = rate_ / shape_;
  }
  if (full_rank_ && (precisions.array() > 0.0).all()) set_evidence(prior, n_observations, squares);
}

void GaussianPosterior::set_evidence(const ConjugatePrior& prior, double n_observations, double squares) {
  const Index n = mean_.size() - 1;
  const double volume = 0.5 * precisions_of(prior, n).array().log().sum() + log_determinant(root_, n);
  const double of_pi = 0.5 * n_observations * std::log(2.0 * std::numbers::pi);
  if (std::isinf(dof_)) {
    log_evidence_ =
        volume - of_pi - 0.5 * n_observations * std::log(noise_variance_) - 0.5 * squares / noise_variance_;
    return;
  }
  log_evidence_ = volume - of_pi - shape_ * std::log(rate_) + std::lgamma(shape_);
  if (prior.shape > 0.0) log_evidence_ += prior.shape * std::log(prior.rate) - std::lgamma(prior.shape);
}

Marginal GaussianPosterior::marginal(Index j) const {
  return {.mean = mean_(j), .scale = std::sqrt(noise_variance_) * unit_deviation_(j), .dof = dof_};
}

Eigen::MatrixXd GaussianPosterior::samples(Index count, std::uint64_t seed) const {
  const Index k = mean_.size();
  Eigen::MatrixXd normal(root_.cols(), count);
  Eigen::MatrixXd draws(k + 1, count);
  for (Index s = 0; s < count; ++s) {
    RandomStream stream(seed, s, 0);
    draws(k, s) = std::isinf(dof_) ? noise_variance_ : rate_ / stream.gamma(shape_);
    const double sigma = std::sqrt(draws(k, s));
    for (Index i = 0; i < normal.rows(); ++i) normal(i, s) = sigma * stream.normal();
  }
  draws.topRows(k) = linalg::multiply(root_, normal).colwise() + mean_;
  return draws;
}

double GaussianPosterior::distance(const Eigen::VectorXd& coefficients) const {
  const Index n = mean_.size() - 1;
  comm::require_replicated(root_.grid().comm(), full_rank_, ErrorKind::numerical,
                           "the rank is deficient: coefficients have no distance in the metric of the fit");
  const Eigen::VectorXd off = coefficients - mean_.head(n);
  return linalg::solve_upper(linalg::sub_matrix(root_, 0, 0, n, n), off).norm() / std::sqrt(noise_variance_);
}

}  // namespace tallfit::infer
