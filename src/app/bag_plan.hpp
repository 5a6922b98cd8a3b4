/// How a bag reads its rows, and what it takes beside the fit to all rows: for `bag` and for `plan`.
#pragma once

#include <string>

#include "rows.hpp"

#include "tallfit/infer/bag.hpp"

namespace tallfit::app {

/// What `bag` does with rows.
RowUse bag_use(const Config& config);

/// @param sums_bytes  that a rank has left for the sums of replicas
infer::BagOptions bag_options(const Config& config, Index sums_bytes);

/// Batches and bytes of the replicas as lines of text, on some ranks. Cost: one pass over the labels.
/// @collective   @throws Error{input} where nothing can be drawn, Error{resource} where no replica fits
std::string describe_bag(const Config& config, const PlannedRows& planned, int n_ranks,
                         const comm::Communicator& world);

}  // namespace tallfit::app
