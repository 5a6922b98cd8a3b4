/// What cross-validation and learning curves share: errors of what was held out.
#pragma once

#include <vector>

#include "tallfit/compress/held_out.hpp"
#include "tallfit/estimate/candidates.hpp"
#include "tallfit/estimate/metrics.hpp"

namespace tallfit::estimate {

/// A design with its weights, and the parts of its training rows.
struct PartedDesign {
  const compress::CompressedDesign& design;
  const design::GroupMultipliers& multipliers;
  compress::HeldOut by;
  std::vector<int> parts;  ///< folds or groups, by number
  Intercept intercept;
};

/// Finds the parts. @collective @throws Error{input} as held_out_parts(), and for fewer than two parts.
std::vector<int> require_parts(const compress::CompressedDesign& design,
                               const design::GroupMultipliers& multipliers, compress::HeldOut by,
                               const comm::Communicator& comm);

/// Training rows of each part of the list.
std::vector<Index> rows_of_parts(const PartedDesign& parted);

/// Fits of a factor of some training rows on this rank. Local.
CandidateFits fit_factor(const compress::Factor& factor, Index n_rows, Intercept intercept,
                         const Candidates& candidates);

/// Errors of a part, by its place in the list, in each of the fits, which rank @p owner has. Elsewhere
/// the fits become those of the owner. @collective
std::vector<ErrorTable> errors_of_part(const PartedDesign& parted, std::size_t part, CandidateFits& fits,
                                       Index n_candidates, int owner, const comm::Communicator& comm);

}  // namespace tallfit::estimate
