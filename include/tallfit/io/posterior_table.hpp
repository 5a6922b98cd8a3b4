/// Marginals of a posterior as a table.
#pragma once

#include <string>
#include <vector>

#include "tallfit/infer/gaussian_posterior.hpp"

namespace tallfit::io {

/// posterior.csv: name,mean,sd,scale,dof,q5,q50,q95, a line for each coefficient, and "intercept" where there
/// is one.
std::string posterior_csv(const std::vector<std::string>& names, const infer::GaussianPosterior& posterior,
                          bool has_intercept);

}  // namespace tallfit::io
