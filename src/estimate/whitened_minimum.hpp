/// The minimum of a sum of Gram matrices. Private to the layer.
#pragma once

#include <Eigen/Core>

#include <string_view>

#include "tallfit/linalg/block_cyclic_matrix.hpp"

namespace tallfit::estimate {

/// min over u of [u; 1]ᵀ M [u; 1], on this rank alone.
class WhitenedMinimum {
public:
  /// @param sum  its upper triangle is read. Cost: K³ / 3 flops.
  /// @throws Error{numerical} naming the sum where it is not positive definite.
  WhitenedMinimum(const Eigen::MatrixXd& sum, std::string_view what);

  /// [u; 1] at the minimum.
  const Eigen::VectorXd& augmented() const { return augmented_; }
  double value() const { return value_; }
  /// M⁻¹ g, for the part of M that belongs to u.
  Eigen::VectorXd solve(const Eigen::VectorXd& g) const;
  /// Of the same part. Cost: 2/3 K³ flops.
  Eigen::MatrixXd inverse() const;
  double log_determinant() const;
  /// An estimate, as that of its root squared.
  double condition() const { return condition_; }

private:
  linalg::BlockCyclicMatrix root_;
  Eigen::VectorXd augmented_;
  double value_ = 0.0;
  double condition_ = 1.0;
};

}  // namespace tallfit::estimate
