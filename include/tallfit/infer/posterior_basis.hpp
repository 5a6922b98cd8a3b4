/// Coordinates in which a Gaussian posterior of coefficients is N(0, I).
#pragma once

#include <Eigen/Core>

#include <string>
#include <vector>

#include "tallfit/infer/log_density.hpp"

namespace tallfit::infer {

/// Coefficients θ, and after them the intercept where there is one: x = centre + root u.
struct PosteriorBasis {
  Eigen::VectorXd centre;  ///< p
  Eigen::MatrixXd root;    ///< p x p, upper triangular
  std::vector<std::string> names;
  bool has_intercept = false;

  Index size() const { return centre.size(); }
  Index n_coefficients() const { return size() - (has_intercept ? 1 : 0); }
  /// x of each column u. Cost: p² flops a column.
  Eigen::MatrixXd coefficients(const Eigen::Ref<const Eigen::MatrixXd>& u) const;
  /// "coefficients", and "intercept".
  std::vector<ParameterBlock> blocks() const;
};

/// The coordinates of min ‖F x̃‖, x̃ = [x; -1]: centre is the minimiser, root the inverse of the factor of F
/// without its last column. Cost: 2 p² (rows + p / 3) flops. Local.
///
/// @param rows   F: rows x (p + 1), in units of the noise
/// @param names  of the p - has_intercept coefficients
/// @throws Error{input} where columns depend on each other to within @p rcond: the posterior is improper.
PosteriorBasis posterior_basis(const Eigen::MatrixXd& rows, std::vector<std::string> names,
                               bool has_intercept, double rcond);

}  // namespace tallfit::infer
