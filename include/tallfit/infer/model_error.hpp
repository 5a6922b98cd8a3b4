/// What is kept of random coefficients.
#pragma once

#include <Eigen/Core>

#include <array>

#include "tallfit/design/row_source.hpp"

namespace tallfit::infer {

/// Coefficients that are random, because no fixed ones describe the data.
struct ModelError {
  Eigen::VectorXd deviations;   ///< K + 1: of θ and c, which are independent; 0 where they are not random
  double noise_variance = 0.0;  ///< of a row of w = 1, beside the spread of the coefficients
  std::array<double, design::n_row_types> leftover_variances = {};  ///< more of it, by row type
};

}  // namespace tallfit::infer
