/// Least squares where every coefficient has a normal prior of its own precision.
#pragma once

#include <Eigen/Core>

#include <algorithm>
#include <vector>

#include "tallfit/compress/checkpoint.hpp"
#include "tallfit/estimate/evidence.hpp"

namespace tallfit::estimate {

/// A system in units of its own: columns of norm 1, a target of mean square 1.
///
/// Precisions are those of these units: where they start and end does not depend on the user's units.
struct ScaledSystem {
  linalg::BlockCyclicMatrix columns;  ///< E, K x K: R without the norms; columns that tell nothing are 0
  Eigen::VectorXd norms;              ///< K; 0 for a column that tells nothing
  Eigen::VectorXd z;                  ///< K
  double rho = 0.0;
  double target_size = 1.0;     ///< root mean square that was divided out
  double n_observations = 0.0;  ///< N, an intercept taken off

  Index n_coeffs() const { return norms.size(); }
};

/// @param rcond  columns below rcond times what the intercept takes of them are rounding, and as good as zero
/// Cost: a copy of R. @collective over the grid
ScaledSystem scaled(const LeastSquaresSystem& system, double n_observations, double rcond);

/// The hyperparameters.
struct Relevance {
  Eigen::VectorXd precisions;    ///< λ, K; infinite where a column is pruned
  double noise_precision = 1.0;  ///< α

  std::vector<Index> active() const;

  void put(compress::NumberSink& sink) const;
  void read(compress::NumberSource& source);
};

/// What the data say for given hyperparameters. With B = sqrt(α) E Λ^-½ over active columns, T = (I + BᵀB)⁻¹
/// is the posterior covariance of u = Λ^½ θ, whose prior is that of unit variance.
struct RelevancePosterior {
  std::vector<Index> active;
  double log_evidence = 0.0;
  double penalised_misfit = 0.0;     ///< α ‖y - E θ‖² + ‖u‖²
  Eigen::VectorXd mean;              ///< of u, active
  linalg::BlockCyclicMatrix factor;  ///< triangle of [B; I], active x active
  Eigen::VectorXd sparsity;  ///< s, K: α e_jᵀ C⁻¹ e_j of pruned columns, C the covariance of y in α⁻¹
  Eigen::VectorXd quality;  ///< q, K: α e_jᵀ C⁻¹ y of pruned columns; 0 of active ones

  /// α ‖y - E θ‖², as far as the difference has digits
  double misfit() const { return std::max(0.0, penalised_misfit - mean.squaredNorm()); }
};

/// [E z; 0 ρ] with active columns first, as a triangle: kept while the same columns are active.
struct SortedColumns {
  std::vector<Index> order = {};      ///< of the K columns; empty before the first use
  std::vector<double> triangle = {};  ///< packed
};

/// ln p(y | α, λ) = ½ (N ln α - ln |I + BᵀB| - penalised misfit - N ln 2π), and what goes with it.
///
/// One QR of [B  sqrt(α) E'  sqrt(α) y; I 0 0], pruned columns E' behind the active ones: no Gram matrix is
/// formed, and s and q are what is left of a column behind all that active ones and their priors explain.
/// Cost for m active columns: on one rank 2/3 m³ + 2 m K (K - m) flops, and 4/3 K³ where they are not those
/// of @p sorted; on a grid 2 K² (2 K / 3 + m) / P flops and two matrices of (K + m) x K. @collective
/// @see Tipping and Faul, AISTATS 2003, equations 18 to 24 (s, q).
RelevancePosterior relevance_posterior(const ScaledSystem& system, const Relevance& relevance,
                                       SortedColumns& sorted);
RelevancePosterior relevance_posterior(const ScaledSystem& system, const Relevance& relevance);

/// T, active x active. Cost: 2 m³ / (3 P) flops. @collective
linalg::BlockCyclicMatrix posterior_covariance(const RelevancePosterior& posterior);

/// Adds s and q of active columns: those of the model without the column. @param variances diagonal of T
/// Local.
void add_active_in_place(RelevancePosterior& posterior, const Relevance& relevance,
                         const Eigen::VectorXd& variances);

/// θ on the user's scale, K. Local.
Eigen::VectorXd coefficients_of(const ScaledSystem& system, const Relevance& relevance,
                                const RelevancePosterior& posterior);

}  // namespace tallfit::estimate
