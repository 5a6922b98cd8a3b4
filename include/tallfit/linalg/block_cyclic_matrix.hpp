/// A dense matrix dealt in square blocks over a process grid.
#pragma once

#include <Eigen/Core>

#include <array>

#include "tallfit/base/numeric.hpp"
#include "tallfit/linalg/cyclic_axis.hpp"
#include "tallfit/linalg/matrix_sizes.hpp"
#include "tallfit/linalg/process_grid.hpp"

namespace tallfit::linalg {

/// The block-cyclic layout of ScaLAPACK, with its descriptor; on a 1 x 1 grid a plain column-major matrix.
///
/// A value: copies are deep and local, moves are cheap. A rank may own no rows or no columns. Entries start
/// at zero. Memory: 8 (local rows + at most 15) local columns bytes a rank, about 8 rows cols / (P Q).
class BlockCyclicMatrix {
public:
  using LocalMap = Eigen::Map<Eigen::MatrixXd, Eigen::Unaligned, Eigen::OuterStride<>>;
  using ConstLocalMap = Eigen::Map<const Eigen::MatrixXd, Eigen::Unaligned, Eigen::OuterStride<>>;

  /// Blocks of 64 keep the level-3 kernels busy and the deal even.
  static constexpr Index default_block = 64;

  /// A zero matrix.
  /// @throws Error{bug} for negative sizes or block < 1.
  /// @throws Error{resource}, the same on all ranks, when rows, columns, block or the entries of the largest
  ///   local part exceed 2^31 - 1 (ScaLAPACK counts in 32 bits), or when a rank has no memory.
  /// @collective over grid.comm()
  BlockCyclicMatrix(ProcessGrid grid, Index rows, Index cols, Index block = default_block);

  const ProcessGrid& grid() const noexcept { return grid_; }
  Index rows() const noexcept { return row_axis_.size(); }
  Index cols() const noexcept { return col_axis_.size(); }
  Index block() const noexcept { return row_axis_.block(); }
  /// Its sizes alone, the same on all ranks.
  MatrixShape shape() const noexcept {
    return {.rows = rows(),
            .cols = cols(),
            .grid_rows = grid_.rows(),
            .grid_cols = grid_.cols(),
            .block = block()};
  }
  const CyclicAxis& row_axis() const noexcept { return row_axis_; }
  const CyclicAxis& col_axis() const noexcept { return col_axis_; }

  Index local_rows() const noexcept { return row_axis_.local_size(grid_.my_row()); }
  Index local_cols() const noexcept { return col_axis_.local_size(grid_.my_col()); }
  /// Distance of local columns: at least 1, whole cache lines, never a multiple of a page.
  Index leading_dimension() const noexcept { return leading_dimension_; }
  /// Whether this rank has entry (i, j).
  bool owns(Index row, Index col) const noexcept {
    return row_axis_.owner(row) == grid_.my_row() && col_axis_.owner(col) == grid_.my_col();
  }
  Index global_row(Index local) const noexcept { return row_axis_.global_index(local, grid_.my_row()); }
  Index global_col(Index local) const noexcept { return col_axis_.global_index(local, grid_.my_col()); }

  /// This rank's part, local_rows() x local_cols().
  LocalMap local() noexcept {
    return {storage_.data(), local_rows(), local_cols(), Eigen::OuterStride<>(leading_dimension_)};
  }
  ConstLocalMap local() const noexcept {
    return {storage_.data(), local_rows(), local_cols(), Eigen::OuterStride<>(leading_dimension_)};
  }
  double& at_local(Index row, Index col) noexcept { return storage_(row, col); }
  double at_local(Index row, Index col) const noexcept { return storage_(row, col); }

  /// Storage and ScaLAPACK descriptor, for foreign calls.
  double* data() noexcept { return storage_.data(); }
  const double* data() const noexcept { return storage_.data(); }
  const std::array<int, 9>& descriptor() const noexcept { return descriptor_; }

  /// Sets every entry to value_at(i, j), in global indices. Local; each rank evaluates what it owns.
  template <class Function>
  void fill(const Function& value_at) {
    for (Index j = 0; j < local_cols(); ++j) {
      for (Index i = 0; i < local_rows(); ++i) at_local(i, j) = value_at(global_row(i), global_col(j));
    }
  }

private:
  ProcessGrid grid_;
  CyclicAxis row_axis_;
  CyclicAxis col_axis_;
  Index leading_dimension_ = 1;
  std::array<int, 9> descriptor_{};
  Eigen::MatrixXd storage_;
};

}  // namespace tallfit::linalg
