/// Least angle regression, and the lasso's whole path by it.
#pragma once

#include <Eigen/Core>

#include <vector>

#include "tallfit/estimate/saved_search.hpp"

namespace tallfit::estimate {

enum class LarsMethod {
  lar,   ///< columns only join
  lasso  ///< a coefficient that meets zero leaves: the path of the lasso's minima
};

/// Where a path ends: at its first of these.
struct LarsEnd {
  double lambda = 0.0;
  Index columns = 0;  ///< 0: all
  Index steps = 0;
};

/// A point where a column joins or leaves, or the end.
struct LarsKnot {
  double lambda = 0.0;  ///< largest correlation, over S = Σ w²: scikit-learn's alpha
  Eigen::VectorXd coefficients;
  double residual_norm = 0.0;

  void put(compress::NumberSink& sink) const;
  void read(compress::NumberSource& source);
};

struct LarsPath {
  std::vector<LarsKnot> knots;  ///< with falling λ; the first has no coefficients
  std::vector<Index> columns;   ///< active at the end
  Eigen::VectorXd signs;        ///< of their correlations, all of size S λ there
  bool complete = true;         ///< false: stopped by `steps`
};

/// The path on which the correlations R_jᵀ(z - R θ) of the active columns stay equal in size and fall.
///
/// Between knots θ = u - C d is linear in the correlation C, with u the least-squares solution on the active
/// columns and d the response to their signs, by a QR factorisation that is updated. Every stretch is
/// computed anew from the factor, so errors do not add up along the path. Columns that depend on active ones
/// wait until one of these leaves. Cost: 4 K² / P + O(K m) flops for a knot with m active columns; K numbers
/// for each knot on every rank. Each knot is a milestone of @p saved.
/// @collective over the grid
/// @see Efron, Hastie, Johnstone, Tibshirani, Ann. Statist. 32 (2004) 407, section 3; scikit-learn's
/// lars_path
LarsPath lars_path(const LeastSquaresSystem& system, LarsMethod method, const LarsEnd& end, double rcond,
                   SavedSearch& saved);

}  // namespace tallfit::estimate
