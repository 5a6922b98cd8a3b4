#include "solve_rows.hpp"

#include <algorithm>
#include <limits>

#include "model_options.hpp"

#include "tallfit/base/log.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/estimate/grid_system.hpp"
#include "tallfit/estimate/iterative_fit.hpp"
#include "tallfit/estimate/normal_equations.hpp"
#include "tallfit/linalg/petsc_session.hpp"
#include "tallfit/linalg/process_grid.hpp"

namespace tallfit::app {

namespace {

/// Rows that are folded as they come, because factors of light ones do not fit beside those of heavy ones.
void warn_of_uneven_scales(const compress::RowLayout& layout) {
  constexpr double even = 1e8;  // leaves half of the digits
  double smallest = std::numeric_limits<double>::infinity();
  double largest = 0.0;
  for (const compress::LeafCell& cell : layout.leaf_cells) {
    if (cell.key.is_test()) continue;
    smallest = std::min(smallest, cell.sums.min_scale);
    largest = std::max(largest, cell.sums.max_scale);
  }
  if (largest <= even * smallest) return;
  log::warn(
      "row weights span {:.0e} to {:.0e}, and memory is too short to sort rows by weight: light ones may "
      "lose "
      "digits; use more ranks, or raise run.memory_per_rank",
      smallest, largest);
}

void warn_of_normal_equations(const estimate::LinearFit& fit) {
  constexpr double safe_condition = 1e6;  // two corrections bring it to 11 digits
  if (fit.condition > safe_condition)
    log::warn(
        "normal equations of columns with condition {:.1e} keep few digits; solver.algorithm = \"qr\" keeps "
        "twice as many",
        fit.condition);
}

/// LSQR would pass over such an option without a word.
void require_use_of_pc_type(const PlannedRows& planned, const comm::Communicator& world) {
  if (!linalg::PetscSession::has_option("-pc_type")) return;
  comm::require_replicated(
      world, !planned.iterative().has_sketch(), ErrorKind::input,
      "solver.petsc has -pc_type, but this fit is preconditioned by a sketch. Set solver.preconditioner = "
      "\"scaling\" for PETSc's preconditioner, or leave -pc_type out");
  comm::require_replicated(
      world, planned.info().n_entries.has_value(), ErrorKind::input,
      "solver.petsc has -pc_type, which is for sparse designs, but the rows of {} are dense. Leave -pc_type "
      "out",
      planned.info().name);
}

}  // namespace

Solved solve_on_grid(const Config& config, const PlannedRows& planned, const estimate::Estimator& estimator,
                     const comm::Communicator& world) {
  const Phase phase("solve");
  const compress::GridPlan& plan = planned.grid();
  Solved solved;
  if (plan.cells) {
    solved.system = estimate::grid_training_system(
        compress_rows(planned, world), compress::group_multipliers(planned.info().group_names, {}),
        intercept_of(config));
    const Phase estimate("estimate");
    solved.fit = estimator.fit(*solved.system);
    return solved;
  }
  const linalg::ProcessGrid grid(world, plan.grid_rows, plan.grid_cols);
  const estimate::GridRows rows{.source = planned.fitted_rows(),
                                .layout = planned.layout,
                                .rows_per_rank = plan.rows_per_rank,
                                .block_bytes = plan.block_bytes,
                                .block = plan.block};
  if (plan.forms_gram) {
    estimate::NormalFit found = estimate::fit_normal_equations(rows, grid, intercept_of(config), estimator,
                                                               estimator_options(config));
    warn_of_normal_equations(found.fit);
    solved.system = std::move(found.system);
    solved.fit = std::move(found.fit);
    return solved;
  }
  warn_of_uneven_scales(planned.layout);
  solved.system = estimate::grid_system(rows, grid, intercept_of(config));
  const Phase estimate("estimate");
  solved.fit = estimator.fit(*solved.system);
  return solved;
}

Solved solve_iteratively(const Config& config, const PlannedRows& planned,
                         const estimate::Estimator& estimator, const comm::Communicator& world,
                         io::RunRecord& record) {
  const Phase phase("solve");
  const compress::IterativePlan& plan = planned.iterative();
  const linalg::PetscSession petsc(world, config.solver.petsc);
  require_use_of_pc_type(planned, world);
  const linalg::ProcessGrid grid(world, plan.has_sketch() ? plan.grid_rows : world.size(),
                                 plan.has_sketch() ? plan.grid_cols : 1);
  estimate::IterativeOptions options{
      .estimator = estimator_options(config),
      .penalty = estimate::require_quadratic(estimator, "the engine iterative"),
      .intercept = intercept_of(config),
      .tolerance = config.solver.tolerance,
      .max_iterations = config.solver.max_iterations,
      .sketch = std::nullopt};
  if (plan.has_sketch())
    options.sketch = {.n_rows = plan.sketch_rows,
                      .rows_per_rank = plan.rows_per_rank,
                      .seed = static_cast<std::uint64_t>(config.run.seed)};
  estimate::RowSet rows;
  {
    const Phase read("read rows");
    const Index n = planned.info().n_rows;
    comm::all_or_none(world, [&] {
      rows = estimate::read_row_set(planned.fitted_rows(), n * world.rank() / world.size(),
                                    n * (world.rank() + 1) / world.size(), config.fit.fit_intercept,
                                    plan.block_bytes);
    });
  }
  estimate::IterativeFit found = estimate::fit_iteratively(std::move(rows), grid, options);
  record.iterations = found.iterations;
  record.converged = found.converged;
  record.backward_error = found.backward_error;
  Solved solved;
  solved.fit = std::move(found.fit);
  solved.fit.objective = estimator.objective();
  return solved;
}

}  // namespace tallfit::app
