#include "tallfit/estimate/normal_equations.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/estimate/refine.hpp"

namespace tallfit::estimate {

NormalFit fit_normal_equations(const GridRows& rows, const linalg::ProcessGrid& grid, Intercept intercept,
                               const Estimator& estimator, const EstimatorOptions& options) {
  const double penalty = require_quadratic(estimator, "solver.algorithm = \"cholesky\"");
  NormalFit result{.system = normal_system(rows, grid, intercept), .fit = {}};
  result.fit = estimator.fit(result.system);
  const Phase phase("correct");
  refine({.source = rows.source,
          .layout = rows.layout,
          .comm = grid.comm(),
          .block_bytes = rows.block_bytes,
          .max_passes = 2},
         &result.fit, &result.system, penalty, options);
  result.fit.algorithm = "cholesky";
  result.fit.reason = fmt::format("asked for; condition estimate {:.1e}, two corrections over the rows",
                                  result.fit.condition);
  return result;
}

}  // namespace tallfit::estimate
