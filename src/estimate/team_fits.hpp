/// Fits of several systems, spread over teams of ranks.
#pragma once

#include <map>
#include <vector>

#include "tallfit/compress/checkpoint.hpp"
#include "tallfit/compress/held_out.hpp"
#include "tallfit/estimate/candidates.hpp"

namespace tallfit::estimate {

/// Factors of training rows on the ranks that own them, and how many rows they are of.
struct OwnedFactors {
  compress::SpreadFactors spread;
  std::vector<Index> rows;  ///< of each
};

/// Fits the candidates to each factor, and leaves the fits on the factor's owner.
///
/// Where there are more ranks than factors, the ranks from one owner up to the next are a team: each gets the
/// factor and fits some of the candidates, unless these share one factorisation. What a rank does for a
/// candidate does not depend on the team, so neither do the bits. Cost beside the fits: a broadcast of K²
/// numbers in each team. @collective over comm
/// @param checkpoint  none, or where fits are saved when those to a factor are done; those of teams are not
std::map<int, CandidateFits> fit_in_teams(OwnedFactors owned, Intercept intercept,
                                          const Candidates& candidates, compress::Checkpoint* checkpoint,
                                          const comm::Communicator& comm);

}  // namespace tallfit::estimate
