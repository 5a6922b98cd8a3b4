#include "find_weights.hpp"

#include <algorithm>

#include "engine.hpp"
#include "model_options.hpp"
#include "rows.hpp"

#include "tallfit/base/log.hpp"
#include "tallfit/base/memory.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/linalg/petsc_session.hpp"

namespace tallfit::app {

namespace {

void require_memory(const Config& config, const compress::CompressedDesign& design,
                    const comm::Communicator& world) {
  const Index limit = memory_limit(config, world);
  const Index size = design.n_cols() + 2;
  const auto n_cells = static_cast<Index>(design.cells.size());
  // Grams of cells and classes; a fold's sums; one Gram whole, with its rows, while it is made.
  const Index matrices = 2 * n_cells + 3 * Index{std::max(design.n_folds, 1)};
  const Index needed = (matrices * size / world.size() + 4 * size) * size * Index{sizeof(double)};
  comm::require_replicated(
      world, needed <= limit, ErrorKind::resource,
      "{}: a search of weights of {} columns in {} cells needs {} per rank beside the cells, but "
      "run.memory_per_rank = {}. Use more ranks, fewer folds (compress.folds) or fewer cells "
      "(compress.cells)",
      design.name, design.n_cols(), n_cells, format_bytes(needed), format_bytes(limit));
}

}  // namespace

bool searches_weights(const Config& config) { return config.fit.optimize_weights != "none"; }

Config for_weight_search(const Config& config, const estimate::Estimator& estimator) {
  if (!searches_weights(config)) return config;
  estimate::require_quadratic(estimator, "fit.optimize_weights");
  require((config.solver.engine == "auto" || config.solver.engine == "tall") &&
              !asks_for_grid(config.solver) && config.solver.algorithm != "lsqr",
          ErrorKind::input,
          "fit.optimize_weights works on factors that are whole on a rank, on the engine tall alone. Leave "
          "solver.engine, solver.grid and solver.block out, and let solver.algorithm be auto, qr or svd");
  const std::vector<double>& bounds = config.fit.weight_bounds;
  require(
      bounds.size() == 2 && bounds[0] > 0.0 && bounds[0] <= 1.0 && bounds[1] >= 1.0 && bounds[0] < bounds[1],
      ErrorKind::input,
      "fit.weight_bounds = [{}]: expected two numbers, the least and the greatest that a weight may be "
      "multiplied with, on either side of 1, as [0.001, 1000]",
      fmt::join(bounds, ", "));
  Config of_search = config;
  of_search.solver.engine = "tall";
  return of_search;
}

estimate::BestWeights find_weights(const Config& config, const compress::CompressedDesign& design,
                                   const design::GroupMultipliers& start,
                                   const estimate::Estimator& estimator, const comm::Communicator& world) {
  const Phase phase("optimise weights");
  require_memory(config, design, world);
  const linalg::PetscSession petsc(world, config.solver.petsc);
  const bool by_evidence = config.fit.optimize_weights == "evidence";
  const estimate::WeightSearch search{
      .criterion = by_evidence ? estimate::WeightCriterion::evidence : estimate::WeightCriterion::held_out,
      .model = {.lambda = *estimator.penalty(),
                .intercept = intercept_of(config),
                .options = estimator_options(config)},
      .error_weights = config.fit.error_weights,
      .bounds = {config.fit.weight_bounds[0], config.fit.weight_bounds[1]},
      .tolerance = config.fit.weight_tolerance,
      .max_iterations = config.fit.max_iter};
  estimate::BestWeights best = estimate::optimise_weights(design, start, search, world);
  constexpr double safe_condition = 1e9;  // leaves seven digits
  if (best.condition > safe_condition)
    log::warn(
        "without some fold the other rows hardly determine every coefficient: condition {:.1e}; its errors "
        "have few digits",
        best.condition);
  for (std::size_t t = 0; t < best.targets.size(); ++t)
    log::info("{} error of {}: {:.6g}, was {:.6g}", best.held_out ? "held-out" : "training",
              best.targets[t].name, best.errors_after(static_cast<Index>(t)),
              best.errors_before(static_cast<Index>(t)));
  return best;
}

}  // namespace tallfit::app
