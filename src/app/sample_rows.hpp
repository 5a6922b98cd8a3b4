/// What sampling does with rows, and posteriors that need them in each step.
#pragma once

#include <memory>
#include <string>

#include "rows.hpp"
#include "sample_model.hpp"

#include "tallfit/infer/row_target.hpp"

namespace tallfit::app {

/// What `sample` does with rows.
RowUse sample_use(const Config& config);

/// Chains and their memory as lines of text. Local. @throws Error{input} for wrong numbers of walkers.
std::string describe_sample(const Config& config, const PlannedRows& planned);

/// Starts at the fit with the same noise, and reads the rows once more to keep them.
/// @param checkpoint  of the fit's passes; none: nowhere
/// Cost: a robust fit, a pass, 2 N K² / P flops. @collective
/// @throws Error{resource} where the rows do not fit run.memory_per_rank.
std::unique_ptr<infer::RowTarget> make_row_target(const Config& config, const PlannedRows& planned,
                                                  const compress::CompressedDesign& design,
                                                  const Reference& reference,
                                                  compress::Checkpoint* checkpoint,
                                                  const comm::Communicator& world);

}  // namespace tallfit::app
