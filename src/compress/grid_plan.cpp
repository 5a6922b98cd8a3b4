#include "tallfit/compress/grid_plan.hpp"

#include <algorithm>
#include <string>

#include "engine_bytes.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/base/memory.hpp"
#include "tallfit/compress/factor_tree.hpp"
#include "tallfit/design/row_stream.hpp"
#include "tallfit/linalg/grid_fold.hpp"
#include "tallfit/linalg/grid_folds.hpp"
#include "tallfit/linalg/matrix_sizes.hpp"
#include "tallfit/linalg/process_grid.hpp"

namespace tallfit::compress {

namespace {

/// Of R while a fit is made: R, equilibrated R and its inverse, which the covariance factor replaces; the SVD
/// takes two factors and workspace.
Index copies_of_factor(const GridRequest& request) {
  if (request.takes_svd) return 6;
  return request.penalised ? 5 : 3;
}

/// Of R while cells merge: what was merged, its copy with the next rows or square, and the panel.
constexpr Index copies_of_merge = 3;

/// Lines of a factor on their way to or from a file, and those read back.
constexpr Index file_bytes = Index{16} << 20U;

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
  plan.grid_cols = wanted ? request.grid_cols : linalg::ProcessGrid::most_columns(request.n_ranks);
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

/// What does not depend on the rows.
GridPlan empty_plan(const GridRequest& request, Index n) {
  GridPlan plan;
  choose_grid(request, n, plan);
  plan.forms_gram = request.forms_gram;
  plan.limit_bytes = request.limit_bytes;
  plan.baseline_bytes = request.baseline_bytes + detail::grid_library_bytes;
  plan.block_bytes = request.block_bytes > 0 ? request.block_bytes : detail::usual_block_bytes;
  return plan;
}

/// What the pass of a plan leaves for factors.
Index bytes_left(const GridPlan& plan) {
  return plan.limit_bytes - plan.baseline_bytes - plan.panel_bytes - plan.stream_bytes;
}

/// A pass with a panel, before there are factors: as few rows as possible wait.
GridPlan panel_plan(const RowLayout& layout, const GridRequest& request) {
  const Index n = layout.n_cols + 2;
  GridPlan plan = empty_plan(request, n);
  plan.rows_per_rank = linalg::FoldPanel::usual_rows(n, request.n_ranks);
  plan.panel_bytes =
      linalg::GridFolds::panel_bytes(plan.grid_rows, plan.grid_cols, n, plan.rows_per_rank, plan.block);
  plan.stream_bytes = 2 * plan.block_bytes + linalg::GridFolds::exchange_bytes(n, plan.rows_per_rank);
  plan.waiting_rows = design::rows_in(plan.block_bytes, layout.n_cols) + plan.rows_per_rank;
  plan.waiting_bytes = plan.waiting_rows * n * double_bytes;
  require(bytes_left(plan) > plan.waiting_bytes, ErrorKind::resource,
          "{} columns on a {} x {} grid need {} per rank before the first factor, but run.memory_per_rank = "
          "{}. Use more ranks, or raise it",
          layout.n_cols, plan.grid_rows, plan.grid_cols,
          format_bytes(plan.limit_bytes - bytes_left(plan) + plan.waiting_bytes),
          format_bytes(plan.limit_bytes));
  return plan;
}

Index bytes_of_cells(const CellPlan& cells, const GridPlan& plan, Index n) {
  Index bytes = 0;
  for (const TargetSums& sums : cells.sums)
    bytes += linalg::GridFolds::factor_bytes(plan.grid_rows, plan.grid_cols, n, sums.count, plan.block);
  return bytes;
}

/// As many as make a full panel of every cell, and a block, where that fits.
void let_rows_wait(GridPlan& plan, const RowLayout& layout) {
  const Index row_bytes = double_bytes * (layout.n_cols + 2);
  const Index useful = design::rows_in(plan.block_bytes, layout.n_cols) +
                       static_cast<Index>(plan.cells->cells.size()) * plan.rows_per_rank;
  const Index affordable = (bytes_left(plan) - plan.factor_bytes) / row_bytes;
  plan.waiting_rows = std::max(plan.waiting_rows, std::min(affordable, useful));
  plan.waiting_bytes = plan.waiting_rows * row_bytes;
  plan.peak_bytes = plan.limit_bytes - bytes_left(plan) + plan.factor_bytes + plan.waiting_bytes;
}

Index packed_bytes(const TargetSums& sums, Index n) { return double_bytes * reduced_size(sums.count, n); }

/// Which rank has a cell when those of a design are dealt to the ranks in turn.
std::size_t home_of(std::size_t cell, int n_ranks) { return cell % static_cast<std::size_t>(n_ranks); }

/// Adds the cells of a design to what each rank holds.
void deal_cells(const CompressedDesign& design, std::vector<Index>& held) {
  for (std::size_t i = 0; i < design.cells.size(); ++i)
    held[home_of(i, static_cast<int>(held.size()))] +=
        packed_bytes(design.cells[i].sums, design.n_cols() + 2);
}

/// Factors on the fullest rank while designs merge: their own, and what results are larger by.
Index merged_bytes(const MergePlan& merge, const std::vector<CompressedDesign>& designs, int n_ranks) {
  const Index n = merge.design.n_cols() + 2;
  std::vector<Index> held(static_cast<std::size_t>(n_ranks), 0);
  for (const CompressedDesign& design : designs) deal_cells(design, held);
  for (const Cell& cell : merge.design.cells) {
    std::vector<int> owners;
    for (const CellPlace& part : merge.parts.at(cell.key))
      owners.push_back(static_cast<int>(home_of(part.cell, n_ranks)));
    const int root = root_owners(owners, 1).front();
    Index grown = packed_bytes(cell.sums, n);
    for (const CellPlace& part : merge.parts.at(cell.key)) {
      if (home_of(part.cell, n_ranks) == static_cast<std::size_t>(root))
        grown -= packed_bytes(designs[part.design].cells[part.cell].sums, n);
    }
    held[static_cast<std::size_t>(root)] += std::max<Index>(0, grown);
  }
  return *std::max_element(held.begin(), held.end());
}

/// Factors of all cells on the fullest rank of a grid.
Index dealt_bytes(const CompressedDesign& design, const GridPlan& grid) {
  Index bytes = 0;
  for (const Cell& cell : design.cells)
    bytes += linalg::GridFolds::factor_bytes(grid.grid_rows, grid.grid_cols, design.n_cols() + 2,
                                             cell.sums.count, grid.block);
  return bytes;
}

CellWorkPlan cell_work(const GridPlan& grid) {
  return {.grid_rows = grid.grid_rows,
          .grid_cols = grid.grid_cols,
          .block = grid.block,
          .limit_bytes = grid.limit_bytes};
}

}  // namespace

GridPlan plan_grid(const RowLayout& layout, const GridRequest& request) {
  const Index n = layout.n_cols + 2;
  GridPlan plan = empty_plan(request, n);
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
  if (!plan.in_core) set_panel(std::min(all_rows, linalg::FoldPanel::usual_rows(n, request.n_ranks)));
  // Smaller panels would not help: this one with R takes less than the copies of R in the solve.
  require(plan.peak_bytes <= plan.limit_bytes, ErrorKind::resource,
          "{} columns on a {} x {} grid need {} per rank, of which {} for copies of the factor, but "
          "run.memory_per_rank = {}. Use more ranks, or raise it",
          layout.n_cols, plan.grid_rows, plan.grid_cols, format_bytes(plan.peak_bytes),
          format_bytes(plan.solve_bytes), format_bytes(plan.limit_bytes));
  require_countable(layout, request, plan);
  return plan;
}

namespace {

/// Counts what cross-validation takes when the rows are folded.
void require_validation(const GridRequest& request, Index n_cols, GridPlan& plan) {
  const Index r = linalg::GridFold::factor_bytes(plan.grid_rows, plan.grid_cols, n_cols + 2, plan.block);
  plan.solve_bytes = plan.factor_bytes +
                     (detail::validation_triangles(request.n_parts, 1) + detail::solve_matrices(true)) * r;
  plan.peak_bytes = std::max(plan.peak_bytes, plan.baseline_bytes + plan.solve_bytes);
  require(plan.peak_bytes <= plan.limit_bytes, ErrorKind::resource,
          "cross-validation of {} parts and {} columns on a {} x {} grid needs {} per rank, but "
          "run.memory_per_rank = {}. Use more ranks, or raise it",
          request.n_parts, n_cols, plan.grid_rows, plan.grid_cols, format_bytes(plan.peak_bytes),
          format_bytes(plan.limit_bytes));
}

}  // namespace

GridPlan plan_grid_cells(const RowLayout& layout, const GridRequest& request, const CellLimits& wanted) {
  GridPlan plan = panel_plan(layout, request);
  CellLimits limits = wanted;
  limits.max_bytes = bytes_left(plan) - plan.waiting_bytes;
  limits.n_ranks = request.n_ranks;
  plan.cells = plan_cells(layout, limits, [&](CellPlan& cells) {
    cells.peak_bytes = bytes_of_cells(cells, plan, layout.n_cols + 2);
  });
  plan.factor_bytes = plan.cells->peak_bytes;
  let_rows_wait(plan, layout);
  if (request.n_parts > 0) require_validation(request, layout.n_cols, plan);
  require_countable(layout, request, plan);
  return plan;
}

GridPlan plan_grid_fit(const RowLayout& layout, const GridRequest& request, CellPlan cells) {
  const Index n = layout.n_cols + 2;
  GridPlan plan = panel_plan(layout, request);
  plan.factor_bytes = bytes_of_cells(cells, plan, n);
  plan.cells = std::move(cells);
  const Index r = linalg::GridFold::factor_bytes(plan.grid_rows, plan.grid_cols, n, plan.block);
  plan.solve_bytes = std::max(plan.factor_bytes + copies_of_merge * r, copies_of_factor(request) * r);
  let_rows_wait(plan, layout);
  plan.peak_bytes = std::max(plan.peak_bytes, plan.baseline_bytes + plan.solve_bytes);
  require(plan.peak_bytes <= plan.limit_bytes, ErrorKind::resource,
          "{} columns on a {} x {} grid need {} per rank for factors of {} classes of row weights, but "
          "run.memory_per_rank = {}. Use more ranks, or raise it",
          layout.n_cols, plan.grid_rows, plan.grid_cols, format_bytes(plan.peak_bytes),
          plan.cells->cells.size(), format_bytes(plan.limit_bytes));
  require_countable(layout, request, plan);
  return plan;
}

CellWorkPlan plan_cell_fit(const CompressedDesign& design, const GridRequest& request) {
  const Index n = design.n_cols() + 2;
  const GridPlan grid = empty_plan(request, n);
  CellWorkPlan plan = cell_work(grid);
  std::vector<Index> held(static_cast<std::size_t>(request.n_ranks), 0);
  deal_cells(design, held);
  // More than merging takes: a triangle that comes from another rank, the new one and its buffer.
  const Index square = double_bytes * n * n;
  plan.tall_bytes = request.baseline_bytes + detail::library_bytes +
                    *std::max_element(held.begin(), held.end()) +
                    detail::solve_matrices(request.takes_svd || request.n_parts > 0) * square +
                    detail::validation_triangles(request.n_parts, request.n_ranks) * square / 2;
  const Index factor = linalg::GridFold::factor_bytes(grid.grid_rows, grid.grid_cols, n, grid.block);
  plan.grid_bytes = grid.baseline_bytes + dealt_bytes(design, grid) +
                    (std::max(copies_of_merge, copies_of_factor(request)) +
                     detail::validation_triangles(request.n_parts, 1)) *
                        factor;
  return plan;
}

CellWorkPlan plan_cell_merge(const MergePlan& merge, const std::vector<CompressedDesign>& designs,
                             const GridRequest& request) {
  const Index n = merge.design.n_cols() + 2;
  const GridPlan grid = empty_plan(request, n);
  CellWorkPlan plan = cell_work(grid);
  // A triangle that comes from another rank, the new one and its buffer.
  plan.tall_bytes = request.baseline_bytes + detail::library_bytes +
                    merged_bytes(merge, designs, request.n_ranks) + 2 * double_bytes * n * n;
  // The part that was read, and a copy of the result that it goes into.
  const Index factor = linalg::GridFold::factor_bytes(grid.grid_rows, grid.grid_cols, n, grid.block);
  const Index panel = linalg::GridFolds::panel_bytes(
      grid.grid_rows, grid.grid_cols, n, linalg::FoldPanel::usual_rows(n, request.n_ranks), grid.block);
  plan.grid_bytes = grid.baseline_bytes + file_bytes + dealt_bytes(merge.design, grid) + 2 * factor + panel;
  return plan;
}

}  // namespace tallfit::compress
