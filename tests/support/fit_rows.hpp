/// From rows to a fit by the way of the program: survey, plan, compress, merge, solve.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/compress/cell_plan.hpp"
#include "tallfit/compress/compressor.hpp"
#include "tallfit/estimate/refine.hpp"

namespace tallfit::test {

inline constexpr Index test_block_bytes = 1 << 14U;  // small: rows come in several blocks

/// Rows after their one pass.
struct Compressed {
  compress::RowLayout layout;
  compress::CompressedDesign design;
};

/// @collective over comm
inline Compressed compress_rows(design::RowSource& source, const comm::Communicator& comm,
                                const compress::CellParts& parts = {.fold = false}, int n_folds = 0) {
  Compressed result{.layout = compress::survey(source, comm, n_folds, 1), .design = {}};
  const compress::CellPlan plan = compress::plan_cells(
      result.layout,
      {.wanted = parts, .explicit_parts = true, .max_bytes = Index{1} << 36U, .n_ranks = comm.size()});
  compress::Compressor compressor(result.layout, plan);
  compress::RowVisitor* const visitors[] = {&compressor};
  compress::run_row_pass(source, result.layout, comm, visitors,
                         std::max(test_block_bytes, source.info().bytes_per_row * 16));
  result.design = compressor.finish(source.info(), comm);
  return result;
}

/// A fit. The numbers are the same on every rank; system and solver are rank 0's.
struct Fitted {
  estimate::LinearFit fit;
  std::optional<estimate::LeastSquaresSystem> system;
};

/// Gives every rank the numbers of rank 0's fit. @collective over comm
inline void share_fit(estimate::LinearFit& fit, const comm::Communicator& comm) {
  std::vector<double> numbers;
  if (comm.is_root()) {
    numbers = {fit.intercept,
               fit.has_intercept() ? 1.0 : 0.0,
               fit.residual_norm,
               fit.intercept_standard_error,
               fit.noise_variance,
               fit.effective_dof,
               fit.dof,
               fit.condition,
               static_cast<double>(fit.rank),
               static_cast<double>(fit.coefficients.size()),
               fit.log_evidence};
    numbers.insert(numbers.end(), fit.coefficients.begin(), fit.coefficients.end());
    numbers.insert(numbers.end(), fit.standard_errors.begin(), fit.standard_errors.end());
  }
  comm::broadcast(comm, numbers, 0);
  comm::broadcast(comm, fit.dependent_columns, 0);
  comm::broadcast(comm, fit.algorithm, 0);
  if (comm.is_root()) return;
  fit.intercept = numbers[0];
  if (numbers[1] != 0.0) fit.intercept_row.emplace();
  fit.residual_norm = numbers[2];
  fit.intercept_standard_error = numbers[3];
  fit.noise_variance = numbers[4];
  fit.effective_dof = numbers[5];
  fit.dof = numbers[6];
  fit.condition = numbers[7];
  fit.rank = static_cast<Index>(numbers[8]);
  const auto n = static_cast<Index>(numbers[9]);
  fit.log_evidence = numbers[10];
  fit.coefficients = Eigen::Map<const Eigen::VectorXd>(numbers.data() + 11, n);
  fit.standard_errors = Eigen::Map<const Eigen::VectorXd>(numbers.data() + 11 + n, n);
}

/// Merges the training cells and fits them on rank 0. @collective over comm
inline Fitted fit_compressed(const compress::CompressedDesign& design, const estimate::Estimator& estimator,
                             estimate::Intercept intercept, const design::GroupMultipliers& multipliers,
                             const comm::Communicator& comm) {
  Fitted result;
  result.system = estimate::training_system(design, multipliers, intercept, comm);
  comm::all_or_none(comm, [&] {
    if (!comm.is_root()) return;
    result.fit = estimator.fit(*result.system);
  });
  share_fit(result.fit, comm);
  return result;
}

inline Fitted fit_compressed(const compress::CompressedDesign& design, const estimate::Estimator& estimator,
                             estimate::Intercept intercept, const comm::Communicator& comm) {
  return fit_compressed(design, estimator, intercept, compress::group_multipliers(design.group_names, {}),
                        comm);
}

/// All of it. @collective over comm
inline Fitted fit_rows(design::RowSource& source, const estimate::Estimator& estimator,
                       estimate::Intercept intercept, const comm::Communicator& comm) {
  return fit_compressed(compress_rows(source, comm).design, estimator, intercept, comm);
}

/// Refines a fit of compressed rows. @collective over comm
inline estimate::Refinement refine_in_place(Fitted& fitted, design::RowSource& source,
                                            const compress::RowLayout& layout,
                                            const estimate::Estimator& estimator,
                                            const comm::Communicator& comm) {
  const estimate::Refinement done =
      estimate::refine({.source = source, .layout = layout, .comm = comm, .block_bytes = test_block_bytes},
                       comm.is_root() ? &fitted.fit : nullptr, fitted.system ? &*fitted.system : nullptr,
                       estimate::require_quadratic(estimator, "refine"), {});
  share_fit(fitted.fit, comm);
  return done;
}

}  // namespace tallfit::test
