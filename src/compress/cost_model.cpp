#include "tallfit/compress/cost_model.hpp"

#include <algorithm>
#include <cmath>

#include "tallfit/base/memory.hpp"

namespace tallfit::compress {

namespace {

// Fractions of DGEMM that were measured, see docs/performance.md.
constexpr double grid_fold_rate = 0.6;    // panels into a block-cyclic triangle
constexpr double grid_solve_rate = 0.25;  // inverse and condition on a grid
constexpr double sketched_iterations = 40.0;
constexpr double plain_iterations = 1000.0;

double cube(double x) { return x * x * x; }

double factor_columns(const RowLayout& layout) { return static_cast<double>(layout.n_cols + 2); }

double pass_flops(const RowLayout& layout) {
  return 2.0 * static_cast<double>(layout.n_used) * factor_columns(layout) * factor_columns(layout);
}

double steps(double ranks) { return std::ceil(std::log2(ranks)); }

/// Rates of one rank of the tall engine, for factors of k columns.
struct TallRates {
  double k;
  double fold;   ///< flops per second
  double merge;  ///< flops per second
  double bytes;  ///< per second
  double latency;

  double triangle() const { return k * k / 2.0; }
  double fold_seconds(double rows) const { return 2.0 * rows * k * k / fold; }
  double merge_seconds() const { return 2.0 / 3.0 * cube(k) / merge; }
  /// A factor travels as two messages, its header and its numbers.
  double send_seconds(double doubles) const {
    return 2.0 * latency + doubles * static_cast<double>(double_bytes) / bytes;
  }
};

/// The gather of what each leaf has of each cell: it goes round, from rank to rank.
double survey_seconds(double leaf_cells, int n_ranks, const TallRates& rates) {
  return (n_ranks - 1) * rates.latency + leaf_cells * static_cast<double>(sizeof(LeafCell)) / rates.bytes;
}

/// Triangles that a rank makes of its leaves of a cell: nodes of 4 K rows are, see most_raw_rows().
double triangles_of(double rows_of_leaf, double leaves, double k) {
  for (double rows = rows_of_leaf; rows < 4.0 * k && leaves > 1.0; rows *= 2.0) leaves /= 2.0;
  return std::max(1.0, leaves);
}

/// Of the two halves of the ranks below a node, each takes half of the cells: recursive halving.
double climb_seconds(double rows, double cells, double ranks, const TallRates& rates) {
  double seconds = 0.0;
  double share = cells;
  for (int level = 0; level < static_cast<int>(steps(ranks)); ++level, rows *= 2.0) {
    share /= 2.0;
    double work = 0.0;
    if (rows >= 4.0 * rates.k)
      work = rates.merge_seconds();
    else if (rows >= 2.0 * rates.k)
      work = rates.fold_seconds(rows);  // those of the right sibling
    else if (2.0 * rows >= 2.0 * rates.k)
      work = rates.fold_seconds(2.0 * rows);
    const double sent = rows < 4.0 * rates.k ? rows * rates.k : rates.triangle();
    seconds += std::ceil(share) * (work + rates.send_seconds(sent));
  }
  return seconds;
}

}  // namespace

TallSeconds tall_seconds(const RowLayout& layout, Index n_cells, int n_ranks, const MachineRates& rates) {
  const double k = factor_columns(layout);
  const double flops_per_second = 1e9 * rates.dgemm_gflops;
  const TallRates tall{.k = k,
                       .fold = dgemm_fraction::fold * flops_per_second,
                       .merge = dgemm_fraction::merge * flops_per_second,
                       .bytes = 1e9 * rates.network_gbs,
                       .latency = 1e-6 * rates.latency_us};
  const auto cells = static_cast<double>(n_cells);
  const auto leaves = static_cast<double>(layout.n_leaves());
  const double ranks = std::min<double>(n_ranks, leaves);  // the others are idle
  const double my_leaves = std::ceil(leaves / ranks);
  const double my_rows = static_cast<double>(layout.n_used) / cells * my_leaves / leaves;  // of a cell

  TallSeconds seconds;
  if (n_ranks > 1) seconds.survey = survey_seconds(leaves * cells, n_ranks, tall);
  if (my_rows >= 2.0 * k || ranks == 1.0)
    seconds.pass = cells * (tall.fold_seconds(my_rows) +
                            (triangles_of(my_rows / my_leaves, my_leaves, k) - 1.0) * tall.merge_seconds());
  seconds.tree = climb_seconds(my_rows, cells, ranks, tall);
  const double homes = std::min(cells, ranks);
  seconds.cells = (std::ceil(cells / homes) - 1.0) * tall.merge_seconds() +
                  steps(homes) * (tall.merge_seconds() + tall.send_seconds(tall.triangle()));
  if (homes > 1.0) seconds.cells += tall.send_seconds(tall.triangle());  // to rank 0
  seconds.solve = 2.0 / 3.0 * cube(k) / (dgemm_fraction::solve * flops_per_second);
  return seconds;
}

double grid_seconds(const RowLayout& layout, int grid_rows, int grid_cols, const MachineRates& rates) {
  const double k = factor_columns(layout);
  const int n_ranks = grid_rows * grid_cols;
  const double flops_per_second = 1e9 * rates.dgemm_gflops;
  const double pass = pass_flops(layout) / (n_ranks * grid_fold_rate * flops_per_second);
  const double travel = static_cast<double>(layout.n_used) * k * static_cast<double>(double_bytes) *
                        (grid_cols - 1) / grid_cols / n_ranks / (1e9 * rates.network_gbs);
  // A reduction along a column of the grid for each column, again for each panel of K / 2 rows.
  const double panels = std::max(1.0, 2.0 * static_cast<double>(layout.n_used) / k);
  const double messages = 2.0 * k * panels * steps(grid_rows) * 1e-6 * rates.latency_us;
  const double solve = 2.0 / 3.0 * cube(k) / (n_ranks * grid_solve_rate * flops_per_second);
  return pass + travel + messages + solve;
}

double iterative_seconds(const IterativePlan& plan, int n_ranks, bool sparse, const MachineRates& rates) {
  const double entries = plan.iteration_flops / 4.0 / n_ranks;
  const double bytes_of_entry = sparse ? 12.0 : static_cast<double>(double_bytes);
  const double iteration = 2.0 * entries * bytes_of_entry / (1e9 * rates.memory_gbs) +
                           2.0 * steps(n_ranks) * 1e-6 * rates.latency_us;
  if (!plan.has_sketch()) return plain_iterations * iteration;
  return plan.sketch_flops / (n_ranks * grid_fold_rate * 1e9 * rates.dgemm_gflops) +
         sketched_iterations * iteration;
}

}  // namespace tallfit::compress
