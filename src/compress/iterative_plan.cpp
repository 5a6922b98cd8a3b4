#include "tallfit/compress/iterative_plan.hpp"

#include <algorithm>

#include "engine_bytes.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/base/memory.hpp"
#include "tallfit/linalg/grid_fold.hpp"
#include "tallfit/linalg/process_grid.hpp"
#include "tallfit/linalg/sketch.hpp"

namespace tallfit::compress {

namespace {

/// PETSc, and buffers of BLAS, MPI and HDF5.
constexpr Index petsc_bytes = Index{16} << 20U;
/// An entry of a sparse row in PETSc: column and value. While it is copied there, twice as much beside it.
constexpr Index bytes_per_entry = 12;
constexpr Index copied_bytes_per_entry = 24;
constexpr Index vectors_over_rows = 8;
constexpr Index vectors_over_columns = 20;  ///< whole on every rank
/// Iterations without a sketch that a sketch may cost: an ill-conditioned problem takes thousands.
constexpr double worth_iterations = 1e4;

/// Rows on the fullest rank.
Index rows_of_rank(const RowLayout& layout, int n_ranks) { return ceil_div(layout.n_rows, n_ranks); }

/// @param in_core  all rows of the sketch in one panel, which is faster than panels of K / 2
void add_sketch(const RowLayout& layout, const IterativeRequest& request, bool in_core, IterativePlan& plan) {
  const Index n = request.n_unknowns + 1;
  plan.grid_cols = linalg::ProcessGrid::most_columns(request.n_ranks);
  plan.grid_rows = request.n_ranks / plan.grid_cols;
  plan.sketch_rows = 4 * n;
  const Index all = ceil_div(std::min(plan.sketch_rows + request.n_unknowns, layout.n_rows), request.n_ranks);
  plan.rows_per_rank = in_core ? all : std::min(all, linalg::FoldPanel::usual_rows(n, request.n_ranks));
  const Index factor = linalg::GridFold::factor_bytes(plan.grid_rows, plan.grid_cols, n);
  const Index folding = factor +
                        linalg::GridFold::panel_bytes(plan.grid_rows, plan.grid_cols, n, plan.rows_per_rank) +
                        linalg::GridFold::exchange_bytes(n, plan.rows_per_rank) +
                        linalg::sketch_bytes(request.n_unknowns, request.n_ranks);
  plan.sketch_bytes = std::max(folding, 3 * factor);
  const auto k = static_cast<double>(n);
  plan.sketch_flops = 2.0 * static_cast<double>(plan.sketch_rows) * k * k;
}

Index peak_of(const IterativePlan& plan) {
  return plan.baseline_bytes + plan.rows_bytes +
         std::max(plan.stream_bytes, plan.vector_bytes + plan.sketch_bytes);
}

}  // namespace

IterativePlan plan_iteration(const RowLayout& layout, const IterativeRequest& request) {
  IterativePlan plan;
  const Index rows = rows_of_rank(layout, request.n_ranks);
  const bool sparse = request.n_entries.has_value();
  const Index entries = sparse ? *request.n_entries + layout.n_rows * (request.n_unknowns - layout.n_cols)
                               : layout.n_rows * request.n_unknowns;
  plan.block_bytes = request.block_bytes > 0 ? request.block_bytes : detail::usual_block_bytes;
  plan.limit_bytes = request.limit_bytes;
  plan.baseline_bytes = request.baseline_bytes + petsc_bytes;
  const Index entries_of_rank = ceil_div(entries, request.n_ranks);
  plan.stream_bytes = sparse ? entries_of_rank * copied_bytes_per_entry : 2 * plan.block_bytes;
  plan.rows_bytes = sparse ? entries_of_rank * bytes_per_entry + 3 * double_bytes * rows
                           : double_bytes * rows * request.n_unknowns;
  plan.vector_bytes = double_bytes * (vectors_over_rows * rows + vectors_over_columns * request.n_unknowns);
  plan.iteration_flops = 4.0 * static_cast<double>(entries);
  plan.peak_bytes = peak_of(plan);
  require(plan.peak_bytes <= plan.limit_bytes, ErrorKind::resource,
          "the iterative engine keeps the rows in memory, which takes {} per rank, but run.memory_per_rank = "
          "{}. Use more ranks, or raise it",
          format_bytes(plan.peak_bytes), format_bytes(plan.limit_bytes));

  IterativePlan sketched = plan;
  for (const bool in_core : {true, false}) {
    add_sketch(layout, request, in_core, sketched);
    sketched.peak_bytes = peak_of(sketched);
    if (sketched.peak_bytes <= plan.limit_bytes) break;
  }
  const bool fits = sketched.peak_bytes <= plan.limit_bytes;
  const bool pays = !sparse || sketched.sketch_flops <= worth_iterations * plan.iteration_flops;
  plan.reason = request.preconditioner == Preconditioner::scaling ? "asked for"
                : !fits ? fmt::format("a sketch would need {} per rank", format_bytes(sketched.peak_bytes))
                        : "a sketch would cost more than 10,000 iterations";
  sketched.reason = "K x K fits, and the condition does not matter";
  if (request.preconditioner == Preconditioner::sketch) {
    require(fits, ErrorKind::resource,
            "solver.preconditioner = \"sketch\" needs {} per rank, but run.memory_per_rank = {}. Use more "
            "ranks, or raise it",
            format_bytes(sketched.peak_bytes), format_bytes(plan.limit_bytes));
    sketched.reason = "asked for";
    return sketched;
  }
  return request.preconditioner == Preconditioner::automatic && fits && pays ? sketched : plan;
}

}  // namespace tallfit::compress
