#include "tallfit/estimate/optimise_weights.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "tallfit/base/log.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/linalg/minimise.hpp"
#include "tallfit/linalg/petsc_session.hpp"

namespace tallfit::estimate {

namespace {

/// How far the logarithm of a multiplier may go from where the Grams were whitened: m² by a factor of 1e3.
const double whitened_reach = 0.5 * std::log(1e3);

/// Whether the reach, not a bound of the user, holds the point.
bool is_held(const Eigen::VectorXd& x, const Eigen::VectorXd& center, const Eigen::VectorXd& lower,
             const Eigen::VectorXd& upper) {
  for (Index c = 0; c < x.size(); ++c) {
    if (x(c) <= center(c) - whitened_reach && x(c) > lower(c)) return true;
    if (x(c) >= center(c) + whitened_reach && x(c) < upper(c)) return true;
  }
  return false;
}

/// The classes and targets of a search. @collective
BestWeights prepared(const compress::CompressedDesign& design, const design::GroupMultipliers& start,
                     const WeightSearch& search, const comm::Communicator& comm) {
  BestWeights best;
  comm::all_or_none(comm, [&] {
    require(
        design.parts.row_type, ErrorKind::input,
        "{}: its cells ({}) do not tell row types apart, so that there are no weights of energies, forces "
        "and stresses to search. Compress again with compress.cells = [\"group\", \"row_type\", \"fold\"]",
        design.name, compress::to_string(design.parts));
    best.classes = weight_classes(design, start);
    best.targets = error_targets(best.classes, design.group_names, search.error_weights);
    require(
        search.criterion == WeightCriterion::evidence || (design.parts.fold && design.n_folds > 1),
        ErrorKind::input,
        "{}: held-out errors need folds, which its cells ({}) do not tell apart. Compress again with "
        "compress.cells = [\"group\", \"row_type\", \"fold\"], or set fit.optimize_weights = \"evidence\"",
        design.name, compress::to_string(design.parts));
  });
  return best;
}

/// What is known before the search. @collective
void describe_start(BestWeights& best, const CellGrams& grams, const Eigen::VectorXd& multipliers) {
  best.mean_weights.assign(best.classes.size(), 0.0);
  for (const GramCell& cell : grams.cells()) {
    const auto c = static_cast<std::size_t>(cell.weight_class);
    best.mean_weights[c] +=
        cell.mean_weight * static_cast<double>(cell.count) / static_cast<double>(best.classes[c].count);
  }
  best.held_out = grams.has_folds();
  best.errors_before = held_out_errors(grams, best.targets, multipliers);
  for (std::size_t t = 0; t < best.targets.size(); ++t)
    comm::require_replicated(grams.comm(), best.errors_before(static_cast<Index>(t)) > 0.0, ErrorKind::input,
                             "fit.error_weights: {} has no error before the search, which others could be "
                             "weighed against. Leave it out",
                             best.targets[t].name);
}

}  // namespace

BestWeights optimise_weights(const compress::CompressedDesign& design, const design::GroupMultipliers& start,
                             const WeightSearch& search, const comm::Communicator& comm) {
  const linalg::PetscSession petsc(comm);
  BestWeights best = prepared(design, start, search, comm);
  Eigen::VectorXd x(static_cast<Index>(best.classes.size()));
  for (Index c = 0; c < x.size(); ++c) x(c) = std::log(best.classes[static_cast<std::size_t>(c)].start);
  const Eigen::VectorXd lower = x.array() + std::log(search.bounds[0]);
  const Eigen::VectorXd upper = x.array() + std::log(search.bounds[1]);
  std::optional<CellGrams> grams;
  const auto evaluate = [&](const Eigen::VectorXd& at) {
    return search.criterion == WeightCriterion::held_out
               ? held_out_objective(*grams, best.targets, best.errors_before, at.array().exp())
               : evidence_objective(*grams, search.model, at.array().exp());
  };
  linalg::Minimum found;
  bool held = true;
  for (; held; ++best.merges) {
    grams.emplace(design, start, best.classes, x.array().exp(), search.model, comm);
    if (best.merges == 0) {
      describe_start(best, *grams, x.array().exp());
      best.value_before = evaluate(x).value;
    }
    const Eigen::VectorXd center = x;
    found = linalg::minimise_together(
        comm,
        {.value =
             [&](const Eigen::VectorXd& at, Eigen::VectorXd& gradient) {
               Evaluation here = evaluate(at);
               best.condition = here.condition;
               gradient = std::move(here.gradient);
               return here.value;
             },
         .start = center,
         .lower = lower.cwiseMax((center.array() - whitened_reach).matrix()),
         .upper = upper.cwiseMin((center.array() + whitened_reach).matrix())},
        {.gradient_below = search.tolerance, .max_iterations = search.max_iterations - best.iterations});
    x = found.x;
    best.iterations += found.iterations;
    best.evaluations += found.evaluations;
    log::info("weights: objective {:.8g} after {} iterations", found.value, best.iterations);
    held = found.converged && is_held(x, center, lower, upper);
  }
  best.multipliers = x.array().exp();
  best.value_after = found.value;
  best.converged = found.converged;
  best.convergence = fmt::format(
      "gradient {:.1e} of the objective by the logarithms of the weights after {} iterations ({}); "
      "fit.weight_tolerance = {:.1e}",
      found.gradient_norm, best.iterations, found.reason, search.tolerance);
  best.errors_after = held_out_errors(*grams, best.targets, best.multipliers);
  best.pareto = energy_force_scan(*grams, best.classes, best.multipliers);
  return best;
}

}  // namespace tallfit::estimate
