#include "moments.hpp"

namespace tallfit::infer {

void add_point(Tuning& tuning, const Eigen::VectorXd& point, Moments moments) {
  const Index d = point.size();
  if (tuning.n_moments == 0) {
    tuning.mean = Eigen::VectorXd::Zero(d);
    tuning.scatter = Eigen::MatrixXd::Zero(d, moments == Moments::full ? d : 1);
  }
  ++tuning.n_moments;
  const Eigen::VectorXd before = point - tuning.mean;
  tuning.mean += before / static_cast<double>(tuning.n_moments);
  const Eigen::VectorXd after = point - tuning.mean;
  if (moments == Moments::full)
    tuning.scatter += before * after.transpose();
  else
    tuning.scatter.col(0) += before.cwiseProduct(after);
}

}  // namespace tallfit::infer
