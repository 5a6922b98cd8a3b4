/// Few rows that stand for many.
#pragma once

#include <Eigen/Core>

#include "tallfit/compress/factor.hpp"

namespace tallfit::infer {

/// At most as many rows as columns, with ‖factor x‖ = ‖rows x‖ for any x; triangular where there were more.
/// Cost: 2 n² (m - n/3) flops.
Eigen::MatrixXd upper_factor(const Eigen::MatrixXd& rows);

}  // namespace tallfit::infer
