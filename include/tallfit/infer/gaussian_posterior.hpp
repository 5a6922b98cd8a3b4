/// The posterior of a linear model with Gaussian noise, in closed form.
#pragma once

#include <Eigen/Core>

#include <cstdint>
#include <limits>

#include "tallfit/estimate/estimator.hpp"

namespace tallfit::infer {

/// One coefficient: mean + scale t, for t of Student's distribution, normal where dof is infinite.
struct Marginal {
  double mean = 0.0;
  double scale = 0.0;
  double dof = std::numeric_limits<double>::infinity();

  double sd() const;  ///< infinite where dof <= 2
  double quantile(double p) const;
};

/// What is believed before the rows are seen, in units of the noise.
struct ConjugatePrior {
  double lambda = 0.0;  ///< θ_j ~ N(μ_j, σ² / (λ d_j²)), flat where that is 0; that of a ridge fit
  Eigen::VectorXd factors = {};  ///< d, K; empty: 1
  Eigen::VectorXd mean = {};     ///< μ, K; empty: 0
  double shape = 0.0;            ///< σ² ~ inverse gamma(shape, rate); 0 and 0: flat in ln σ
  double rate = 0.0;
};

/// θ and c given σ are normal with covariance σ² S Sᵀ, S Sᵀ = ((A, 1)ᵀ W² (A, 1) + prior)⁺; σ² is known, or
/// of an inverse gamma distribution, which makes the marginals Student's.
///
/// A flat prior takes a degree of freedom for each coefficient: with ols dof = N - K and scales are the
/// classical standard errors. S stays on the grid of the fit; no covariance is formed.
class GaussianPosterior {
public:
  /// Cost: K³ / (3 P) flops, a K x K matrix on the grid of the fit.
  /// @param fit  of ols or ridge with the same prior; its noise where fit.noise_is_known
  /// @param n_rows  N
  /// @throws Error{numerical} where the noise is not known and no row is left to tell it
  /// @collective over the grid of the fit
  GaussianPosterior(const estimate::LinearFit& fit, const ConjugatePrior& prior, Index n_rows);

  const Eigen::VectorXd& mean() const { return mean_; }      ///< of θ and c, K + 1
  Marginal marginal(Index j) const;                          ///< of θ_j, or of c for j = K
  double noise_variance() const { return noise_variance_; }  ///< σ², or rate / shape
  double dof() const { return dof_; }                        ///< 2 shape; infinite where σ is known
  double shape() const { return shape_; }                    ///< of σ²; NaN where that is known
  double rate() const { return rate_; }
  /// ln p(w b), weights counted as known; the flat priors of ln σ and c are left out with their infinite
  /// constants. NaN where that of a coefficient is flat.
  double log_evidence() const { return log_evidence_; }

  /// Draws of (θ, c, σ²), K + 2 rows, a column for each; the same on every rank and whatever their number.
  /// Cost: K² flops a draw. @collective over the grid
  Eigen::MatrixXd samples(Index count, std::uint64_t seed) const;

  /// Mahalanobis distance sqrt((x - θ)ᵀ (S Sᵀ)⁻¹ (x - θ)) / σ of other coefficients; squared and over K it
  /// is of F(K, dof). Cost: a triangular solve.
  /// @throws Error{numerical} where the rank is deficient. @collective over the grid
  double distance(const Eigen::VectorXd& coefficients) const;

private:
  void set_evidence(const ConjugatePrior& prior, double n_observations, double squares);

  linalg::BlockCyclicMatrix root_;  ///< S, K + 1 rows, where σ is 1
  bool full_rank_ = false;
  Eigen::VectorXd mean_, unit_deviation_;
  double noise_variance_ = 0.0;
  double dof_ = std::numeric_limits<double>::infinity();
  double shape_ = std::numeric_limits<double>::quiet_NaN();
  double rate_ = std::numeric_limits<double>::quiet_NaN();
  double log_evidence_ = std::numeric_limits<double>::quiet_NaN();
};

}  // namespace tallfit::infer
