/// Gaussian priors of the coefficients.
#pragma once

#include <Eigen/Core>
#include <Eigen/SparseCore>

#include <map>
#include <string>
#include <vector>

#include "tallfit/base/numeric.hpp"

namespace tallfit::estimate {

/// The penalty λ ‖L (θ - μ)‖²: that θ has the mean μ and the precision λ LᵀL, in units of the noise.
///
/// The same on every rank, K x K numbers at most: a prior that is not sparse must fit each of them.
struct Prior {
  using Rows = Eigen::SparseMatrix<double, Eigen::RowMajor>;
  Rows rows;             ///< L: any number of rows, K columns
  Eigen::VectorXd mean;  ///< μ
};

/// ‖θ‖².
Prior unit_prior(Index n);

/// What a user may say of a prior, column by column.
struct PriorWishes {
  std::map<std::string, double> column_lambda;  ///< pattern of names -> factor of λ; 0: not penalised
  std::vector<std::string> smooth;              ///< patterns of names: each a sequence, by second differences
  std::map<std::string, double> mean;           ///< name -> μ; 0 where not named
};

/// Puts a prior together: columns of a sequence in `smooth` have rows θ_{j-1} - 2 θ_j + θ_{j+1} in the order
/// of the columns; every other column has a row of its own. Both are scaled by the root of the factor of
/// their column (the middle one); of the patterns that match a name the longest counts. Local.
/// @throws Error{input} naming a pattern or a name that fits no column, a sequence of fewer than three
/// columns, or a column of two sequences.
Prior make_prior(const std::vector<std::string>& names, const PriorWishes& wishes);

}  // namespace tallfit::estimate
