/// The weights of groups and row types that a criterion likes best.
#pragma once

#include <Eigen/Core>

#include <array>
#include <string>
#include <vector>

#include "tallfit/estimate/weight_objectives.hpp"

namespace tallfit::estimate {

enum class WeightCriterion {
  held_out,  ///< the least weighted sum of errors on folds that were not fitted
  evidence   ///< the most probable targets
};

/// What to look for.
struct WeightSearch {
  WeightCriterion criterion = WeightCriterion::held_out;
  WeightedModel model = {};
  std::map<std::string, double> error_weights = {};  ///< as error_targets() takes them
  std::array<double, 2> bounds = {1e-3, 1e3};        ///< of each multiplier, times its start
  double tolerance = 1e-6;  ///< of the gradient of the objective by the logarithms of the multipliers
  Index max_iterations = 1000;
};

/// Root mean square errors of all energy and all force rows where the one are weighted against the others.
struct ParetoPoint {
  double log_ratio =
      0.0;  ///< log10 of the loss weight of energy rows over that of force rows, beside the best
  double energy_error = 0.0;
  double force_error = 0.0;
  bool dominated = false;  ///< another point is better in both
};

/// The same on every rank.
struct BestWeights {
  std::vector<WeightClass> classes;
  std::vector<double> mean_weights;  ///< of the rows of each class, w² before any multiplier
  Eigen::VectorXd multipliers;       ///< of each class
  double value_before = 0.0;         ///< of the objective: Σ α e / e⁰, or -1/N ln p
  double value_after = 0.0;
  std::vector<ErrorTarget> targets;
  Eigen::VectorXd errors_before;  ///< of each target; held out where there are folds
  Eigen::VectorXd errors_after;
  bool held_out = false;  ///< whether the errors are
  Index iterations = 0;
  Index evaluations = 0;
  Index merges = 0;        ///< of all cells, for coordinates in which the Grams are safe
  double condition = 1.0;  ///< of the worst matrix at the best weights, in those coordinates
  bool converged = false;
  std::string convergence;
  std::vector<ParetoPoint> pareto;  ///< empty without energy or force rows
};

/// Searches by TAO's bounded quasi-Newton method in the logarithms of the multipliers.
///
/// The Grams are whitened at the start. A search may go where m² is 1e3 times that of its start or 1e-3 of
/// it, so that no sum of Grams has a condition beyond 1e6 (without the fold that is left out: times what that
/// fold alone determines); where the best point is at that limit, the cells are merged anew there, by QR, and
/// the search goes on. Cost: a merge and a whitening for each such step, held_out_objective() or
/// evidence_objective() for each evaluation. @collective
/// @throws Error{input} for cells that do not tell row types apart or, for held-out errors, folds; for what
/// CellGrams, weight_classes() and error_targets() do not take, and for a target without error at the start.
BestWeights optimise_weights(const compress::CompressedDesign& design, const design::GroupMultipliers& start,
                             const WeightSearch& search, const comm::Communicator& comm);

/// The errors along a scan of the loss weight of energies over that of forces, 1e-3 to 1e3 times that of the
/// given multipliers. Cost: 13 evaluations. @collective
std::vector<ParetoPoint> energy_force_scan(const CellGrams& grams, const std::vector<WeightClass>& classes,
                                           const Eigen::VectorXd& multipliers);

}  // namespace tallfit::estimate
