/// How long the engines would take, from what they do and from what a machine does in a second.
#pragma once

#include <optional>

#include "tallfit/compress/iterative_plan.hpp"
#include "tallfit/compress/row_layout.hpp"

namespace tallfit::compress {

/// Rates of a rank while all ranks are busy. The defaults are those of a common server.
struct MachineRates {
  double dgemm_gflops = 40.0;  ///< 1e9 flops per second
  double memory_gbs = 8.0;     ///< 1e9 bytes per second, read
  double network_gbs = 4.0;    ///< 1e9 bytes per second, sent to all others
  double latency_us = 2.0;     ///< of a step of a reduction
};

// Seconds of a fit without reading from disk, which all engines do once. Estimates to compare engines by,
// good to a factor of two. Local.

/// What rows of the tall engine, its merges and its solve reach of DGEMM. @see docs/performance.md
namespace dgemm_fraction {
inline constexpr double fold = 0.7;   ///< rows into a triangle
inline constexpr double merge = 0.6;  ///< two triangles
inline constexpr double solve = 0.4;  ///< inverse and condition of a triangle on one rank
}  // namespace dgemm_fraction

/// Where the time of the tall engine goes, on the ranks that have most to do.
struct TallSeconds {
  double survey = 0.0;  ///< gathering what all ranks know of the leaves
  double pass = 0.0;    ///< rows into triangles, and the merges of a rank's own
  double tree = 0.0;    ///< reduction over the ranks: merges, messages, and the rows that travel to be folded
  double cells = 0.0;   ///< merging the cells into one
  double solve = 0.0;   ///< on one rank

  double total() const { return survey + pass + tree + cells + solve; }
};

/// One pass of 2 N K² flops over the leaves, reduce_over_tree() of C equal cells, their merging, and a solve
/// on one rank: docs/scaling.md has the formulas. Cost: O(log P).
TallSeconds tall_seconds(const RowLayout& layout, Index n_cells, int n_ranks, const MachineRates& rates);

/// One pass of 2 N K² flops on a P x Q grid, of which rows travel among the columns, and a solve on all
/// ranks.
double grid_seconds(const RowLayout& layout, int grid_rows, int grid_cols, const MachineRates& rates);

/// The factor of the sketch, then 40 iterations, or 1000 without a sketch, which read the rows twice each.
double iterative_seconds(const IterativePlan& plan, int n_ranks, bool sparse, const MachineRates& rates);

}  // namespace tallfit::compress
