/// The planner of the iterative engine: what rows in memory and a sketch of them will take.
#pragma once

#include <optional>
#include <string>

#include "tallfit/compress/row_layout.hpp"

namespace tallfit::compress {

/// Whether the factor of a sketch preconditions the iteration.
enum class Preconditioner { automatic, sketch, scaling };

/// What a run may use and what it is to do.
struct IterativeRequest {
  int n_ranks = 1;
  Index limit_bytes = 0;                          ///< per rank
  Index baseline_bytes = 0;                       ///< resident on the fullest rank when the rows are laid out
  Index block_bytes = 0;                          ///< features of one block of rows; 0: chosen
  std::optional<Index> n_entries = std::nullopt;  ///< of a sparse design
  Index n_unknowns = 0;                           ///< the columns, and the intercept
  Preconditioner preconditioner = Preconditioner::automatic;
};

/// The plan of a run. Bytes are per rank, on the fullest one.
struct IterativePlan {
  int grid_rows = 1;  ///< of the factor of the sketch
  int grid_cols = 1;
  Index sketch_rows = 0;    ///< 0: no sketch
  Index rows_per_rank = 0;  ///< of a panel in which the sketch is factored
  std::string reason;       ///< why a sketch, or why none
  Index block_bytes = 0;
  Index limit_bytes = 0;
  Index baseline_bytes = 0;
  Index stream_bytes =
      0;  ///< blocks of rows while they are read; the entries of sparse ones, until PETSc has them
  Index rows_bytes = 0;    ///< the rows
  Index vector_bytes = 0;  ///< of the iteration
  Index sketch_bytes = 0;  ///< the factor of the sketch with its panel, then with its copies
  Index peak_bytes = 0;
  double sketch_flops = 0.0;
  double iteration_flops = 0.0;

  bool has_sketch() const { return sketch_rows > 0; }
};

/// A sketch of 4 K rows is taken where it fits, unless the design is so sparse that thousands of iterations
/// cost less. The same on every rank.
/// @throws Error{resource} with numbers where the rows do not fit, or the sketch that was asked for.
IterativePlan plan_iteration(const RowLayout& layout, const IterativeRequest& request);

}  // namespace tallfit::compress
