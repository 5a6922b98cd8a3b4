/// Columns dropped one by one, or some at a time.
#pragma once

#include <Eigen/Core>

#include <functional>
#include <vector>

#include "tallfit/estimate/saved_search.hpp"
#include "tallfit/estimate/triangular_solver.hpp"

namespace tallfit::estimate {

/// How much each column of a fitted system matters; the least ones are dropped.
using ImportanceScore = std::function<Eigen::VectorXd(const TriangularSolver&)>;

/// |θ_j|: recursive feature elimination with scikit-learn's LinearRegression. It depends on the units of the
/// columns.
Eigen::VectorXd coefficient_importance(const TriangularSolver& fitted);
/// How much the sum of squares rises without a column, θ_j² / ((RᵀR)⁻¹)_jj; 0 for one that depends on others:
/// backward selection. Cost: K³ / (3 P) flops.
Eigen::VectorXd residual_importance(const TriangularSolver& fitted);

struct EliminationPlan {
  Index columns = 0;  ///< to be left, at least 1
  Index step = 1;     ///< dropped at a time
};

/// A least-squares fit on the columns that are left.
struct EliminationStage {
  std::vector<Index> columns;
  Eigen::VectorXd coefficients;  ///< of these columns
  double residual_norm = 0.0;

  void put(compress::NumberSink& sink) const;
  void read(compress::NumberSource& source);
};

struct Elimination {
  std::vector<EliminationStage> stages;  ///< from all columns to those that are kept
  std::vector<Index> ranking;            ///< 1: kept; 2: dropped last; …: scikit-learn's ranking_
};

/// Fits, drops the least important columns, and so on. Among equals the one of lower index goes first. Each
/// stage is a milestone of @p saved.
///
/// Cost: a QR of the columns left for each stage, 4/3 m³ / P flops for m of them: K⁴ / (3 P) for K stages, 5
/// K³ or so where a tenth goes at a time. @collective over the grid
/// @see Guyon, Weston, Barnhill, Vapnik, Machine Learning 46 (2002) 389
Elimination eliminate_features(const LeastSquaresSystem& system, const ImportanceScore& importance,
                               const EliminationPlan& plan, const TriangularSolver::Options& options,
                               SavedSearch& saved);

}  // namespace tallfit::estimate
