/// Entry of the tests: folding with a given set of inner loops instead of the fastest.
#pragma once

#include "fold_kernels.hpp"

#include "tallfit/linalg/fold.hpp"

namespace tallfit::linalg::detail {

void fold_in_place(const FoldKernels& kernels, Eigen::Ref<Eigen::MatrixXd> r,
                   Eigen::Ref<Eigen::MatrixXd> rows, RowShape shape);

}  // namespace tallfit::linalg::detail
