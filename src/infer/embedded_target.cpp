#include "tallfit/infer/embedded_target.hpp"

namespace tallfit::infer {

Eigen::MatrixXd EmbeddedTarget::coordinates(const Eigen::MatrixXd& points) const {
  return (root_ * points).colwise() + mode_;
}

Eigen::VectorXd EmbeddedTarget::values(const Eigen::MatrixXd& points) const {
  return model_.values(coordinates(points));
}

double EmbeddedTarget::value_and_gradient(const Eigen::VectorXd& point, Eigen::VectorXd& gradient) const {
  Eigen::VectorXd by_coordinate;
  const double value = model_.value_and_gradient(coordinates(point), by_coordinate);
  gradient = root_.transpose() * by_coordinate;
  return value;
}

std::vector<ParameterBlock> EmbeddedTarget::blocks() const {
  std::vector<ParameterBlock> blocks;
  if (model_.n_shifts() > 0) {
    blocks.push_back({.name = "coefficients", .dimension = "coefficient", .labels = names_.coefficients});
    if (model_.rows().shape().has_intercept)
      blocks.push_back({.name = "intercept", .dimension = {}, .labels = {}});
  }
  blocks.push_back({.name = "model_error", .dimension = "embedded", .labels = names_.embedded});
  ParameterBlock noise{.name = "leftover_noise", .dimension = {}, .labels = {}};
  for (const LeftoverNoise& of : model_.options().leftover)
    if (!of.label.empty()) noise.labels.push_back(of.label);
  if (!noise.labels.empty()) noise.dimension = "row_type";
  if (model_.n_leftover() > 0) blocks.push_back(std::move(noise));
  return blocks;
}

Eigen::MatrixXd EmbeddedTarget::parameters(const Eigen::MatrixXd& points) const {
  const Eigen::MatrixXd y = coordinates(points);
  const Index m = n_means();
  Eigen::MatrixXd values(m + model_.n_columns() + model_.n_leftover(), points.cols());
  for (Index k = 0; k < points.cols(); ++k) {
    if (m > 0) values.col(k).head(m) = model_.means(y.col(k));
    values.col(k).tail(values.rows() - m) = model_.scales(y.col(k));
  }
  return values;
}

}  // namespace tallfit::infer
