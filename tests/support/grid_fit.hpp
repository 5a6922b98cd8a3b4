/// A fit on a process grid by the way of the program: survey, fold, solve.
#pragma once

#include "support/fit_rows.hpp"

#include "tallfit/estimate/grid_system.hpp"

namespace tallfit::test {

/// How rows are dealt over a grid.
struct GridFit {
  Index rows_per_rank;  ///< of a panel
  Index block = linalg::BlockCyclicMatrix::default_block;
};

/// @collective over grid.comm()
inline estimate::LeastSquaresSystem system_on_grid(design::RowSource& source, const linalg::ProcessGrid& grid,
                                                   estimate::Intercept intercept, const GridFit& how) {
  const compress::RowLayout layout = compress::survey(source, grid.comm(), 0, 1);
  return estimate::grid_system({.source = source,
                                .layout = layout,
                                .rows_per_rank = how.rows_per_rank,
                                .block_bytes = std::max(test_block_bytes, source.info().bytes_per_row * 16),
                                .block = how.block},
                               grid, intercept);
}

/// The same on every rank. @collective over grid.comm()
inline estimate::LinearFit fit_on_grid(design::RowSource& source, const estimate::Estimator& estimator,
                                       const linalg::ProcessGrid& grid, estimate::Intercept intercept,
                                       const GridFit& how) {
  return estimator.fit(system_on_grid(source, grid, intercept, how));
}

}  // namespace tallfit::test
