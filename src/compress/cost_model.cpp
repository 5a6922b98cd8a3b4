#include "tallfit/compress/cost_model.hpp"

#include <algorithm>
#include <cmath>

#include "tallfit/base/memory.hpp"

namespace tallfit::compress {

namespace {

// Fractions of DGEMM that were measured, see docs/performance.md.
constexpr double fold_rate = 0.7;         // rows into a triangle of the tall engine
constexpr double merge_rate = 0.6;        // two triangles
constexpr double solve_rate = 0.4;        // inverse and condition of a triangle on one rank
constexpr double grid_fold_rate = 0.6;    // panels into a block-cyclic triangle
constexpr double grid_solve_rate = 0.25;  // inverse and condition on a grid
constexpr double sketched_iterations = 40.0;
constexpr double plain_iterations = 1000.0;

double cube(double x) { return x * x * x; }

double factor_columns(const RowLayout& layout) { return static_cast<double>(layout.n_cols + 2); }

double pass_flops(const RowLayout& layout) {
  return 2.0 * static_cast<double>(layout.n_used) * factor_columns(layout) * factor_columns(layout);
}

double steps(int ranks) { return std::ceil(std::log2(static_cast<double>(ranks))); }

}  // namespace

double tall_seconds(const RowLayout& layout, int n_ranks, const MachineRates& rates) {
  const double k = factor_columns(layout);
  const double flops_per_second = 1e9 * rates.dgemm_gflops;
  const double pass = pass_flops(layout) / (n_ranks * fold_rate * flops_per_second);
  const double merge = 2.0 / 3.0 * cube(k) / (merge_rate * flops_per_second) +
                       k * k / 2.0 * static_cast<double>(double_bytes) / (1e9 * rates.network_gbs);
  const double solve = 2.0 / 3.0 * cube(k) / (solve_rate * flops_per_second);
  return pass + steps(n_ranks) * merge + solve;
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
