/// A factor of a small random mixture of many rows, close to the factor of all of them.
#pragma once

#include <Eigen/Core>

#include <cstdint>
#include <optional>

#include "tallfit/linalg/block_cyclic_matrix.hpp"
#include "tallfit/linalg/row_matrix.hpp"

namespace tallfit::linalg {

/// This rank's rows of [A b]: either dense or sparse.
struct SketchRows {
  const Eigen::MatrixXd* dense = nullptr;
  std::optional<CompressedRows> sparse;
  const Eigen::VectorXd& target;  ///< b
  Index n_cols = 0;               ///< of A
};

/// How a sketch is made.
struct SketchPlan {
  Index n_rows = 0;         ///< of the sketch; where the rows are not more, they are taken as they are
  Index rows_per_rank = 0;  ///< of a panel in which it is factored, see GridFold
  std::uint64_t seed = 0;
};

/// Memory of a rank for rows of the sketch on their way, beside what GridFold takes.
Index sketch_bytes(Index n_cols, int n_ranks);

/// R of the QR factorisation of [S A, S b; D, 0], (K + 1) x (K + 1), for a sparse-sign embedding S and a
/// diagonal D.
///
/// Each row of A goes, with a random sign, to one random row of each of 8 sections of the sketch. With 4 K
/// rows ‖S A x‖ is within a factor 1 ± 1/2 of ‖A x‖ for all x, very probably, so that A R⁻¹ has a condition
/// of about 3 whatever that of A. Signs and places depend on the seed and the number of a row, not on the
/// ranks.
/// @param penalty  D, K numbers, the same on all ranks; empty: none
/// Cost: 16 flops an entry of A, 2 (4 K) K² / P flops for QR, 4 K² numbers a rank in sums over the ranks.
/// @collective over grid.comm()
/// @see Martinsson and Tropp, Acta Numerica 29 (2020), 9.2 (sparse sign matrices); Cohen, SODA 2016.
BlockCyclicMatrix sketched_factor(const ProcessGrid& grid, const SketchRows& rows,
                                  const Eigen::VectorXd& penalty, const SketchPlan& plan);

}  // namespace tallfit::linalg
