#include "leaf_sums.hpp"

#include "tallfit/comm/exchange.hpp"

namespace tallfit::infer {

Eigen::VectorXd summed_in_order(const std::vector<double>& of_my_leaves, Index size,
                                const comm::Communicator& comm) {
  const std::vector<double> all = comm::all_gather(comm, of_my_leaves);  // in rank order: that of the leaves
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(size);
  for (std::size_t begin = 0; begin < all.size(); begin += static_cast<std::size_t>(size))
    sum += Eigen::Map<const Eigen::VectorXd>(all.data() + begin, size);
  return sum;
}

}  // namespace tallfit::infer
