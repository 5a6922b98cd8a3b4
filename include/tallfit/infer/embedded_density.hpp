/// Likelihoods of a model whose coefficients are random, because no fixed ones describe the data.
#pragma once

#include <Eigen/Core>

#include "tallfit/base/numeric.hpp"

namespace tallfit::infer {

enum class EmbeddedKind {
  iid,  ///< each row is normal: e_i ~ N(0, V_i)
  abc   ///< mean and spread fit the residuals: approximate Bayesian computation
};

/// ln p of residuals e and their variances V: what the spread of the coefficients makes of a row, and noise.
///
///   iid   Σ [-e²/(2 V) - ln(V)/2] - N ln(2π)/2
///   abc   -Σ [e² + (|e| - √V)²] / (2 ε²) - ln(2π)/2 - ln ε
///
/// @see Sargsyan, Najm and Ghanem, Int. J. Chem. Kinet. 47 (2015) 246; Sargsyan, Huan and Najm, Int. J.
/// Uncertainty Quantif. 9 (2019) 365 (arXiv:1801.06768)
struct EmbeddedDensity {
  EmbeddedKind kind = EmbeddedKind::iid;
  double tolerance = 0.1;  ///< ε of abc, in the unit of weighted targets

  /// The sum over rows, without the constant. V > 0 where e is not 0. Local.
  double sum(const Eigen::Ref<const Eigen::VectorXd>& residuals,
             const Eigen::Ref<const Eigen::VectorXd>& variances) const;
  /// Its derivatives. Where e = 0, abc has a kink, and half of its jump is taken: 0. Local.
  void slopes(const Eigen::Ref<const Eigen::VectorXd>& residuals,
              const Eigen::Ref<const Eigen::VectorXd>& variances, Eigen::VectorXd& by_residual,
              Eigen::VectorXd& by_variance) const;
  /// What ln p has beside the sum, for @p n_rows rows.
  double constant(Index n_rows) const;
};

}  // namespace tallfit::infer
