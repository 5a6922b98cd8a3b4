#include "tallfit/compress/memory_plan.hpp"

#include <algorithm>

#include "engine_bytes.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/base/memory.hpp"
#include "tallfit/compress/factor.hpp"
#include "tallfit/design/row_stream.hpp"

namespace tallfit::compress {

namespace {

constexpr Index largest_block = Index{2} << 20U;
constexpr Index smallest_block = Index{256} << 10U;
/// Of one row in a block beside its features: labels (two blocks) and cell keys.
constexpr Index label_bytes = Index{2} * (1 + 8 + 4 + 1 + 8 + 8) + static_cast<Index>(sizeof(CellKey));
Index rows_of_fullest_rank(const RowLayout& layout, int n_ranks) {
  Index most = 0;
  for (int rank = 0; rank < n_ranks; ++rank) {
    const auto begin = static_cast<std::size_t>(first_leaf_of(rank, n_ranks, layout.n_leaves()));
    const auto end = static_cast<std::size_t>(first_leaf_of(rank + 1, n_ranks, layout.n_leaves()));
    most = std::max(most, layout.leaf_begin[end] - layout.leaf_begin[begin]);
  }
  return most;
}

Index stream_bytes(Index block_bytes, Index n_cols, Index most_rows) {
  const Index rows = std::min(design::rows_in(block_bytes, n_cols), most_rows);
  return 2 * rows * n_cols * double_bytes + rows * label_bytes;
}

Index reduced_bytes(const CellPlan& cells, Index n) {
  Index bytes = 0;
  for (const TargetSums& sums : cells.sums) bytes += double_bytes * reduced_size(sums.count, n);
  return bytes;
}

Index peak_of(const MemoryPlan& plan) {
  return plan.baseline_bytes + plan.kept_bytes +
         std::max(
             {plan.stream_bytes + plan.pass_bytes, plan.merge_bytes, plan.solve_bytes, plan.validate_bytes});
}

}  // namespace

MemoryPlan plan_memory(const RowLayout& layout, const PlanRequest& request, Index bytes_per_row) {
  const Index n = layout.n_cols + 2;
  const Index square = n * n * double_bytes;
  MemoryPlan plan;
  plan.limit_bytes = request.limit_bytes;
  plan.baseline_bytes = request.baseline_bytes + detail::library_bytes;
  plan.block_bytes = request.block_bytes > 0
                         ? request.block_bytes
                         : std::clamp(request.limit_bytes / 64, smallest_block, largest_block);
  const Index most_rows = rows_of_fullest_rank(layout, request.n_ranks);
  plan.stream_bytes = stream_bytes(plan.block_bytes, layout.n_cols, most_rows);
  const Index matrices =
      detail::solve_matrices(request.takes_svd) + (request.finds_relevance ? detail::relevance_matrices : 0);
  plan.solve_bytes = request.solves ? matrices * square : 0;

  const Index left = plan.limit_bytes - plan.baseline_bytes - plan.stream_bytes;
  require(left > 0, ErrorKind::resource,
          "run.memory_per_rank = {} is below what libraries and row blocks alone take ({}). Raise it",
          format_bytes(plan.limit_bytes), format_bytes(plan.baseline_bytes + plan.stream_bytes));
  plan.cells = plan_cells(layout, {.wanted = request.wanted,
                                   .explicit_parts = request.explicit_parts,
                                   .only_fits = request.solves && !request.saves,
                                   .max_bytes = left,
                                   .n_ranks = request.n_ranks});
  plan.pass_bytes = plan.cells.peak_bytes;
  const Index final_cells = ceil_div(reduced_bytes(plan.cells, n), request.n_ranks);
  // A factor that comes from another rank or goes there in one piece, the new triangle and its buffer.
  plan.merge_bytes = std::max(plan.cells.held_bytes, 3 * final_cells / 2) +
                     std::max(plan.cells.largest_piece_bytes, square / 2) + square / 2 + square;
  plan.solve_bytes += final_cells;
  if (request.n_parts > 0)
    plan.validate_bytes = final_cells + detail::solve_matrices(true) * square +
                          detail::validation_triangles(request.n_parts, request.n_ranks) * square / 2;
  plan.peak_bytes = peak_of(plan);
  require(plan.peak_bytes <= plan.limit_bytes, ErrorKind::resource,
          "{} columns need {} per rank to merge and solve, but run.memory_per_rank = {}. Raise it",
          layout.n_cols, format_bytes(plan.peak_bytes), format_bytes(plan.limit_bytes));

  if (request.n_passes > 1) {
    MemoryPlan keeping = plan;
    predict_bytes_in_place(keeping.cells, layout, request.n_ranks, true);
    keeping.pass_bytes = keeping.cells.peak_bytes;
    keeping.kept_bytes = most_rows * layout.n_cols * double_bytes;
    keeping.peak_bytes = peak_of(keeping);
    if (keeping.peak_bytes <= plan.limit_bytes) plan = keeping;
  }
  const auto k = static_cast<double>(n);
  plan.pass_flops = 2.0 * static_cast<double>(layout.n_used) * k * k;
  plan.merge_flops = 2.0 / 3.0 * static_cast<double>(plan.cells.cells.size()) * k * k * k;
  plan.pass_bytes_read = static_cast<double>(layout.n_rows) * static_cast<double>(bytes_per_row);
  return plan;
}

}  // namespace tallfit::compress
