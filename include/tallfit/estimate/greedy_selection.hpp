/// Columns chosen one by one.
#pragma once

#include <Eigen/Core>

#include <functional>
#include <vector>

#include "tallfit/estimate/saved_search.hpp"

namespace tallfit::estimate {

/// A column that may be chosen next.
struct Candidate {
  double correlation;  ///< R_jᵀ r with what the chosen columns leave of the target
  double norm;         ///< of R_j
  double left;         ///< norm of what the chosen columns leave of R_j
};

/// The larger, the better.
using CandidateScore = std::function<double(const Candidate&)>;

/// |R_jᵀ r|: orthogonal matching pursuit, scikit-learn's orthogonal_mp.
double correlation_score(const Candidate& candidate);
/// |R_jᵀ r| / ‖R_j‖: the same on columns of unit norm.
double normalized_correlation_score(const Candidate& candidate);
/// How much the sum of squares falls, (R_jᵀ r)² / left²: forward selection.
double residual_score(const Candidate& candidate);

struct GreedyEnd {
  Index columns = 0;
  double squared_residual = 0.0;  ///< at which it has enough
};

/// Columns in the order in which they were chosen, and least squares on the first 0, 1, 2 … of them.
struct GreedySelection {
  std::vector<Index> columns;
  std::vector<double> residual_norms;
  std::vector<Eigen::VectorXd> coefficients;  ///< of so many columns, in their order

  void put(compress::NumberSink& sink) const;
  void read(compress::NumberSource& source);
};

/// Takes the column of the best score again and again; those that depend on chosen ones are passed over. Ends
/// early where nothing but rounding is left to explain. Each column is a milestone of @p saved.
///
/// Cost: 4 K² / P + 8 K m flops for each of m columns, and ActiveColumns::fetch(). @collective over the grid
/// @see Pati, Rezaiifar, Krishnaprasad, Asilomar 1993; Chen, Billings, Luo, Int. J. Control 50 (1989) 1873
GreedySelection select_greedily(const LeastSquaresSystem& system, const CandidateScore& score,
                                const GreedyEnd& end, double rcond, SavedSearch& saved);

}  // namespace tallfit::estimate
