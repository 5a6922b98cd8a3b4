/// The posterior of random coefficients: of their deviations, of the leftover noise, of means that are free.
#pragma once

#include <string>
#include <vector>

#include "tallfit/infer/embedded_model.hpp"
#include "tallfit/infer/log_density.hpp"

namespace tallfit::infer {

/// What parameters are called.
struct EmbeddedNames {
  std::vector<std::string> coefficients;  ///< K
  std::vector<std::string> embedded;      ///< of the random columns
};

/// ln p of an EmbeddedModel in coordinates z, y = mode + root z: N(0, I) about, where root is laplace_root().
///
/// Parameters: means, where they are free; s, "model_error"; σ, "leftover_noise". A batch of points is one
/// product of the rows' squares with their variances. Evaluations are collective.
class EmbeddedTarget final : public Posterior {
public:
  /// @param model  must outlive it
  EmbeddedTarget(const EmbeddedModel& model, Eigen::VectorXd mode, Eigen::MatrixXd root, EmbeddedNames names)
      : model_(model), mode_(std::move(mode)), root_(std::move(root)), names_(std::move(names)) {}

  Index dimension() const override { return model_.dimension(); }
  Eigen::VectorXd values(const Eigen::MatrixXd& points) const override;
  bool has_gradient() const override { return true; }
  double value_and_gradient(const Eigen::VectorXd& point, Eigen::VectorXd& gradient) const override;
  bool is_collective() const override { return true; }
  std::vector<ParameterBlock> blocks() const override;
  Eigen::MatrixXd parameters(const Eigen::MatrixXd& points) const override;

private:
  Eigen::MatrixXd coordinates(const Eigen::MatrixXd& points) const;
  Index n_means() const { return model_.n_shifts() > 0 ? model_.rows().shape().centre.size() : 0; }

  const EmbeddedModel& model_;
  Eigen::VectorXd mode_;
  Eigen::MatrixXd root_;
  EmbeddedNames names_;
};

}  // namespace tallfit::infer
