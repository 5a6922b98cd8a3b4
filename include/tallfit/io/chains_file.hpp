/// The draws of a sampler: chains.nc and summary.csv.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tallfit/infer/sample.hpp"

namespace tallfit::io {

/// Writes netCDF-4 in the layout of ArviZ' InferenceData: groups `posterior` (a variable for each block of
/// parameters), `sample_stats` (lp, acceptance_rate, n_steps, diverging) and, where it is known,
/// `log_likelihood` (target: of the data as a whole, or of its parts), dimensions chain and draw and, where a
/// block has labels, theirs. Local. @throws Error{resource} when the disk is full.
/// @param attributes  of the root: names and texts
void write_chains(const std::string& path, const infer::Chains& chains,
                  const std::vector<std::pair<std::string, std::string>>& attributes);

/// summary.csv: name,mean,sd,mcse_mean,q5,q50,q95,ess_bulk,ess_tail,r_hat,autocorrelation_time.
std::string summary_csv(const std::vector<infer::ParameterSummary>& summary);

}  // namespace tallfit::io
