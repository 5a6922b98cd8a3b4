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

/// One pass of 2 N K² flops over the leaves, merges of triangles along the tree, and a solve on one rank.
double tall_seconds(const RowLayout& layout, int n_ranks, const MachineRates& rates);

/// One pass of 2 N K² flops on a P x Q grid, of which rows travel among the columns, and a solve on all
/// ranks.
double grid_seconds(const RowLayout& layout, int grid_rows, int grid_cols, const MachineRates& rates);

/// The factor of the sketch, then 40 iterations, or 1000 without a sketch, which read the rows twice each.
double iterative_seconds(const IterativePlan& plan, int n_ranks, bool sparse, const MachineRates& rates);

}  // namespace tallfit::compress
