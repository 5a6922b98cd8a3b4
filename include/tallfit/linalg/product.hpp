/// Products of matrices that one rank holds.
#pragma once

#include <Eigen/Core>

#include "tallfit/linalg/matrix_ops.hpp"

namespace tallfit::linalg {

/// op(A) B by BLAS. Cost: 2 m n k flops. Local.
/// @throws Error{resource} for more than 2^31 - 1 rows or columns, Error{bug} where sizes do not match.
Eigen::MatrixXd product(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b, Op op = Op::none);

}  // namespace tallfit::linalg
