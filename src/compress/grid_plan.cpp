#include "tallfit/compress/grid_plan.hpp"

#include <algorithm>
#include <string>

#include "tallfit/base/error.hpp"
#include "tallfit/base/memory.hpp"
#include "tallfit/linalg/grid_fold.hpp"
#include "tallfit/linalg/matrix_sizes.hpp"

namespace tallfit::compress {

namespace {

constexpr Index usual_block = Index{1} << 20U;
/// Buffers of BLAS, MPI and HDF5, and the workspace of ScaLAPACK: some blocks of columns.
constexpr Index grid_library_bytes = Index{16} << 20U;

/// Of R while a fit is made: R, equilibrated R and its inverse, which the covariance factor replaces; the SVD
/// takes two factors and workspace.
Index copies_of_factor(const GridRequest& request) {
  if (request.takes_svd) return 6;
  return request.penalised ? 5 : 3;
}

/// The largest Q with Q <= P and P Q = ranks.
int most_columns(int ranks) {
  int columns = 1;
  for (int q = 1; q * q <= ranks; ++q)
    if (ranks % q == 0) columns = q;
  return columns;
}

std::string grids_of(int ranks) {
  std::string grids;
  for (int rows = 1; rows <= ranks; ++rows)
    if (ranks % rows == 0) grids += fmt::format("{}{}x{}", rows > 1 ? ", " : "", rows, ranks / rows);
  return grids;
}

void choose_grid(const GridRequest& request, Index n, GridPlan& plan) {
  const bool wanted = request.grid_rows > 0;
  require(!wanted || Index{request.grid_rows} * request.grid_cols == request.n_ranks, ErrorKind::input,
          "solver.grid = \"{}x{}\" has {} places, but there are {} ranks. Use one of {}, or \"auto\"",
          request.grid_rows, request.grid_cols, Index{request.grid_rows} * request.grid_cols, request.n_ranks,
          grids_of(request.n_ranks));
  plan.grid_cols = wanted ? request.grid_cols : most_columns(request.n_ranks);
  plan.grid_rows = request.n_ranks / plan.grid_cols;
  plan.block = request.block > 0 ? request.block : linalg::block_for(n, plan.grid_rows, plan.grid_cols);
}

/// The smallest panel: memory may be enough, but not the counts of ScaLAPACK.
void require_countable(const RowLayout& layout, const GridRequest& request, const GridPlan& plan) {
  const Index n = layout.n_cols + 2;
  const linalg::MatrixShape factor{n, n, plan.grid_rows, plan.grid_cols, plan.block};
  const Index svd = request.takes_svd && !factor.is_serial() ? linalg::svd_workspace(factor, true) : 0;
  require(svd <= linalg::most_counted, ErrorKind::resource,
          "the SVD of {} columns on a {} x {} grid in blocks of {} needs a workspace of {} numbers per rank, "
          "but ScaLAPACK counts at most 2^31 - 1. Use more ranks, or solver.algorithm = \"qr\"",
          layout.n_cols, plan.grid_rows, plan.grid_cols, plan.block, svd);
  require(linalg::GridFold::is_countable(plan.grid_rows, plan.grid_cols, n, plan.rows_per_rank, plan.block),
          ErrorKind::resource,
          "{} columns on a {} x {} grid in blocks of {} put {} numbers of the factor and {} of the panel on "
          "one rank, but ScaLAPACK counts at most 2^31 - 1. Use more ranks, or smaller blocks",
          layout.n_cols, plan.grid_rows, plan.grid_cols, plan.block, plan.factor_bytes / double_bytes,
          plan.panel_bytes / double_bytes);
}

}  // namespace

GridPlan plan_grid(const RowLayout& layout, const GridRequest& request) {
  const Index n = layout.n_cols + 2;
  GridPlan plan;
  choose_grid(request, n, plan);
  plan.limit_bytes = request.limit_bytes;
  plan.baseline_bytes = request.baseline_bytes + grid_library_bytes;
  plan.block_bytes = request.block_bytes > 0 ? request.block_bytes : usual_block;
  plan.factor_bytes = linalg::GridFold::factor_bytes(plan.grid_rows, plan.grid_cols, n, plan.block);
  plan.solve_bytes = copies_of_factor(request) * plan.factor_bytes;

  const Index all_rows = ceil_div(layout.n_rows, request.n_ranks);
  const auto set_panel = [&](Index rows_per_rank) {
    plan.rows_per_rank = rows_per_rank;
    plan.panel_bytes =
        linalg::GridFold::panel_bytes(plan.grid_rows, plan.grid_cols, n, rows_per_rank, plan.block);
    plan.stream_bytes = 2 * plan.block_bytes + linalg::GridFold::exchange_bytes(n, rows_per_rank);
    plan.peak_bytes = plan.baseline_bytes +
                      std::max(plan.factor_bytes + plan.panel_bytes + plan.stream_bytes, plan.solve_bytes);
    return plan.peak_bytes <= plan.limit_bytes;
  };
  plan.in_core = set_panel(all_rows) &&
                 linalg::GridFold::is_countable(plan.grid_rows, plan.grid_cols, n, all_rows, plan.block);
  if (!plan.in_core) set_panel(std::min(all_rows, ceil_div(n, Index{2} * request.n_ranks)));
  // Smaller panels would not help: this one with R takes less than the copies of R in the solve.
  require(plan.peak_bytes <= plan.limit_bytes, ErrorKind::resource,
          "{} columns on a {} x {} grid need {} per rank, of which {} for copies of the factor, but "
          "run.memory_per_rank = {}. Use more ranks, or raise it",
          layout.n_cols, plan.grid_rows, plan.grid_cols, format_bytes(plan.peak_bytes),
          format_bytes(plan.solve_bytes), format_bytes(plan.limit_bytes));
  require_countable(layout, request, plan);
  return plan;
}

}  // namespace tallfit::compress
