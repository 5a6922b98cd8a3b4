/// What a sampler samples from.
#pragma once

#include <Eigen/Core>

#include <optional>
#include <string>
#include <vector>

#include "tallfit/base/error.hpp"
#include "tallfit/base/numeric.hpp"

namespace tallfit::infer {

/// A probability density, up to a factor, on all of R^d: derive from it to sample your own.
///
/// Samplers start near the origin at points of unit variance and begin with steps of that size, so choose
/// coordinates in which the density is roughly that of N(0, I). Bounded parameters want a change of
/// variables, whose Jacobian belongs to the density.
class LogDensity {
public:
  LogDensity() = default;
  LogDensity(const LogDensity&) = delete;
  LogDensity& operator=(const LogDensity&) = delete;
  virtual ~LogDensity() = default;

  /// d.
  virtual Index dimension() const = 0;
  /// ln p at each column of @p points, d x n; -infinity or NaN where the density is 0. Samplers ask for many
  /// points at once, so that a matrix product can evaluate them.
  virtual Eigen::VectorXd values(const Eigen::MatrixXd& points) const = 0;

  /// Whether value_and_gradient() is there: hmc and nuts need it.
  virtual bool has_gradient() const { return false; }
  /// ln p at one point; @p gradient is set.
  virtual double value_and_gradient(const Eigen::VectorXd& point, Eigen::VectorXd& gradient) const {
    static_cast<void>(point);
    static_cast<void>(gradient);
    fail(ErrorKind::bug, "this density has no gradient");
  }

  /// Whether evaluations are collective: then every rank goes through all chains together, else each has its
  /// own.
  virtual bool is_collective() const { return false; }
};

/// Some parameters that belong together: one number, or one for each label.
struct ParameterBlock {
  std::string name;
  std::string dimension;            ///< what the labels count: "coefficient"; empty for one number
  std::vector<std::string> labels;  ///< empty for one number

  Index size() const { return labels.empty() ? 1 : static_cast<Index>(labels.size()); }
};

/// A density of which users want other numbers than its coordinates.
class Posterior : public LogDensity {
public:
  /// What parameters() lists, block by block.
  virtual std::vector<ParameterBlock> blocks() const = 0;
  /// Parameters of each column of @p points: one column each. Local.
  virtual Eigen::MatrixXd parameters(const Eigen::MatrixXd& points) const = 0;

  /// What log_likelihoods() lists: the data as a whole, or parts of them; nothing where they are not told
  /// from the prior.
  virtual std::optional<ParameterBlock> likelihood_block() const { return std::nullopt; }
  /// ln p of the data alone, normalised, a row for each part and a column for each point. Local.
  /// @param values  ln p at the points, as values() gives it
  virtual Eigen::MatrixXd log_likelihoods(const Eigen::MatrixXd& points,
                                          const Eigen::VectorXd& values) const {
    static_cast<void>(values);
    return Eigen::MatrixXd(0, points.cols());
  }
};

/// Names of all parameters, in order: labels, or the name of a block without; "sigma[energy]" where a block
/// that is not the first has labels.
std::vector<std::string> parameter_names(const std::vector<ParameterBlock>& blocks);

}  // namespace tallfit::infer
