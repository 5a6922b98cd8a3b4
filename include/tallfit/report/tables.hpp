/// Results as text for a terminal or a batch log.
#pragma once

#include <string>
#include <vector>

#include "tallfit/estimate/estimator.hpp"
#include "tallfit/estimate/metrics.hpp"

namespace tallfit::report {

/// The first coefficients with standard errors, how many more there are, and what is known of the fit.
std::string fit_summary(const estimate::LinearFit& fit, const std::vector<std::string>& column_names,
                        std::size_t shown = 10);

/// The unweighted lines of metrics.csv as aligned columns: what a person reads first.
std::string metrics_table(const std::vector<estimate::MetricsRow>& rows);

}  // namespace tallfit::report
