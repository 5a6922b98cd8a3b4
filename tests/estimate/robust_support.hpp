/// Robust fits of rows in memory, by the way of the program.
#pragma once

#include <memory>

#include "support/fit_rows.hpp"
#include "support/memory_source.hpp"

#include "tallfit/estimate/robust_fit.hpp"

namespace tallfit::test {

/// The numbers are the same on every rank. @collective over comm
inline estimate::LinearFit fit_robustly(const Rows& rows, const estimate::RobustOptions& options,
                                        estimate::Intercept intercept, const comm::Communicator& comm) {
  MemorySource source(rows);
  const Compressed compressed = compress_rows(source, comm);
  const compress::CellPlan cells = compress::make_cells(compressed.layout, {false, false, false});
  const std::optional<estimate::LeastSquaresSystem> system = estimate::training_system(
      compressed.design, compress::group_multipliers(source.info().group_names, {}), intercept, comm);
  estimate::LinearFit fit = estimate::fit_robust({.source = source,
                                                  .layout = compressed.layout,
                                                  .cells = cells,
                                                  .comm = comm,
                                                  .block_bytes = test_block_bytes},
                                                 system ? &*system : nullptr, intercept, options);
  share_fit(fit, comm);
  return fit;
}

/// A hyperparameter of a fit by its name.
inline double found(const estimate::LinearFit& fit, const std::string& name) {
  for (const auto& [key, value] : fit.hyperparameters)
    if (key == name) return value;
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace tallfit::test
