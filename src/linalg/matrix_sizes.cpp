#include "tallfit/linalg/matrix_sizes.hpp"

#include <algorithm>

#include "tallfit/linalg/cyclic_axis.hpp"

namespace tallfit::linalg {

namespace {

constexpr Index line_doubles = 8;    // of a cache line
constexpr Index page_doubles = 512;  // of 4 KiB
constexpr Index largest_block = 64;

}  // namespace

Index MatrixShape::local_rows() const { return CyclicAxis(rows, block, grid_rows).largest_local_size(); }
Index MatrixShape::local_cols() const { return CyclicAxis(cols, block, grid_cols).largest_local_size(); }

Index block_for(Index n_cols, int grid_rows, int grid_cols) {
  const Index parts = std::max(grid_rows, grid_cols);
  Index block = largest_block;
  while (block > 1 && ceil_div(n_cols, block) < parts) block /= 2;
  return block;
}

// Columns a whole number of pages apart share the sets of the cache and throw each other out.
Index padded_rows(Index local_rows) {
  const Index lines = ceil_div(std::max<Index>(1, local_rows), line_doubles) * line_doubles;
  return lines % page_doubles == 0 ? lines + line_doubles : lines;
}

Index local_entries(const MatrixShape& shape) {
  return padded_rows(shape.local_rows()) * std::max<Index>(1, shape.local_cols());
}

bool is_countable(const MatrixShape& shape) {
  return std::max({shape.rows, shape.cols, shape.block}) <= most_counted &&
         local_entries(shape) <= most_counted;
}

Index qr_workspace(const MatrixShape& shape) {
  if (shape.is_serial()) return shape.cols;
  return shape.block * (shape.local_rows() + shape.local_cols() + 3 * shape.block);
}

Index pivoted_qr_workspace(const MatrixShape& shape) {
  if (shape.is_serial()) return 3 * shape.cols + 1;
  const Index nq = shape.local_cols();
  return std::max<Index>(3, shape.local_rows() + nq) + 2 * nq;
}

Index divide_and_conquer_svd_workspace(Index rows, Index cols) {
  const Index k = std::min(rows, cols);
  return 4 * k * k + 7 * k + std::max(rows, cols);
}

Index svd_workspace(const MatrixShape& shape, bool with_vectors) {
  const Index size = std::min(shape.rows, shape.cols);
  const Index size_b = std::max(shape.rows, shape.cols);
  if (shape.is_serial()) return 5 * size_b;
  const Index ranks = Index{shape.grid_rows} * shape.grid_cols;
  const Index nb = shape.block;
  const Index mp = shape.local_rows();
  const Index nq = shape.local_cols();
  const Index to_bidiagonal = nb * (mp + nq + 1) + nq + mp;
  Index from_bidiagonal = std::max<Index>(1, 4 * size);
  if (with_vectors) {
    // U and V^T are rotated in slices of whole rows (columns), one for each rank.
    const Index slices = size * (ceil_div(shape.rows, ranks) + ceil_div(shape.cols, ranks));
    const Index back_transform = std::max(nb * (nb - 1) / 2, 2 * (mp + nq) * nb) + nb * nb;
    from_bidiagonal = slices + std::max(from_bidiagonal, back_transform);
  }
  return 2 + 6 * size_b + std::max(to_bidiagonal, from_bidiagonal);
}

Index symmetric_eigen_workspace(const MatrixShape& shape) {
  const Index n = shape.rows;
  if (shape.is_serial()) return 1 + 6 * n + 2 * n * n;
  const Index nb = shape.block;
  const Index np = shape.local_rows();
  const Index nq = shape.local_cols();
  const Index to_tridiagonal = 3 * n + nb * std::max<Index>(np + 1, 3);
  const Index divide_and_conquer = 1 + 6 * n + 2 * np * nq;
  const Index sort = std::max(n, np * (nb + nq));
  const Index back_transform = std::max(nb * (nb - 1) / 2, (np + nq) * nb) + nb * nb;
  return 2 * n + std::max({to_tridiagonal, divide_and_conquer, sort, back_transform});
}

}  // namespace tallfit::linalg
