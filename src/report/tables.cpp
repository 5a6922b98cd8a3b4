#include "tallfit/report/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tallfit::report {

namespace {

std::string figure(double value) { return std::isnan(value) ? "-" : fmt::format("{:.6g}", value); }

}  // namespace

std::string fit_summary(const estimate::LinearFit& fit, const std::vector<std::string>& column_names,
                        std::size_t shown) {
  const std::size_t n = std::min(shown, column_names.size());
  std::size_t width = 6;
  for (std::size_t j = 0; j < n; ++j) width = std::max(width, column_names[j].size());
  std::string text = fmt::format("{:<{}}  {:>24}  {:>10}\n", "column", width, "coefficient", "std error");
  for (std::size_t j = 0; j < n; ++j) {
    const auto at = static_cast<Index>(j);
    text += fmt::format("{:<{}}  {:>24.16e}  {:>10}\n", column_names[j], width, fit.coefficients(at),
                        figure(fit.standard_errors(at)));
  }
  if (n < column_names.size()) text += fmt::format("... and {} more\n", column_names.size() - n);
  if (fit.has_intercept()) text += fmt::format("{:<{}}  {:>24.16e}\n", "intercept", width, fit.intercept);
  text += fmt::format("\nalgorithm {} ({}); rank {} of {}; residual norm {:.10g}\n", fit.algorithm,
                      fit.reason, fit.rank, fit.coefficients.size(), fit.residual_norm);
  return text;
}

std::string metrics_table(const std::vector<estimate::MetricsRow>& rows) {
  std::size_t width = 5;
  for (const auto& row : rows) width = std::max(width, row.group.size());
  std::string text = fmt::format("{:<{}}  {:<8} {:<6} {:>9} {:>12} {:>12} {:>12} {:>12}\n", "group", width,
                                 "row_type", "split", "count", "mae", "rmse", "r2", "max_abs");
  for (const auto& row : rows) {
    if (row.weighting != "unweighted") continue;
    text += fmt::format("{:<{}}  {:<8} {:<6} {:>9} {:>12} {:>12} {:>12} {:>12}\n", row.group, width,
                        row.row_type, row.split, row.count, figure(row.mae), figure(row.rmse), figure(row.r2),
                        figure(row.max_abs_error));
  }
  return text;
}

}  // namespace tallfit::report
