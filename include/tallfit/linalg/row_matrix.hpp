/// A matrix of which each rank has some rows, dense or sparse, for products with vectors.
#pragma once

#include <Eigen/Core>

#include <cstdint>
#include <memory>
#include <span>

#include "tallfit/base/numeric.hpp"
#include "tallfit/comm/communicator.hpp"

namespace tallfit::linalg {

/// Consecutive rows with their nonzero entries only: row i has entries begin[i] .. begin[i + 1).
struct CompressedRows {
  std::span<const Index> begin;          ///< one more than rows
  std::span<const std::int32_t> column;  ///< increasing within a row
  std::span<const double> value;

  Index n_rows() const { return static_cast<Index>(begin.size()) - 1; }
};

/// A: rows are dealt to the ranks in runs, vectors over the columns are whole on every rank.
///
/// A handle on a PETSc matrix (MATDENSE or MATAIJ), cheap to move. The last one must go on all ranks at the
/// same point of the program. Memory: 8 bytes an entry of a dense matrix, 12 of a sparse one.
class RowMatrix {
public:
  /// @param rows  of this rank; their memory becomes the matrix. @collective over comm
  /// @throws Error{resource} for more rows or columns than PETSc counts (2^31 - 1, where it was built so).
  static RowMatrix dense(const comm::Communicator& comm, Eigen::MatrixXd rows);

  /// Copies the entries. @throws Error{resource} also for more entries of a rank than PETSc counts.
  /// @collective over comm
  static RowMatrix sparse(const comm::Communicator& comm, Index n_cols, const CompressedRows& rows);

  Index local_rows() const;
  Index cols() const;
  bool is_sparse() const;
  const comm::Communicator& comm() const;

  /// A x: this rank's part. Cost: 2 flops an entry; x is given, nothing of length N travels. @collective
  Eigen::VectorXd multiply(const Eigen::VectorXd& x) const;
  /// Aᵀ y, on every rank. Cost: 2 flops an entry, one sum of K numbers over the ranks. @collective
  Eigen::VectorXd multiply_transposed(const Eigen::VectorXd& y) const;
  /// Euclidean norms of the columns, on every rank. @collective
  Eigen::VectorXd column_norms() const;
  /// A <- A diag(d), for d the same on all ranks. Exact for powers of two. @collective
  void scale_columns_in_place(const Eigen::VectorXd& d);

  struct State;
  /// For solvers of this layer.
  const State& state() const { return *state_; }

private:
  explicit RowMatrix(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace tallfit::linalg
