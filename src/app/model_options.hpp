/// What the configuration says of the model.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tallfit/app/config.hpp"
#include "tallfit/estimate/estimator.hpp"
#include "tallfit/estimate/robust_fit.hpp"

namespace tallfit::app {

estimate::EstimatorOptions estimator_options(const Config& config);

/// The same with what is read from files, a prior and a start, for a design with these columns. Local.
/// @throws Error{input} for files or names that do not fit the design.
estimate::EstimatorOptions estimator_options(const Config& config,
                                             const std::vector<std::string>& column_names);

/// The name of the estimator of embedded model error.
inline constexpr const char* model_error_name = "model_error";

/// Whether fit.estimator goes over the rows again and again, so that no factor stands for them.
bool needs_rows(const Config& config);

/// For a fit.estimator of estimate::robust_names().
estimate::RobustOptions robust_options(const Config& config);

estimate::Intercept intercept_of(const Config& config);

/// @throws Error{input} where the keys of a prior are given beside an estimator that has none, or too many.
void check_prior(const Config::Fit& fit);

/// fit.estimator with its options. @throws Error{input} for options out of range, and for steps that it
/// cannot take.
std::unique_ptr<estimate::Estimator> make_estimator(const Config& config);

/// The same with the prior.
std::unique_ptr<estimate::Estimator> make_estimator(const Config& config,
                                                    const std::vector<std::string>& column_names);

/// Whether the penalty is known before the fit, so that refinement and the iterative engine can do it.
bool is_quadratic(const Config& config);

}  // namespace tallfit::app
