/// Rows of maximal volume.
#pragma once

#include <Eigen/Core>

#include <functional>
#include <vector>

#include "tallfit/base/numeric.hpp"
#include "tallfit/comm/communicator.hpp"

namespace tallfit::infer {

/// A choice among rows that are spread over the ranks.
struct VolumeRows {
  Eigen::MatrixXd rows;  ///< n x m, a row in each column, in coordinates in which all rows have QᵀQ = I
  std::vector<Index> numbers;  ///< of the m rows: ascending, and above those of lower ranks
};

struct MaxVolOptions {
  double tolerance = 0.01;
  Index most_swaps = 10000;
  /// More rows than n are added until this holds of those chosen so far; empty: n rows.
  std::function<bool(const std::vector<Index>& numbers)> is_enough = {};
};

/// The same on every rank, but for the grades.
struct MaxVol {
  std::vector<Index> numbers;  ///< of the chosen rows: n of a square set first, then those that were added
  Eigen::MatrixXd chosen;      ///< n x numbers.size()
  Index swaps = 0;
  double largest = 1.0;    ///< |C_ij| of the square set over all rows
  Eigen::VectorXd grades;  ///< of my rows: the largest |C_ij| of each, where the set was square
};

/// n rows B of (nearly) the largest |det B|, and more if asked for.
///
/// Every row is a combination x = Bᵀ c of the chosen ones: no coefficient |c_j| is above 1 + tolerance, since
/// putting the row in place of the j-th one would multiply the volume by |c_j|. Starts from rows by pivoted
/// orthogonalisation, then swaps; coefficients are made anew from B every n swaps. Rows beyond n are those of
/// the largest a (BᵀB)⁻¹ aᵀ: rectangular maxvol. Of equal values the lowest number is taken.
///
/// Cost: 4 n² m flops for the start, 2 n m a swap, 4 n m an added row; a step sends one number of each rank
/// and the n numbers of a row to all. Memory: 2 n m numbers. The bits do not depend on the number of ranks.
/// @collective
/// @throws Error{input} where the rows do not span n directions, or there are too few of them.
/// @throws Error{numerical} where the swaps do not end.
/// @see Goreinov et al., in Matrix Methods (2010) 247; Mikhalev and Oseledets, LAA 538 (2018) 187
MaxVol maxvol(const VolumeRows& of, const MaxVolOptions& options, const comm::Communicator& comm);

}  // namespace tallfit::infer
