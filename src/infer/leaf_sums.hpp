/// Sums over the rows of all ranks whose bits do not depend on the number of ranks. Private to the layer.
#pragma once

#include <Eigen/Core>

#include <vector>

#include "tallfit/base/numeric.hpp"
#include "tallfit/comm/communicator.hpp"

namespace tallfit::infer {

/// Sums of the leaves of all ranks, @p size numbers of each leaf, in the order of the leaves. @collective
Eigen::VectorXd summed_in_order(const std::vector<double>& of_my_leaves, Index size,
                                const comm::Communicator& comm);

}  // namespace tallfit::infer
