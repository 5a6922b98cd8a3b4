/// One estimator with several choices of its hyperparameters.
#pragma once

#include <Eigen/Core>

#include <string>
#include <vector>

#include "tallfit/estimate/estimator.hpp"

namespace tallfit::estimate {

struct Candidates {
  std::string estimator;
  std::vector<EstimatorOptions> options;  ///< of each candidate

  Index size() const { return static_cast<Index>(options.size()); }
};

/// Whether the candidates have most of their work in common, a decomposition or a path, so that ranks would
/// gain nothing by sharing the candidates.
bool share_work(const Candidates& candidates);

/// What the fits of candidates to one system have given.
struct CandidateFits {
  Eigen::MatrixXd models;          ///< (K + 2) x candidates: [θ; c; -1], so that ‖F model‖ is an error
  Eigen::VectorXd effective_dof;   ///< of each candidate
  Eigen::VectorXd log_evidence;    ///< NaN where the estimator has none
  std::vector<Index> unconverged;  ///< candidates, in increasing order
};

/// Fits each candidate. Ridge regression takes one RidgeBidiagonal (on a grid one SVD) for all λ, and 4 K²
/// flops for each; `lasso` and `elastic_net` one path, from the largest λ down.
///
/// The decomposition is that of the user's columns, so where λ is below (1e6 K ε s)² for the largest singular
/// value s, which would leave fewer than six digits in its worst direction, the candidate gets a fit of its
/// own. The same on every rank. @collective over the grid of the system
CandidateFits fit_candidates(const LeastSquaresSystem& system, const Candidates& candidates);

}  // namespace tallfit::estimate
