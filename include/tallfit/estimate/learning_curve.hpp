/// How errors of rows that a fit has not seen fall as it sees more of the others.
#pragma once

#include <vector>

#include "tallfit/estimate/cross_validation.hpp"

namespace tallfit::estimate {

/// For each of some numbers of parts, and each part held out, the errors of the part in the fit of so many
/// others; the same on every rank.
struct LearningCurve {
  std::vector<int> numbers;                     ///< of parts that were fitted, increasing
  std::vector<double> rows;                     ///< mean number of rows that were fitted, for each number
  std::vector<std::vector<ErrorTable>> errors;  ///< [number][part]
  std::vector<double> nonzero;                  ///< mean number of coefficients that are not 0, likewise
  Index n_unconverged = 0;
};

/// Learning curve of one candidate over nested subsets of parts: while a part is held out the next ones in
/// the list are fitted, 1 of them, 2 of them, ... (compress::next_parts()).
///
/// Cost for F parts: F² merges of (2/3) K³ flops at most, and F fits for each number, over the ranks.
/// @param numbers  of parts, from 1 to the number of parts - 1, in increasing order, at least one
/// @collective over comm @throws Error{input} as cross_validate().
LearningCurve learning_curve(const compress::CompressedDesign& design,
                             const design::GroupMultipliers& multipliers, const Candidates& one,
                             const Validation& how, const std::vector<int>& numbers,
                             const comm::Communicator& comm);

}  // namespace tallfit::estimate
